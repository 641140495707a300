import type { RandomSource } from '../base/index.ts';

/**
 * How long to wait before the next connection to a server that several relays use: twice as long after each failure, up to `maxMs`, and
 * between half of that and all of it, so that they do not come back together.
 */
export class ReconnectWait {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #random: RandomSource;
  #failures = 0;

  constructor(firstMs: number, maxMs: number, random: RandomSource) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  /** In milliseconds, after one more failure. */
  next(): number {
    const longestMs = Math.min(this.#firstMs * 2 ** this.#failures, this.#maxMs);
    this.#failures += 1;
    return longestMs * (0.5 + this.#random.fraction() / 2);
  }

  /** Begins anew, after a connection that was good. */
  reset(): void {
    this.#failures = 0;
  }
}
