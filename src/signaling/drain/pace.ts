import { limits } from '../../base/index.ts';

/**
 * When those who are told to move shall come to where they go: one after the other, at an even pace. Who is told as its turn comes waits for
 * nothing; those who are told faster than that are spread over the time that their turns would have taken.
 */
export class Pace {
  readonly #everyMs: number;
  #freeMs: number;

  /** `count` come within `overMs`, from `nowMs` on; where they are few, none waits longer than `limits.drainTurnMsMax` for the one before. */
  constructor(count: number, overMs: number, nowMs: number) {
    this.#everyMs = Math.min(limits.drainTurnMsMax, overMs / Math.max(1, count));
    this.#freeMs = nowMs;
  }

  /** Takes the next turn: how far ahead it is, in milliseconds. */
  book(nowMs: number): number {
    const atMs = Math.max(this.#freeMs, nowMs);
    this.#freeMs = atMs + this.#everyMs;
    return atMs - nowMs;
  }
}

/** How many of `count` are due, that long after an even pace began; all of them at its end. */
export function dueBy(count: number, sinceMs: number, overMs: number): number {
  if (sinceMs >= overMs) return count;
  return Math.max(0, Math.floor((count * sinceMs) / overMs));
}
