import type { Clock } from '../../base/index.ts';

/** The clock and the dice of the browser's side: handed in, so that a test can own them. */
export interface Powers extends Clock {
  /** A number in [0, 1), for jitter. */
  fraction(): number;
}

export const browserPowers: Powers = {
  now: () => performance.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
  fraction: () => Math.random(),
};
