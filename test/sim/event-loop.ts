import type { Timeline } from './timeline.ts';

/** The one thread of a node. While it is busy timers run late; what comes meanwhile waits until they have run, in its order. */
export class EventLoop {
  readonly #timeline: Timeline;
  readonly #waiting: (() => void)[] = [];
  #fromMs = Number.NEGATIVE_INFINITY;
  #untilMs = Number.NEGATIVE_INFINITY;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** How long it is busy from now on, in milliseconds. */
  get restMs(): number {
    return Math.max(0, this.#untilMs - this.#timeline.nowMs);
  }

  get isFree(): boolean {
    return this.restMs === 0 && this.#waiting.length === 0;
  }

  /** How late a timer must have been that was due in the middle of what it has just been busy with, where that is `withinMs` ago at most. */
  latelyMs(withinMs: number): number {
    return this.#timeline.nowMs < this.#untilMs + withinMs ? this.#untilMs - this.#fromMs - withinMs : 0;
  }

  beBusy(ms: number): void {
    if (this.restMs > 0) return;
    this.#fromMs = this.#timeline.nowMs;
    this.#untilMs = this.#fromMs + ms;
    this.#timeline.after(ms, () => this.#timeline.after(0, () => this.#next()));
  }

  /** Runs what has come, at once or when there is time for it. */
  whenFree(run: () => void): void {
    if (this.isFree) run();
    else this.#waiting.push(run);
  }

  /** One after the other, with whatever each leads to before the next. */
  #next(): void {
    if (this.restMs > 0) return;
    const run = this.#waiting.shift();
    if (run === undefined) return;
    this.#timeline.after(0, () => this.#next());
    run();
  }
}
