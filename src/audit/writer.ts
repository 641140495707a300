import { type Clock, LatchkeyError, limits, type Timer } from '../base/index.ts';
import type { FromScribe, ScribeSettings, SignOfLife } from './messages.ts';
import { type NewRecord, newRecord, type RecordKind } from './records.ts';
import { runsHere } from './runs.ts';
import type { ScribeLink, StartScribe } from './scribe-link.ts';

/** What the record has to tell. Every value is from a closed set, or a number. */
export interface WriterObserver {
  recorded?(kind: RecordKind): void;
  /** A commit took that long, in milliseconds. */
  committed?(ms: number): void;
  /** The record could not be written, and what the system said about it. */
  failed?(why: string): void;
  /** Whether it can be written has changed. */
  writable?(now: boolean): void;
  /** Live views of an earlier run that was killed have no end but the time by which they were over. */
  lost?(sessions: number): void;
  /** The record is not what it was when it was last written: it was edited, put back or taken away. */
  broken?(): void;
  /** The head of the chain, to be kept elsewhere. */
  head?(text: string): void;
}

/** A record on its way. */
export interface Entry {
  /** Resolves when it is written for good; rejects with `audit-unavailable` where nobody can say so in time. */
  readonly written: Promise<void>;
  /** It will never be in the chain; that it is missing will be. */
  readonly dropped: boolean;
}

/**
 * `now`: somebody waits for it, and where it cannot be written now it shall not be. `kept`: it is written some day, and waits for that.
 * `end`: the same, and it has a place where the others have none any more.
 */
export type Urgency = 'now' | 'kept' | 'end';

interface Item extends Entry {
  readonly record: NewRecord;
  readonly urgency: Urgency;
  readonly settle: { resolve(): void; reject(error: LatchkeyError): void };
  dropped: boolean;
}

/** What a gap can speak of: records that are missing, and what did not begin because it could not be put on record. */
type Missing = RecordKind | 'not-begun';

interface Flight {
  readonly number: number;
  readonly items: readonly Item[];
  /** What it says was lost before it. */
  readonly gap: ReadonlyMap<Missing, number>;
  readonly late: Timer;
}

/** Brings records to the scribe, many at a time, and in the order in which they came. Nobody waits for a disk but who asks to. */
export class Writer {
  readonly #settings: ScribeSettings;
  readonly #start: StartScribe;
  readonly #clock: Clock;
  readonly #observer: WriterObserver;
  readonly #figures: () => SignOfLife['figures'];
  readonly #ready = Promise.withResolvers<void>();
  #queue: Item[] = [];
  #flight: Flight | undefined;
  #lost = new Map<Missing, number>();
  #lostSinceMs = 0;
  #link: ScribeLink | undefined;
  #isReady = false;
  #writable = false;
  #closing = false;
  #resting: Timer | undefined;
  #beat: Timer | undefined;
  #number = 0;
  #served = false;
  #head = '';
  #drained: (() => void) | undefined;

  constructor(
    settings: ScribeSettings,
    start: StartScribe,
    clock: Clock,
    figures: () => SignOfLife['figures'],
    observer: WriterObserver = {},
  ) {
    this.#settings = settings;
    this.#start = start;
    this.#clock = clock;
    this.#figures = figures;
    this.#observer = observer;
    runsHere.add(settings.run);
    this.#begin();
  }

  /** Resolves when the record is open; rejects when it cannot be. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get writable(): boolean {
    return this.#writable;
  }

  /** Records that are not written yet. */
  get pending(): number {
    return this.#queue.length + (this.#flight?.items.length ?? 0);
  }

  get head(): string {
    return this.#head;
  }

  append(record: NewRecord, urgency: Urgency): Entry {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Most records have nobody who waits for them.
    promise.catch(() => {});
    const item: Item = { record, urgency, settle: { resolve, reject }, written: promise, dropped: false };
    if (this.#hasRoomFor(urgency)) {
      this.#queue.push(item);
      if (!this.#writable) item.settle.reject(new LatchkeyError('audit-unavailable'));
      this.#next();
    } else this.#drop(item);
    return item;
  }

  /** Has old names and records go. */
  retain(): void {
    if (this.#isReady) this.#link?.post({ kind: 'retain', atMs: this.#clock.now() });
  }

  /** Writes what waits, if it can be written, and ends. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#beat?.cancel();
    const late = Promise.withResolvers<void>();
    const timer = this.#clock.after(limits.auditStopMsMax, late.resolve);
    if (this.pending > 0 && this.#writable) {
      const drained = new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
      await Promise.race([drained, late.promise]);
    }
    this.#resting?.cancel();
    this.#flight?.late.cancel();
    if (this.#isReady) this.#link?.post({ kind: 'close', atMs: this.#clock.now() });
    await Promise.race([this.#link?.gone, late.promise]);
    timer.cancel();
    this.#link?.destroy();
    for (const item of this.#queue.splice(0)) this.#drop(item);
    runsHere.delete(this.#settings.run);
  }

  #hasRoomFor(urgency: Urgency): boolean {
    if (this.#closing && urgency === 'now') return false;
    if (urgency === 'now' && !this.#writable) return false;
    const max = urgency === 'end' ? limits.auditPendingMax : limits.auditPendingMax - limits.sessionsMax;
    return this.pending < max;
  }

  #begin(): void {
    const settings = { ...this.#settings, runsHere: [...runsHere] };
    this.#link = this.#start(settings, {
      message: (message) => this.#take(message),
      died: (error) => this.#died(error),
    });
  }

  #take(message: FromScribe): void {
    switch (message.kind) {
      case 'ready':
        this.#opened(message);
        return;
      case 'written':
        if (message.number === this.#flight?.number) this.#written(message.head, message.ms);
        return;
      case 'failed':
        if (message.number === this.#flight?.number) this.#failed(message.why, false);
        return;
      case 'retained':
        if (message.why !== undefined) this.#observer.failed?.(message.why);
    }
  }

  #opened({ batch, head, lost, broken }: Extract<FromScribe, { kind: 'ready' }>): void {
    this.#isReady = true;
    this.#served = true;
    if (lost > 0) this.#observer.lost?.(lost);
    if (broken) this.#observer.broken?.();
    const flight = this.#flight;
    // The thread before this one died after it had written, and could not say so.
    if (flight !== undefined && batch === flight.number) this.#written(head, 0);
    else if (flight !== undefined) this.#putBack(flight);
    this.#head = head;
    this.#setWritable(true);
    this.#ready.resolve();
    this.#beatLater();
    this.#next();
  }

  #next(): void {
    if (!this.#isReady || this.#flight !== undefined || this.#resting !== undefined) return;
    if (this.#queue.length === 0 && this.#lost.size === 0) {
      this.#drained?.();
      return;
    }
    this.#send(this.#queue.splice(0, limits.auditBatchRecordsMax), []);
  }

  #send(items: readonly Item[], figures: SignOfLife['figures']): void {
    const gap = this.#lost;
    const gaps = gap.size === 0 ? [] : [this.#gapRecord(gap)];
    this.#lost = new Map();
    const number = ++this.#number;
    const late = this.#clock.after(limits.auditCommitMsMax, () => this.#late());
    this.#flight = { number, items, gap, late };
    const records = [...gaps, ...items.map(({ record }) => record)];
    this.#link?.post({ kind: 'write', batch: { number, records, alive: { atMs: this.#clock.now(), figures } } });
  }

  #gapRecord(gap: ReadonlyMap<Missing, number>): NewRecord {
    return newRecord('gap', this.#clock.now(), { sinceMs: this.#lostSinceMs, missing: Object.fromEntries(gap) });
  }

  #written(head: string, ms: number): void {
    const flight = this.#land();
    this.#head = head;
    for (const { record, settle } of flight?.items ?? []) {
      this.#observer.recorded?.(record.kind);
      settle.resolve();
    }
    if (flight !== undefined && flight.gap.size > 0) this.#observer.recorded?.('gap');
    this.#observer.committed?.(ms);
    this.#setWritable(true);
    this.#next();
  }

  /** Who waits is refused; what is kept waits on. `unknown`: it may have been written all the same. */
  #failed(why: string, unknown: boolean): void {
    const flight = unknown ? this.#flight : this.#land();
    this.#observer.failed?.(why);
    this.#setWritable(false);
    if (flight !== undefined && !unknown) this.#putBack(flight);
    for (const { settle } of flight?.items ?? []) settle.reject(new LatchkeyError('audit-unavailable'));
    this.#refuseThoseWhoWait();
    this.#drained?.();
    if (unknown) return;
    this.#resting ??= this.#clock.after(limits.auditRetryMs, () => {
      this.#resting = undefined;
      if (this.#isReady && this.#flight === undefined)
        this.#send(this.#queue.splice(0, limits.auditBatchRecordsMax), []);
    });
  }

  #late(): void {
    this.#failed(`no commit within ${limits.auditCommitMsMax} ms`, true);
  }

  /** A thread that died may have written what it had: what is in flight stays there until the next one says. */
  #died(error: Error): void {
    this.#isReady = false;
    this.#link = undefined;
    if (!this.#served) {
      runsHere.delete(this.#settings.run);
      this.#ready.reject(error);
      return;
    }
    this.#failed(error.message, true);
    if (!this.#closing) this.#clock.after(limits.auditRetryMs, () => !this.#closing && this.#begin());
  }

  #land(): Flight | undefined {
    const flight = this.#flight;
    this.#flight = undefined;
    flight?.late.cancel();
    return flight;
  }

  /** What was not written goes to the front again, but for what somebody waited for who has been refused. */
  #putBack(flight: Flight): void {
    this.#land();
    for (const [kind, count] of flight.gap) this.#count(kind, count);
    const kept = flight.items.filter((item) => item.urgency !== 'now' || !this.#drop(item));
    this.#queue = [...kept, ...this.#queue];
  }

  #refuseThoseWhoWait(): void {
    this.#queue = this.#queue.filter((item) => item.urgency !== 'now' || !this.#drop(item));
    for (const { settle } of this.#queue) settle.reject(new LatchkeyError('audit-unavailable'));
  }

  #drop(item: Item): true {
    item.dropped = true;
    item.settle.reject(new LatchkeyError('audit-unavailable'));
    this.#count(item.urgency === 'now' ? 'not-begun' : item.record.kind, 1);
    return true;
  }

  #count(kind: Missing, count: number): void {
    if (this.#lost.size === 0) this.#lostSinceMs = this.#clock.now();
    this.#lost.set(kind, (this.#lost.get(kind) ?? 0) + count);
  }

  /** Each second it is written that the relay lives; and so a record that cannot be written is known before anybody asks for it. */
  #beatLater(): void {
    this.#beat?.cancel();
    this.#beat = this.#clock.after(limits.auditAliveMs, () => {
      if (this.#closing) return;
      if (this.#isReady && this.#flight === undefined && this.#resting === undefined) {
        this.#send(this.#queue.splice(0, limits.auditBatchRecordsMax), this.#figures());
      }
      this.#beatLater();
    });
  }

  #setWritable(now: boolean): void {
    if (this.#writable === now) return;
    this.#writable = now;
    this.#observer.writable?.(now);
  }
}
