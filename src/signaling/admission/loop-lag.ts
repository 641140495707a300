import { type Clock, limits, type Timer } from '../../base/index.ts';

/** How late the event loop is: a timer that is set again and again, and how long after its time it runs. */
export class LoopLag {
  readonly #clock: Clock;
  readonly #tell: (ms: number) => void;
  #dueMs = 0;
  #recentMs = 0;
  #timer: Timer | undefined;

  /** `tell` hears of each sample, `limits.lagSampleMs` after the one before. */
  constructor(clock: Clock, tell: (ms: number) => void) {
    this.#clock = clock;
    this.#tell = tell;
    this.#await();
  }

  /** The worst of late, in milliseconds: half of it is forgotten with each sample. What is overdue right now counts at once. */
  get ms(): number {
    return Math.max(this.#recentMs, this.#lateMs());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #await(): void {
    this.#dueMs = this.#clock.now() + limits.lagSampleMs;
    this.#timer = this.#clock.after(limits.lagSampleMs, () => {
      const lateMs = this.#lateMs();
      this.#recentMs = Math.max(lateMs, this.#recentMs / 2);
      this.#tell(lateMs);
      this.#await();
    });
  }

  #lateMs(): number {
    return Math.max(0, this.#clock.now() - this.#dueMs);
  }
}
