/** `burst` at once, and `perSecond` over time. */
export interface RateBounds {
  readonly perSecond: number;
  readonly burst: number;
}

/** Times of the clock are exact to that many milliseconds as numbers with a fraction. */
const exactMs = 1e-3;

/** A bucket that nothing was taken from. */
export const fullBucket = Number.NEGATIVE_INFINITY;

/**
 * What token buckets of one kind hold. A bucket itself is a number, the time at which it is full again, since there is one for each
 * connection, and one for each camera. All times are the clock’s, in milliseconds.
 */
export class Rate {
  readonly #tokenMs: number;
  readonly #burst: number;

  constructor({ perSecond, burst }: RateBounds) {
    this.#tokenMs = 1000 / perSecond;
    this.#burst = burst;
  }

  /** How long until there is one to take, in whole milliseconds; 0 where there is. */
  waitMs(fullAtMs: number, nowMs: number): number {
    const lackMs = this.#fillMs(fullAtMs, nowMs) - (this.#burst - 1) * this.#tokenMs;
    return Math.max(0, Math.ceil(lackMs - exactMs));
  }

  /** The bucket after one was taken from it; undefined where there is none to take. */
  taken(fullAtMs: number, nowMs: number): number | undefined {
    const fillMs = this.#fillMs(fullAtMs, nowMs);
    if (fillMs > (this.#burst - 1) * this.#tokenMs + exactMs) return undefined;
    return nowMs + fillMs + this.#tokenMs;
  }

  /** How long it takes to be full: no longer than from empty, though the clock was set back. */
  #fillMs(fullAtMs: number, nowMs: number): number {
    return Math.min(Math.max(0, fullAtMs - nowMs), this.#burst * this.#tokenMs);
  }
}
