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

  /** How long until there is one to take, in milliseconds; 0 where there is. */
  get waitMs(): number {
    this.#fill();
    return this.#level >= 1 ? 0 : (1 - this.#level) / this.#perMs;
  }

  /** Takes one, where there is one. */
  take(): boolean {
    this.#fill();
    if (this.#level < 1) return false;
    this.#level -= 1;
    return true;
  }

  #fill(): void {
    const nowMs = this.#clock.now();
    const gainedMs = Math.max(0, nowMs - this.#atMs);
    this.#atMs = nowMs;
    this.#level = Math.min(this.#burst, this.#level + gainedMs * this.#perMs);
  }
}
