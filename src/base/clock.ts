/** A pending call, which can be taken back. */
export interface Timer {
  cancel(): void;
}

/** The only way for Latchkey's code to know the time or to wait: handed in, so that a test can own it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `run` once, `delayMs` from now (0 to 2^31 - 1). A pending timer does not keep the process alive. */
  after(delayMs: number, run: () => void): Timer;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    return new SystemTimer(setTimeout(run, delayMs).unref());
  },
};

class SystemTimer implements Timer {
  readonly #handle: NodeJS.Timeout;

  constructor(handle: NodeJS.Timeout) {
    this.#handle = handle;
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }
}

/** One timer that is moved about: it calls `run` once at the time it was last set to, and then waits to be set again. */
export class MovableTimer {
  readonly #clock: Clock;
  readonly #run: () => void;
  #timer: Timer | undefined;
  #atMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, run: () => void) {
    this.#clock = clock;
    this.#run = run;
  }

  /** `atMs` is a time of the clock, less than 2^31 ms from now; one that has passed is now, and infinity is never. */
  set(atMs: number): void {
    if (atMs === this.#atMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#atMs = atMs;
    if (atMs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#clock.after(Math.max(0, atMs - this.#clock.now()), () => {
      this.#atMs = Number.POSITIVE_INFINITY;
      this.#run();
    });
  }

  cancel(): void {
    this.set(Number.POSITIVE_INFINITY);
  }
}

/**
 * Runs `work` for at most `msMax` milliseconds. When they are over its signal is aborted and the promise rejects, whether or
 * not the work heeds it; a result that comes later goes nowhere.
 */
export async function within<T>(clock: Clock, msMax: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const controller = new AbortController();
  const timer = clock.after(msMax, () => {
    const error = new Error(`no result within ${msMax} ms`);
    controller.abort(error);
    late.reject(error);
  });
  try {
    return await Promise.race([work(controller.signal), late.promise]);
  } finally {
    timer.cancel();
  }
}
