import type { Clock, Timer } from '../../src/base/index.ts';

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now: number;
  #backMs = 0;
  #order = 0;
  readonly #timers = new Set<{ atMs: number; order: number; run: () => void }>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now - this.#backMs;
  }

  /** Shows an earlier time from here on. What is pending comes when it would have. */
  setBack(ms: number): void {
    this.#backMs += ms;
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = { atMs: this.#now + delayMs, order: this.#order++, run };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** How many timers are pending. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves on by `ms`, running each timer at its own time, in order. */
  advance(ms: number): void {
    const endMs = this.#now + ms;
    for (;;) {
      const due = [...this.#timers]
        .filter((timer) => timer.atMs <= endMs)
        .sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.atMs);
      due.run();
    }
    this.#now = endMs;
  }
}
