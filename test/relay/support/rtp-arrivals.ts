import type { RandomSource } from '../../../src/base/index.ts';

/** One RTP packet: when its content was taken and when it came, in milliseconds. */
export interface Arrival {
  readonly takenMs: number;
  readonly atMs: number;
}

/** When a stream began, in milliseconds since the epoch. */
export const beganMs = 1_700_000_000_000;

/** Packets that were taken `everyMs` apart, for `forMs`, and came `delayMs(n)` later, none before the one that was sent before it. */
export function arrivals(everyMs: number, forMs: number, delayMs: (n: number) => number): Arrival[] {
  const result: Arrival[] = [];
  let earliestMs = 0;
  for (let n = 0; n * everyMs < forMs; n++) {
    earliestMs = Math.max(earliestMs, n * everyMs + delayMs(n));
    result.push({ takenMs: n * everyMs, atMs: beganMs + earliestMs });
  }
  return result;
}

/** A network that keeps each packet for anything up to `ms`. */
export function upTo(ms: number, random: RandomSource): () => number {
  return () => random.fraction() * ms;
}

/** The timestamp of what was taken at a time, as 32 bits that begin at `first`. */
export function timestampAt(takenMs: number, hertz: number, first: number): number {
  return (first + Math.round((takenMs * hertz) / 1_000)) | 0;
}

/** Interarrival jitter as RFC 3550 section 6.4.1 has it, with a clock that is known and numbers that do not wrap. */
export class PlainJitter {
  ms = 0;
  readonly #ticksPerMs: number;
  #transitMs = Number.NaN;

  constructor(hertz: number) {
    this.#ticksPerMs = hertz / 1_000;
  }

  /** Takes a packet without counting it: the next one is compared with it. */
  skip({ takenMs, atMs }: Arrival): void {
    this.#transitMs = this.#transitOf(takenMs, atMs);
  }

  packet(arrival: Arrival): void {
    const before = this.#transitMs;
    this.skip(arrival);
    this.ms += (Math.abs(this.#transitMs - before) - this.ms) / 16;
  }

  #transitOf(takenMs: number, atMs: number): number {
    return atMs - beganMs - Math.round(takenMs * this.#ticksPerMs) / this.#ticksPerMs;
  }
}
