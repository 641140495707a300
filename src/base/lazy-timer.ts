import { type Clock, MovableTimer } from './clock.ts';

/**
 * A timer for the oldest of many that all wait equally long. Where it is set to an earlier time already it is left there: it looks anew when it
 * runs, which costs less than to set it for each that comes and goes.
 */
export class LazyTimer {
  readonly #timer: MovableTimer;
  #atMs: number | undefined;

  constructor(clock: Clock, run: () => void) {
    this.#timer = new MovableTimer(clock, () => {
      this.#atMs = undefined;
      run();
    });
  }

  /** Undefined: nothing waits. */
  keep(atMs: number | undefined): void {
    if (atMs === undefined) this.#timer.cancel();
    else if (this.#atMs !== undefined && this.#atMs <= atMs) return;
    else this.#timer.set(atMs);
    this.#atMs = atMs;
  }
}
