import { isOver, limits, type RandomSource } from '../../base/index.ts';

/** By what a request is known again when it comes back: a number that the sender of a token cannot choose to be another's. */
export type Claim = number;

/**
 * When those who are told to come back shall come: one after the other, at the rate at which they can be served, so that they come as a ramp
 * and not as a second wave. Each has its place in time, and keeps it: who comes before it is told the rest of it, and gains no other.
 */
export class Ramp {
  readonly #random: RandomSource;
  /** The first time that was promised to nobody. */
  #freeMs = 0;
  /** Each claim's time, of this while and of the one before: what is older than a while has nothing left to say. */
  #told = new Map<Claim, number>();
  #toldBefore = new Map<Claim, number>();
  #turnedMs = 0;

  constructor(random: RandomSource) {
    this.#random = random;
  }

  /** How far ahead times are promised already, in milliseconds. */
  leadMs(nowMs: number): number {
    return Math.max(0, this.#freeAt(nowMs) - nowMs);
  }

  /** Nothing is promised further ahead than the ramp is long: where it seems to be, the clock was set back, and the ramp begins anew. */
  #freeAt(nowMs: number): number {
    if (this.#freeMs > nowMs + limits.rampMsMax) this.#freeMs = nowMs;
    return this.#freeMs;
  }

  /**
   * Gives the next time and remembers whose it is; in milliseconds from now, `limits.rampMsMax` at most. `backlogMs`: how long what waits
   * already will take. Where the ramp is as long as it may be there is no place in it, only a time to ask again.
   */
  book(claim: Claim | undefined, perSecond: number, backlogMs: number, nowMs: number): number {
    const atMs = Math.max(this.#freeAt(nowMs), nowMs + backlogMs);
    const jitterMs = this.#random.fraction() * limits.rampJitterMs;
    if (atMs - nowMs + limits.rampJitterMs > limits.rampMsMax) {
      return (limits.rampMsMax * (1 + this.#random.fraction())) / 2;
    }
    this.#freeMs = Math.min(atMs + (1000 * 100) / (perSecond * limits.rampPercentMax), nowMs + limits.rampMsMax);
    const dueMs = Math.ceil(atMs + jitterMs);
    if (claim !== undefined) this.#remember(claim, dueMs, nowMs);
    return dueMs - nowMs;
  }

  /** How long a claim's time is still ahead, in milliseconds: 0 when it has come, undefined where none was given. */
  restMs(claim: Claim | undefined, nowMs: number): number | undefined {
    if (claim === undefined) return undefined;
    const dueMs = this.#told.get(claim) ?? this.#toldBefore.get(claim);
    if (dueMs === undefined || dueMs + limits.rampLateMsMax < nowMs) return undefined;
    if (dueMs > nowMs + limits.rampMsMax + limits.rampJitterMs) return undefined;
    const restMs = dueMs - nowMs;
    return restMs > limits.rampEarlyMsMax ? restMs : 0;
  }

  /** It came, and was let in. */
  kept(claim: Claim | undefined): void {
    if (claim === undefined) return;
    this.#told.delete(claim);
    this.#toldBefore.delete(claim);
  }

  #remember(claim: Claim, dueMs: number, nowMs: number): void {
    if (isOver(nowMs, this.#turnedMs, limits.rampMsMax + limits.rampLateMsMax)) {
      this.#toldBefore = this.#told;
      this.#told = new Map();
      this.#turnedMs = nowMs;
    }
    this.#toldBefore.delete(claim);
    if (this.#told.size < limits.rampToldMax) this.#told.set(claim, dueMs);
  }
}
