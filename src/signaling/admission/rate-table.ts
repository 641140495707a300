import type { Clock } from '../../base/index.ts';
import { fullBucket, Rate } from '../rate.ts';

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
  readonly #rate: Rate;
  readonly #keysMax: number;
  readonly #fullMs: number;
  #recent = new Map<string, number>();
  #before = new Map<string, number>();
  #turnMs: number;

  /** `keysMax`: how many keys are kept, give or take those of the while before. */
  constructor(clock: Clock, bounds: MinuteBounds, keysMax: number) {
    this.#clock = clock;
    this.#rate = new Rate({ perSecond: bounds.perMinute / 60, burst: bounds.burst });
    this.#keysMax = keysMax;
    this.#fullMs = (bounds.burst * 60_000) / bounds.perMinute;
    this.#turnMs = clock.now() + this.#fullMs;
  }

  get size(): number {
    return this.#recent.size + this.#before.size;
  }

  /** Takes one of a key's. False: there is none. */
  take(key: string): boolean {
    const nowMs = this.#clock.now();
    const fullAtMs = this.#recent.get(key) ?? this.#earlier(key, nowMs);
    const taken = this.#rate.taken(fullAtMs, nowMs);
    this.#recent.set(key, taken ?? fullAtMs);
    return taken !== undefined;
  }

  /** How long until a key has one again, in milliseconds; 0 where it has. */
  waitMs(key: string): number {
    const fullAtMs = this.#recent.get(key) ?? this.#before.get(key);
    return fullAtMs === undefined ? 0 : this.#rate.waitMs(fullAtMs, this.#clock.now());
  }

  /** The bucket of a key that was not asked for lately. */
  #earlier(key: string, nowMs: number): number {
    if (nowMs >= this.#turnMs || this.#recent.size >= this.#keysMax / 2) {
      this.#before = this.#recent;
      this.#recent = new Map();
      this.#turnMs = nowMs + this.#fullMs;
    }
    const fullAtMs = this.#before.get(key);
    if (fullAtMs === undefined) return fullBucket;
    this.#before.delete(key);
    return fullAtMs;
  }
}
