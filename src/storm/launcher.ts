import { type Clock, limits, type Timer } from '../base/index.ts';

/** Sends off what wants to connect: as fast as it can, at most so many per second, and never for long at a stretch. */
export class Launcher {
  readonly #clock: Clock;
  readonly #perMs: number;
  #waiting: (() => void)[] = [];
  #next = 0;
  #allowance = 0;
  #atMs: number;
  #timer: Timer | undefined;

  constructor(clock: Clock, perSecondMax: number) {
    this.#clock = clock;
    this.#perMs = perSecondMax / 1000;
    this.#atMs = clock.now();
  }

  /** How many still wait. */
  get size(): number {
    return this.#waiting.length - this.#next;
  }

  add(connect: () => void): void {
    this.#waiting.push(connect);
    this.#timer ??= this.#clock.after(0, () => this.#pump());
  }

  /** Forgets whoever waits. */
  clear(): void {
    this.#waiting = [];
    this.#next = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #pump(): void {
    this.#timer = undefined;
    const startedMs = this.#clock.now();
    // What was not used while nobody waited is not made up for.
    const gainedMs = Math.min(Math.max(0, startedMs - this.#atMs), burstMs);
    this.#allowance = Math.min(this.#allowance + gainedMs * this.#perMs, Math.max(1, burstMs * this.#perMs));
    this.#atMs = startedMs;
    while (this.#allowance >= 1 && this.size > 0) {
      this.#allowance -= 1;
      this.#waiting[this.#next++]?.();
      if (this.#clock.now() - startedMs >= limits.stormLaunchMs) break;
    }
    if (this.size === 0) this.clear();
    else this.#timer = this.#clock.after(1, () => this.#pump());
  }
}

const burstMs = 50;
