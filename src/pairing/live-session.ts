import { type Clock, type EndReason, LatchkeyError, type SessionId, type Timer } from '../base/index.ts';
import type { Session } from './sessions.ts';
import { samePair, VerifiedPair } from './verified-pair.ts';

/**
 * A session of the table, which is told through `left` when it ends. Its pair can't be exchanged but by `extend`, which is told
 * through `paired`.
 */
export class LiveSession implements Session {
  readonly id: SessionId;
  readonly startedAtMs: number;
  readonly #clock: Clock;
  readonly #latestEndMs: number;
  readonly #left: (session: Session) => void;
  readonly #paired: (session: Session) => void;
  readonly #controller = new AbortController();
  #pair: VerifiedPair;
  #timer: Timer | undefined;

  constructor(
    id: SessionId,
    pair: VerifiedPair,
    lifetimeMsMax: number,
    clock: Clock,
    left: (session: Session) => void,
    paired: (session: Session) => void,
  ) {
    this.id = id;
    this.startedAtMs = clock.now();
    this.#clock = clock;
    this.#latestEndMs = this.startedAtMs + lifetimeMsMax;
    this.#left = left;
    this.#paired = paired;
    this.#pair = pair;
    this.#arm();
    Object.freeze(this);
  }

  get pair(): VerifiedPair {
    return this.#pair;
  }

  get expiresAtMs(): number {
    return Math.min(this.#pair.expiresAtMs, this.#latestEndMs);
  }

  get ended(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether its time is not over yet. A timer may be late, as after a machine's sleep: then this ends the session. */
  inForce(): boolean {
    if (!(this.expiresAtMs > this.#clock.now())) this.end('expired');
    return !this.ended.aborted;
  }

  end(reason: EndReason): void {
    if (this.ended.aborted) return;
    this.#timer?.cancel();
    this.#left(this);
    this.#controller.abort(reason);
  }

  extend(fresh: VerifiedPair): void {
    if (!VerifiedPair.is(fresh) || !samePair(fresh, this.#pair)) throw new LatchkeyError('not-allowed', 'another pair');
    if (!(fresh.expiresAtMs > this.#clock.now())) throw new LatchkeyError('not-allowed', 'expired pair');
    if (!this.inForce()) throw new LatchkeyError('peer-gone');
    this.#timer?.cancel();
    this.#pair = fresh;
    this.#arm();
    this.#paired(this);
  }

  /** The end may lie further away than one timer of the platform can. */
  #arm(): void {
    const restMs = this.expiresAtMs - this.#clock.now();
    this.#timer = this.#clock.after(Math.min(restMs, timerMsMax), () => {
      if (this.inForce()) this.#arm();
    });
  }
}

const timerMsMax = 2 ** 31 - 1;
