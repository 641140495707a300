import { randomUUID } from 'node:crypto';
import { type Clock, type DeviceId, type ErrorCode, limits, type SubjectId, type Timer } from '../base/index.ts';
import type { Trail } from '../pairing/index.ts';
import type { Head } from './heads.ts';
import { HeadSigner } from './heads.ts';
import { type OperatorAct, operatorRecord } from './operator-act.ts';
import { askInThread } from './questions.ts';
import type { StartScribe } from './scribe-link.ts';
import { inScribeThread } from './scribe-link.ts';
import type { StorePlace } from './store.ts';
import { LiveTrail } from './trail.ts';
import type { Verdict } from './verify.ts';
import type { Answer } from './viewings.ts';
import { Writer, type WriterObserver } from './writer.ts';

export interface AuditSettings {
  /** Whether nothing begins that cannot be put on record. */
  readonly required: boolean;
  /** After how long names are dropped, and whole records, in milliseconds; never, where undefined. */
  readonly namesMsMax: number | undefined;
  readonly recordsMsMax: number | undefined;
  /** What runs. */
  readonly version: string;
}

/** The hash-chained record of who saw what. */
export interface AuditLog {
  /** What signaling and pairing put live views on record with. */
  readonly trail: Trail;
  /** Whether it can be written at present. */
  readonly writable: boolean;
  /** Records that are not written yet. */
  readonly pending: number;
  /** The end of the chain, to be written down elsewhere: a number, a colon and a hash. */
  readonly head: string;
  /**
   * An operator's act, or a refused attempt. Resolves once it is written for good; rejects with `audit-unavailable` where it cannot be now,
   * and it is written later if that is still possible. Each text is cut at `limits.auditTextCharactersMax`.
   */
  operatorActed(act: OperatorAct): Promise<void>;
  /** Somebody was refused who could not say who they are. */
  strangerRefused(code: ErrorCode): void;
  /** Who saw a camera between two times, in milliseconds since the epoch, and who was refused. Rejects with `audit-unavailable`. */
  whoSaw(device: DeviceId, fromMs: number, toMs: number): Promise<Answer>;
  /** What a person saw. */
  whatSaw(subject: SubjectId, fromMs: number, toMs: number): Promise<Answer>;
  /** Whether the record is whole; `wanted`: heads that were written down elsewhere. */
  verify(wanted?: readonly Head[]): Promise<Verdict>;
  /** Writes what waits, and ends. */
  close(): Promise<void>;
}

export interface AuditPowers {
  readonly clock: Clock;
  /** How a scribe is started; in a thread of its own unless told otherwise. */
  readonly startScribe?: StartScribe;
}

/** Opens the record and takes down what a run left open that was killed. Rejects with `settings-invalid` where it cannot be had. */
export async function openAuditLog(
  place: StorePlace,
  settings: AuditSettings,
  { clock, startScribe = inScribeThread }: AuditPowers,
  observer: WriterObserver = {},
): Promise<AuditLog> {
  const run = randomUUID();
  const { required, ...rest } = settings;
  let trail: LiveTrail | undefined;
  const scribe = { place, run, runsHere: [], startedAtMs: clock.now(), ...rest };
  const writer = new Writer(scribe, startScribe, clock, () => trail?.figures() ?? [], observer);
  trail = new LiveTrail(writer, clock, required);
  await writer.ready;
  return new RunningAudit(place, writer, trail, clock, observer);
}

class RunningAudit implements AuditLog {
  readonly trail: LiveTrail;
  readonly #place: StorePlace;
  readonly #publicKey: string;
  readonly #writer: Writer;
  readonly #clock: Clock;
  readonly #observer: WriterObserver;
  readonly #timers: Timer[] = [];

  constructor(place: StorePlace, writer: Writer, trail: LiveTrail, clock: Clock, observer: WriterObserver) {
    this.#place = place;
    this.#publicKey = new HeadSigner(place.key).publicKey;
    this.#writer = writer;
    this.trail = trail;
    this.#clock = clock;
    this.#observer = observer;
    this.#every(limits.auditHeadToldMs, () => observer.head?.(this.head));
    this.#every(limits.auditRetentionLookMs, () => writer.retain());
    writer.retain();
  }

  get writable(): boolean {
    return this.#writer.writable;
  }

  get pending(): number {
    return this.#writer.pending;
  }

  get head(): string {
    return this.#writer.head;
  }

  operatorActed(act: OperatorAct): Promise<void> {
    return this.#writer.append(operatorRecord(act, this.#clock.now()), 'kept').written;
  }

  strangerRefused(code: ErrorCode): void {
    this.trail.refusals.stranger(code);
  }

  whoSaw(device: DeviceId, fromMs: number, toMs: number): Promise<Answer> {
    return askInThread({ kind: 'saw', file: this.#place.file, part: 'device', name: device, fromMs, toMs });
  }

  whatSaw(subject: SubjectId, fromMs: number, toMs: number): Promise<Answer> {
    return askInThread({ kind: 'saw', file: this.#place.file, part: 'subject', name: subject, fromMs, toMs });
  }

  verify(wanted: readonly Head[] = []): Promise<Verdict> {
    const { file, anchorFile } = this.#place;
    return askInThread({ kind: 'verify', place: { file, anchorFile, publicKey: this.#publicKey }, wanted });
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    this.trail.refusals.flush();
    await this.#writer.close();
    this.#observer.head?.(this.head);
  }

  #every(ms: number, run: () => void): void {
    const at = this.#timers.length;
    const again = () => {
      this.#timers[at] = this.#clock.after(ms, () => {
        again();
        run();
      });
    };
    again();
  }
}
