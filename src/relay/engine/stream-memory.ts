import { anywhere, asNumbers, type NewMemory } from './new-memory.ts';
/** In words of four bytes, of which a stream has two to each of its numbers. */
export const streamWord = {
  ssrc: 0,
  highest: 1,
  seen: 2,
  begunAfter: 3,
  recent: 4,
  timestamp: 5,
  fromTimestamp: 6,
  inSpan: 7,
} as const;

/** In numbers of eight bytes, behind the words. */
export const streamNumber = {
  jitterMs: 4,
  atMs: 5,
  ticksPerMs: 6,
  pointedTo: 7,
  spanMs: 8,
  fromMs: 9,
  x: 10,
  y: 11,
  xx: 12,
  xy: 13,
} as const;

/** Two lines of 64 bytes. */
const streamNumbers = 16;

/**
 * What is known of one stream of each side, for as many sides as it has room for: of the first of each, or of the second, and so on.
 * Those of a side lie far apart and those of one place close together, since most sides have few.
 */
export class StreamMemory {
  readonly numbers: Float64Array;
  /** The same memory as words, with a sign. */
  readonly words: Int32Array;

  /** Memory that nothing was written to costs nothing, in pages as large as they are given. */
  constructor(sides: number, newMemory: NewMemory = anywhere) {
    this.numbers = asNumbers(newMemory(sides * streamNumbers * Float64Array.BYTES_PER_ELEMENT));
    const { buffer, byteOffset } = this.numbers;
    this.words = new Int32Array(buffer, byteOffset, 2 * this.numbers.length);
  }

  /** The number at which a side's stream begins; its words begin at twice that. */
  static at(side: number): number {
    return side * streamNumbers;
  }
}
