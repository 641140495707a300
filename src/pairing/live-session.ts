import { type Clock, type EndReason, LatchkeyError, type SessionId, type Timer } from '../base/index.ts';
import { objectionCodes, type PairRules } from './rules.ts';
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
  readonly #rules: PairRules;
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
    rules: PairRules,
    left: (session: Session) => void,
    paired: (session: Session) => void,
  ) {
    this.id = id;
    this.startedAtMs = clock.now();
    this.#clock = clock;
    this.#latestEndMs = this.startedAtMs + lifetimeMsMax;
    this.#rules = rules;
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

  /**
   * Whether its time is not over yet, and nothing was thrown against its pair. A timer may be late, as after a machine's sleep, and so may
   * whoever ends what an operator has ended: then this ends the session.
   */
  inForce(): boolean {
    const nowMs = this.#clock.now();
    if (!(this.#pair.expiresAtMs > nowMs)) this.end('expired');
    else if (!(this.#latestEndMs > nowMs)) this.end('time-limit');
    else this.endIfOpposed();
    return !this.ended.aborted;
  }

  /** Ends it where something stands against its pair, and says whether it did. */
  endIfOpposed(): boolean {
    const objection = this.ended.aborted ? undefined : this.#rules.against(this.#pair);
    if (objection !== undefined) this.end(objection);
    return objection !== undefined;
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
    const objection = this.#rules.against(fresh);
    if (objection !== undefined) throw new LatchkeyError(objectionCodes[objection]);
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
