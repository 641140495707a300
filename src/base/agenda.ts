import type { Clock } from './clock.ts';
import { LazyTimer } from './lazy-timer.ts';
import { limits } from './limits.ts';

/** Something that has times of its own at which it wants to be looked at. */
export interface Scheduled {
  /** Its time may have come. Where it has not, it goes on the agenda anew. */
  due(): void;
}

/**
 * Times for very many, at a place in a table for each instead of a timer: there is one timer for all that wait equally long, and there are few different
 * waits, since each is cut to a power of two. So whoever waits is asked some times before its time, and never after it, but for the event loop's
 * own delay and `limits.agendaPerTurnMax`, which keeps a fleet that came at once from being asked at once.
 */
export class Agenda {
  readonly #clock: Clock;
  readonly #waits = new Map<number, Wait>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Has `one` asked once, `restMs` from now at the latest. It can be taken off where this says. */
  put(one: Scheduled, restMs: number): Wait {
    const ms = Math.min(2 ** Math.floor(Math.log2(Math.max(1, restMs))), limits.timerMsMax);
    let wait = this.#waits.get(ms);
    if (wait === undefined) {
      wait = new Wait(this.#clock, ms);
      this.#waits.set(ms, wait);
    }
    wait.put(one);
    return wait;
  }
}

/** All that wait equally long, in the order in which they began. */
export class Wait {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #timer: LazyTimer;
  readonly #dueMs = new Map<Scheduled, number>();
  #latestMs = 0;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
    this.#timer = new LazyTimer(clock, () => this.#look());
  }

  /** For the agenda alone. */
  put(one: Scheduled): void {
    const dueMs = this.#clock.now() + this.#ms;
    // The clock was set back: nobody who came before may hide who comes now.
    if (dueMs < this.#latestMs) for (const other of this.#dueMs.keys()) this.#dueMs.set(other, dueMs);
    this.#latestMs = dueMs;
    this.#dueMs.delete(one);
    this.#dueMs.set(one, dueMs);
    this.#timer.keep(dueMs);
  }

  takeOff(one: Scheduled): void {
    this.#dueMs.delete(one);
    if (this.#dueMs.size === 0) this.#timer.keep(undefined);
  }

  #look(): void {
    const nowMs = this.#clock.now();
    let rest: number = limits.agendaPerTurnMax;
    for (const [one, dueMs] of this.#dueMs) {
      const waits = dueMs > nowMs && dueMs - nowMs <= this.#ms;
      if (waits || rest-- === 0) {
        this.#timer.keep(waits ? dueMs : nowMs);
        break;
      }
      this.#dueMs.delete(one);
      one.due();
    }
  }
}
