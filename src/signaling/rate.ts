import type { Clock } from '../base/index.ts';

/** `burst` at once, and `perSecond` over time. */
export interface RateBounds {
  readonly perSecond: number;
  readonly burst: number;
}

/** Times of the clock are exact to that many milliseconds as numbers with a fraction. */
const exactMs = 1e-3;

/** A token bucket that keeps one number, when it is full again: there is one for each connection, and for each camera. */
export class Rate {
  readonly #clock: Clock;
  readonly #bounds: RateBounds;
  #fullAtMs: number;

  constructor(clock: Clock, bounds: RateBounds) {
    this.#clock = clock;
    this.#bounds = bounds;
    this.#fullAtMs = clock.now();
  }

  /** How long until there is one to take, in whole milliseconds; 0 where there is. */
  get waitMs(): number {
    const tokenMs = 1000 / this.#bounds.perSecond;
    const lackMs = this.#fillMs(this.#clock.now()) - (this.#bounds.burst - 1) * tokenMs;
    return Math.max(0, Math.ceil(lackMs - exactMs));
  }

  /** Takes one, where there is one. */
  take(): boolean {
    const nowMs = this.#clock.now();
    const tokenMs = 1000 / this.#bounds.perSecond;
    const fillMs = this.#fillMs(nowMs);
    if (fillMs > (this.#bounds.burst - 1) * tokenMs + exactMs) return false;
    this.#fullAtMs = nowMs + fillMs + tokenMs;
    return true;
  }

  /** How long it takes to be full: no longer than from empty, though the clock was set back. */
  #fillMs(nowMs: number): number {
    const { perSecond, burst } = this.#bounds;
    return Math.min(Math.max(0, this.#fullAtMs - nowMs), (burst * 1000) / perSecond);
  }
}
