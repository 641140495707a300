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
    const handle = setTimeout(run, delayMs);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};

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
