import { type Clock, limits, type SpanName } from '../../base/index.ts';
import type { RemoteParent } from './traceparent.ts';

/**
 * Which traces are recorded: of each kind that begins here the ratio, evenly; of those that others began what they record, at most
 * `limits.tracesForcedPerSecondMax` in a second, and of the rest the ratio as well. So nobody makes the relay record without bound.
 */
export class Sampling {
  readonly #ratio: number;
  readonly #clock: Clock;
  readonly #owed = new Map<SpanName, number>();
  #second = Number.NEGATIVE_INFINITY;
  #forced = 0;

  /** `ratio`: from 0, none, to 1, all. */
  constructor(ratio: number, clock: Clock) {
    this.#ratio = ratio;
    this.#clock = clock;
  }

  takes(name: SpanName, parent: RemoteParent | undefined): boolean {
    if (parent !== undefined && !parent.sampled) return false;
    return (parent !== undefined && this.#force()) || this.#isDue(name);
  }

  /** Counted and not diced: of a hundred that come one after the other, 1 % is one. */
  #isDue(name: SpanName): boolean {
    const owed = (this.#owed.get(name) ?? 0) + this.#ratio;
    const due = owed >= 1 - 1e-9;
    this.#owed.set(name, due ? owed - 1 : owed);
    return due;
  }

  #force(): boolean {
    const second = Math.floor(this.#clock.now() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#forced = 0;
    }
    if (this.#forced >= limits.tracesForcedPerSecondMax) return false;
    this.#forced += 1;
    return true;
  }
}
