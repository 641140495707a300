import { limits, type RandomSource } from '../base/index.ts';

/** Waits that grow after each failure. */
export interface Backoff {
  /** The next wait in milliseconds; never shorter than what the other side asked for, in seconds (bounded to an hour). */
  next(retryAfterSeconds?: number): number;
  /** Begins anew, after a success. */
  reset(): void;
}

/** Full jitter: each wait is drawn from [0, firstMs · 2ⁿ), and never grows past `maxMs`, so that a fleet comes back as a ramp. */
export function createBackoff(firstMs: number, maxMs: number, random: RandomSource): Backoff {
  let failures = 0;
  return {
    next(retryAfterSeconds = 0) {
      const jitterMs = random.fraction() * Math.min(maxMs, firstMs * 2 ** Math.min(failures, 30));
      failures += 1;
      return Math.round(Math.min(Math.max(retryAfterSeconds, 0), limits.retryAfterSecondsMax) * 1000 + jitterMs);
    },
    reset() {
      failures = 0;
    },
  };
}
