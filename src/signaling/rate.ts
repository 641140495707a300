import type { Clock } from '../base/index.ts';

/** A token bucket: `burst` at once, and `perSecond` over time. */
export class Rate {
  readonly #clock: Clock;
  readonly #perMs: number;
  readonly #burst: number;
  #level: number;
  #atMs: number;

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock;
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#level = burst;
    this.#atMs = clock.now();
  }

  /** Takes one, where there is one. */
  take(): boolean {
    const nowMs = this.#clock.now();
    const gainedMs = Math.max(0, nowMs - this.#atMs);
    this.#atMs = nowMs;
    this.#level = Math.min(this.#burst, this.#level + gainedMs * this.#perMs);
    if (this.#level < 1) return false;
    this.#level -= 1;
    return true;
  }
}
