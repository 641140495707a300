import { type Clock, LatchkeyError, limits } from '../../base/index.ts';
import { Pace } from './pace.ts';

/** What every part of signaling knows of a relay that is about to end: whether new work is refused, and when who is told may come back. */
export class Moving {
  readonly #clock: Clock;
  #pace: Pace | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** New work is refused. */
  get begun(): boolean {
    return this.#pace !== undefined;
  }

  /** From here on `count` connections move within `overMs`. */
  begin(count: number, overMs: number): void {
    this.#pace ??= new Pace(count, overMs, this.#clock.now());
  }

  /** The next turn to come back, in whole seconds; 0 where nobody is before it, and `limits.drainRetrySecondsMax` at most. */
  retryAfterSeconds(): number {
    const waitMs = this.#pace?.book(this.#clock.now()) ?? 0;
    return Math.min(limits.drainRetrySecondsMax, Math.ceil(waitMs / 1000));
  }

  /** A refusal of something new, or the end of a connection: come back elsewhere, in `secondsMin` or later. */
  refusal(secondsMin = 1): LatchkeyError {
    const retryAfterSeconds = Math.max(secondsMin, this.retryAfterSeconds());
    return new LatchkeyError('relay-moving', undefined, { retryAfterSeconds });
  }

  /** Throws `relay-moving` once new work is refused. */
  demandStay(): void {
    if (this.begun) throw this.refusal();
  }
}
