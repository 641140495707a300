import type { Clock, Timer } from '../../src/base/index.ts';
import type { EventLoop } from './event-loop.ts';

interface Event {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** Everything that is still to happen in one world, in one order: what is due at one time happens in the order in which it was asked for. */
export class Timeline {
  nowMs: number;
  /** Events that have happened. */
  steps = 0;
  #order = 0;
  readonly #heap: Event[] = [];

  constructor(startMs: number) {
    this.nowMs = startMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const event: Event = { atMs: this.nowMs + delayMs, order: this.#order++, run };
    this.#push(event);
    return {
      cancel: () => {
        event.run = undefined;
      },
    };
  }

  /** Lets the next event happen, unless it lies beyond `endMs`. */
  step(endMs: number): boolean {
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= endMs; next = this.#heap[0]) {
      this.#pop();
      const { run } = next;
      if (run === undefined) continue;
      next.run = undefined;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      this.steps += 1;
      run();
      return true;
    }
    this.nowMs = Math.max(this.nowMs, endMs);
    return false;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || isBefore(parent, event)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      let least = heap[child];
      const right = heap[child + 1];
      if (least === undefined) break;
      if (right !== undefined && isBefore(right, least)) {
        child += 1;
        least = right;
      }
      if (isBefore(last, least)) break;
      heap[at] = least;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** The clock of one process, which knows the timers that it has set: they end with it. */
export class ProcessClock implements Clock {
  readonly #timeline: Timeline;
  readonly #loop: EventLoop | undefined;
  readonly #kind: 'timers' | 'arrivals';
  readonly #pending = new Set<Timer>();
  #runs = true;

  /** `loop`: whose timers they are, which may be late for them; or what waits for its turn there, as what comes by a network does. */
  constructor(timeline: Timeline, loop?: EventLoop, kind: 'timers' | 'arrivals' = 'timers') {
    this.#timeline = timeline;
    this.#loop = loop;
    this.#kind = kind;
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#pending.size;
  }

  now(): number {
    return this.#timeline.nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    if (!this.#runs) return { cancel() {} };
    let inner = this.#timeline.after(delayMs, () => due());
    const timer: Timer = {
      cancel: () => {
        inner.cancel();
        this.#pending.delete(timer);
      },
    };
    const fire = () => {
      if (this.#pending.delete(timer)) run();
    };
    const due = () => {
      const restMs = this.#loop?.restMs ?? 0;
      if (this.#kind === 'arrivals' && this.#loop !== undefined) this.#loop.whenFree(fire);
      else if (restMs > 0) inner = this.#timeline.after(restMs, due);
      else fire();
    };
    this.#pending.add(timer);
    return timer;
  }

  /** Resolves after some time of this process. */
  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, () => resolve());
    });
  }

  /** The process is gone, and whatever it waited for with it. */
  stop(): void {
    this.#runs = false;
    for (const timer of [...this.#pending]) timer.cancel();
  }
}
