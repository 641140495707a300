import type { Clock } from '../base/index.ts';

/** Lets something be said at most once in `msMin` milliseconds, for each thing there is to say: a closed set. */
export class Rarely {
  readonly #clock: Clock;
  readonly #msMin: number;
  readonly #saidMs = new Map<string, number>();

  constructor(clock: Clock, msMin: number) {
    this.#clock = clock;
    this.#msMin = msMin;
  }

  may(what: string): boolean {
    const nowMs = this.#clock.now();
    const saidMs = this.#saidMs.get(what);
    if (saidMs !== undefined && nowMs >= saidMs && nowMs - saidMs < this.#msMin) return false;
    this.#saidMs.set(what, nowMs);
    return true;
  }
}
