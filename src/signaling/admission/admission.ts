import { createHash } from 'node:crypto';
import {
  type Clock,
  type DeviceId,
  isLoopback,
  isOver,
  LatchkeyError,
  LazyTimer,
  limits,
  networkOf,
  type RandomSource,
  type Redacted,
} from '../../base/index.ts';
import type { Lane } from './lane.ts';
import { type MinuteBounds, RateTable } from './rate-table.ts';
import { type Away, type AwayReason, type Turn, Turns, type TurnsSettings, type Visit } from './turns.ts';

export interface AdmissionSettings extends TurnsSettings {
  /** Above that the event loop is late, and takes no tokens of cameras; above twice as much none of viewers. In milliseconds. */
  readonly lagMsMax: number;
  /** What one address may try, and may fail at; undefined: everything. Loopback may. */
  readonly attempts: MinuteBounds | undefined;
  readonly failures: MinuteBounds | undefined;
  /** How often one device may register; undefined: always. */
  readonly registrations: MinuteBounds | undefined;
}

export interface AdmissionPowers {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** How late the event loop is, in milliseconds. Undefined: never. */
  readonly lagMs?: (() => number) | undefined;
}

/** Why a request was not let in. `attempts`, `failures`, `registrations`: its address or its device has had too many. */
export type NotAdmitted = AwayReason | 'attempts' | 'failures' | 'registrations';

export interface AdmissionObserver {
  notAdmitted?(lane: Lane, reason: NotAdmitted): void;
  /** A verification began, that long after it was asked for. */
  admitted?(lane: Lane, waitedMs: number): void;
}

export interface Visitor {
  readonly lane: Lane;
  readonly address: string;
  /** It is connected and has proved who it is. */
  readonly known: boolean;
  /** Aborted when it goes away: it waits no more. */
  readonly gone: AbortSignal | undefined;
}

/** What can be seen of it at a moment. */
export interface AdmissionReadings {
  readonly inFlight: number;
  readonly waiting: Readonly<Record<Lane, number>>;
  readonly servedPerSecond: Readonly<Record<Lane, number>>;
  /** How far ahead those who were sent away have been told to come back, in seconds. */
  readonly rampSeconds: Readonly<Record<Lane, number>>;
}

interface Waiter {
  begin(): void;
  sendAway(error: LatchkeyError): void;
}

/**
 * What lets requests in: each is counted against its address and the event loop, and what has to be verified waits for its turn. It knows no
 * proof and gives none; who is let in has gained a turn and nothing else.
 */
export class Admission {
  #settings: AdmissionSettings;
  readonly #powers: AdmissionPowers;
  readonly #observer: AdmissionObserver;
  readonly #turns: Turns;
  readonly #waiters = new Map<Turn, Waiter>();
  /** When the work of those in a slot began, and of those that lag, in its order. */
  readonly #running = new Map<Turn, number>();
  readonly #lagging = new Map<Turn, number>();
  /** What ends the wait for work that is not done. */
  readonly #giveUps = new Map<Turn, (error: LatchkeyError) => void>();
  readonly #lateTimer: LazyTimer;
  readonly #workTimer: LazyTimer;
  #attempts: RateTable | undefined;
  #failures: RateTable | undefined;
  #registrations: RateTable | undefined;

  constructor(settings: AdmissionSettings, powers: AdmissionPowers, observer: AdmissionObserver = {}) {
    const { clock } = powers;
    this.#settings = settings;
    this.#powers = powers;
    this.#observer = observer;
    this.#turns = new Turns(settings, powers.random);
    this.#lateTimer = new LazyTimer(clock, () => this.#sendLateAway());
    this.#workTimer = new LazyTimer(clock, () => this.#worked());
    this.#attempts = this.#table(settings.attempts, limits.addressesRatedMax);
    this.#failures = this.#table(settings.failures, limits.addressesRatedMax);
    this.#registrations = this.#table(settings.registrations, limits.devicesRatedMax);
  }

  /** Goes on by other bounds. Who waits keeps its place; a rate whose bounds have changed counts anew. */
  useSettings(settings: AdmissionSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    this.#turns.useSettings(settings);
    const { attempts, failures, registrations } = settings;
    if (!isSameRate(before.attempts, attempts)) this.#attempts = this.#table(attempts, limits.addressesRatedMax);
    if (!isSameRate(before.failures, failures)) this.#failures = this.#table(failures, limits.addressesRatedMax);
    if (!isSameRate(before.registrations, registrations))
      this.#registrations = this.#table(registrations, limits.devicesRatedMax);
    this.#begin();
  }

  get readings(): AdmissionReadings {
    const turns = this.#turns;
    const nowMs = this.#powers.clock.now();
    const each = (read: (lane: Lane) => number) => ({ viewer: read('viewer'), camera: read('camera') });
    return {
      inFlight: turns.running + turns.lagging,
      waiting: each((lane) => turns.waiting(lane)),
      servedPerSecond: each((lane) => turns.perSecond(lane, nowMs)),
      rampSeconds: each((lane) => turns.leadMs(lane, nowMs) / 1000),
    };
  }

  /**
   * Counts a request before anything is done for it, whatever it brings. Throws `rate-exceeded` for an address that has had too many, or too
   * many that failed, and `overloaded` while the event loop is behind; both say when to come back.
   */
  arrive(lane: Lane, address: string, token?: Redacted<string>): void {
    this.count(lane, address);
    this.demandCalm(lane, token);
  }

  /** The first part of `arrive`: throws `rate-exceeded` for the address. */
  count(lane: Lane, address: string): void {
    if (isLoopback(address)) return;
    const network = networkOf(address);
    if (this.#attempts?.take(network) === false) throw this.#slowDown(lane, 'attempts', this.#attempts.waitMs(network));
    const failedMs = this.#failures?.waitMs(network) ?? 0;
    if (failedMs > 0) throw this.#slowDown(lane, 'failures', failedMs);
  }

  /** Something came from an address that was not good. */
  failed(address: string): void {
    if (!isLoopback(address)) this.#failures?.take(networkOf(address));
  }

  /**
   * The second part: throws `overloaded` while the event loop is behind. Not for whoever has shown a good reconnect ticket: to send it away
   * costs as much as to let it in, and then it comes again.
   */
  demandCalm(lane: Lane, token?: Redacted<string>): void {
    if ((this.#powers.lagMs?.() ?? 0) > this.#settings.lagMsMax * lagShares[lane])
      throw this.#away('lag', { lane, claim: claimOf(token), known: false });
  }

  /**
   * Does `work`, which verifies `token`, when its turn comes. Throws what the work throws, and `overloaded` where it has no turn, or is not done
   * `limits.verificationMsMax` after it began: with the time to come back, which is kept for that token. What fails is counted against the address.
   */
  async verify<T>(visitor: Visitor, token: Redacted<string>, work: () => Promise<T>): Promise<T> {
    const turn = this.#enter({ lane: visitor.lane, claim: claimOf(token), known: visitor.known }, visitor.gone);
    if (!this.#running.has(turn)) await this.#begun(turn, visitor.gone);
    try {
      return await this.#inTime(turn, work());
    } catch (thrown) {
      const failed = thrown instanceof LatchkeyError && thrown.entry.http === 401;
      if (failed) this.failed(visitor.address);
      throw thrown;
    } finally {
      this.#end(turn);
    }
  }

  /** Whether a device may register now. Throws `rate-exceeded`. */
  demandRegistration(device: DeviceId): void {
    const waitMs = this.#registrations?.waitMs(device) ?? 0;
    if (waitMs > 0) throw this.#slowDown('camera', 'registrations', waitMs);
  }

  /** Counts a registration. Throws `rate-exceeded` where the device has had too many. */
  register(device: DeviceId): void {
    if (this.#registrations?.take(device) === false) {
      throw this.#slowDown('camera', 'registrations', this.#registrations.waitMs(device));
    }
  }

  /** A refusal for want of places that no verification takes: some are free again when those who hold them had their time to register. */
  comeBack(): LatchkeyError {
    return comeBackIn('overloaded', this.#powers.random.fraction() * limits.registerMsMax);
  }

  #table(bounds: MinuteBounds | undefined, keysMax: number): RateTable | undefined {
    return bounds === undefined ? undefined : new RateTable(this.#powers.clock, bounds, keysMax);
  }

  #enter(visit: Visit, gone: AbortSignal | undefined): Turn {
    if (gone?.aborted) throw new LatchkeyError('peer-gone');
    const entered = this.#turns.enter(visit, this.#now());
    if ('away' in entered) throw this.#refusal(entered, visit.lane);
    this.#begin();
    return entered;
  }

  /** Resolves when its turn has come. Rejects with `overloaded` when it does not come in time, and `peer-gone`. */
  #begun(turn: Turn, gone: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = () => {
      this.#waiters.delete(turn);
      this.#end(turn);
      reject(new LatchkeyError('peer-gone'));
    };
    gone?.addEventListener('abort', leave);
    const settled = () => gone?.removeEventListener('abort', leave);
    this.#waiters.set(turn, {
      begin: () => {
        settled();
        resolve();
      },
      sendAway: (error) => {
        settled();
        reject(error);
      },
    });
    return promise;
  }

  /** Begins as much as there are slots for. */
  #begin(): void {
    const nowMs = this.#now();
    for (;;) {
      const turn = this.#turns.next(nowMs);
      if (turn === undefined) break;
      this.#running.set(turn, nowMs);
      this.#observer.admitted?.(turn.visit.lane, nowMs - turn.sinceMs);
      this.#waiters.get(turn)?.begin();
      this.#waiters.delete(turn);
    }
    this.#setTimers();
  }

  /** What comes of its work, unless it is given up before: what comes of it then goes nowhere. */
  #inTime<T>(turn: Turn, work: Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#giveUps.set(turn, reject);
    work.then(resolve, reject);
    return promise;
  }

  #end(turn: Turn): void {
    const nowMs = this.#now();
    this.#running.delete(turn);
    this.#lagging.delete(turn);
    this.#giveUps.delete(turn);
    this.#turns.end(turn, nowMs);
    this.#freeSlots(nowMs);
    this.#begin();
  }

  /** A timer that is set already is left as it is, unless nothing is left to wait for: it looks anew when it runs. */
  #setTimers(): void {
    this.#workTimer.keep(this.#nextWorkMs());
    const since = this.#turns.oldest.map((turn) => turn.sinceMs);
    this.#lateTimer.keep(since.length === 0 ? undefined : Math.min(...since) + limits.admissionWaitMsMax);
  }

  /** When the next one has had its time in a slot, or all its time. */
  #nextWorkMs(): number | undefined {
    const [lagging] = this.#lagging.values();
    const [running] = this.#running.values();
    if (running !== undefined && this.#turns.mayLag) {
      const slotEndsMs = running + limits.verificationSlotMsMax;
      return lagging === undefined ? slotEndsMs : Math.min(slotEndsMs, lagging + limits.verificationMsMax);
    }
    const oldest = lagging ?? running;
    return oldest === undefined ? undefined : oldest + limits.verificationMsMax;
  }

  #worked(): void {
    const nowMs = this.#now();
    this.#freeSlots(nowMs);
    const begun = [...this.#lagging, ...this.#running];
    for (const [turn, startedMs] of begun) {
      if (!isOver(nowMs, startedMs, limits.verificationMsMax)) break;
      const giveUp = this.#giveUps.get(turn);
      this.#end(turn);
      giveUp?.(this.#away('unfinished', turn.visit));
    }
    this.#begin();
  }

  /** Whose work has had its time in a slot leaves it to another, while there are not too many of them. */
  #freeSlots(nowMs: number): void {
    for (const [turn, startedMs] of this.#running) {
      if (!isOver(nowMs, startedMs, limits.verificationSlotMsMax) || !this.#turns.lag(turn)) return;
      this.#running.delete(turn);
      this.#lagging.set(turn, startedMs);
    }
  }

  #sendLateAway(): void {
    const nowMs = this.#now();
    for (;;) {
      const late = this.#turns.oldest.find((turn) => isOver(nowMs, turn.sinceMs, limits.admissionWaitMsMax));
      if (late === undefined) break;
      this.#turns.end(late, nowMs);
      const waiter = this.#waiters.get(late);
      this.#waiters.delete(late);
      waiter?.sendAway(this.#away('late', late.visit));
    }
    this.#begin();
  }

  #away(reason: AwayReason, visit: Visit): LatchkeyError {
    return this.#refusal(this.#turns.away(reason, visit, this.#now()), visit.lane);
  }

  #refusal({ away, waitMs }: Away, lane: Lane): LatchkeyError {
    this.#observer.notAdmitted?.(lane, away);
    return comeBackIn('overloaded', waitMs);
  }

  /** Those of one address are spread over a while, so that they do not come back together. */
  #slowDown(lane: Lane, reason: NotAdmitted, waitMs: number): LatchkeyError {
    this.#observer.notAdmitted?.(lane, reason);
    return comeBackIn('rate-exceeded', waitMs + this.#powers.random.fraction() * limits.rateRetryMsMax);
  }

  #now(): number {
    return this.#powers.clock.now();
  }
}

/** How many times `lagMsMax` the event loop may be late before they are refused. */
const lagShares = { camera: 1, viewer: 2 };

function isSameRate(one: MinuteBounds | undefined, other: MinuteBounds | undefined): boolean {
  return one?.perMinute === other?.perMinute && one?.burst === other?.burst;
}

/** In whole seconds, as HTTP counts them (RFC 9110 section 10.2.3), and never none. */
function comeBackIn(code: 'overloaded' | 'rate-exceeded', waitMs: number): LatchkeyError {
  return new LatchkeyError(code, undefined, { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) });
}

/** A token's own number: who has not the token cannot come in its place. */
function claimOf(token: Redacted<string> | undefined): number | undefined {
  if (token === undefined) return undefined;
  return createHash('sha256').update(token.reveal()).digest().readUInt32LE() >>> 1;
}
