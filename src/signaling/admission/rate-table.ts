import type { Clock } from '../../base/index.ts';
import { Rate, type RateBounds } from '../rate.ts';

export interface MinuteBounds {
  readonly perMinute: number;
  readonly burst: number;
}

/**
 * A token bucket for each key. Only those that were asked for lately are kept: one that was left alone for long is full, as a new one
 * is. A flood of keys makes the table forget and never grow, and takes nothing from anybody: a key that is forgotten is a new one.
 */
export class RateTable {
  readonly #clock: Clock;
  readonly #bounds: RateBounds;
  readonly #keysMax: number;
  readonly #fullMs: number;
  #recent = new Map<string, Rate>();
  #before = new Map<string, Rate>();
  #turnMs: number;

  /** `keysMax`: how many keys are kept, give or take those of the while before. */
  constructor(clock: Clock, bounds: MinuteBounds, keysMax: number) {
    this.#clock = clock;
    this.#bounds = { perSecond: bounds.perMinute / 60, burst: bounds.burst };
    this.#keysMax = keysMax;
    this.#fullMs = (bounds.burst * 60_000) / bounds.perMinute;
    this.#turnMs = clock.now() + this.#fullMs;
  }

  get size(): number {
    return this.#recent.size + this.#before.size;
  }

  /** Takes one of a key's. False: there is none. */
  take(key: string): boolean {
    return this.#rate(key).take();
  }

  /** How long until a key has one again, in milliseconds; 0 where it has. */
  waitMs(key: string): number {
    return (this.#recent.get(key) ?? this.#before.get(key))?.waitMs ?? 0;
  }

  #rate(key: string): Rate {
    const known = this.#recent.get(key);
    if (known !== undefined) return known;
    const nowMs = this.#clock.now();
    if (nowMs >= this.#turnMs || this.#recent.size >= this.#keysMax / 2) {
      this.#before = this.#recent;
      this.#recent = new Map();
      this.#turnMs = nowMs + this.#fullMs;
    }
    const rate = this.#before.get(key) ?? new Rate(this.#clock, this.#bounds);
    this.#before.delete(key);
    this.#recent.set(key, rate);
    return rate;
  }
}
