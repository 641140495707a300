import { bounds } from './bounds.ts';

export interface Pace {
  firstMs: number;
  msMax: number;
}

/**
 * Full jitter: a wait drawn evenly from [0, `firstMs` · 2^`attempt`), and from [0, `msMax`) at the most.
 * `attempt` counts from 0; `fraction` is in [0, 1). The result is in whole milliseconds.
 */
export function fullJitterMs(attempt: number, pace: Pace, fraction: number): number {
  return Math.floor(fraction * Math.min(pace.msMax, pace.firstMs * 2 ** Math.min(attempt, 30)));
}

/** What the relay asked for, never less, with up to a quarter more, so that those who were told the same do not come at once. */
export function askedForMs(retryAfterSeconds: number, fraction: number): number {
  const askedMs = Math.min(bounds.retryAfterMsMax, Math.max(0, retryAfterSeconds) * 1000);
  return Math.floor(askedMs * (1 + fraction / 4));
}
