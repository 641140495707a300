import { type Path, pathWords } from '../wire/path.ts';
import { anywhere, asNumbers, asWords, type NewMemory } from './new-memory.ts';

/**
 * In numbers of eight bytes: a side takes two lines of 64 bytes, the viewer's first and then the camera's, whose end is of both. What a camera
 * sends is most of what there is, and finds all that it needs in its own two.
 */
const sideNumbers = 16;
const wireNumbers = 2 * sideNumbers;
const ofSide = { target: 0, levels: 6, lastAtMs: 9, silenceMs: 10, busiestAtMs: 11, size: 12 };
const sessionLevels = sideNumbers + 13;
/** Of 64 bytes. */
const wordsPerLine = 16;
/** The word behind the eleven of the target. */
const mediaWord = pathWords;

/**
 * What the road of data reads and writes of a side for every packet, in one stretch of memory. With many sessions a packet waits for
 * memory and not for arithmetic: objects would lie anywhere, each number of theirs in a box of its own, and all of that is more than
 * the processor's caches hold. Here it is few lines, side by side, that can be had all at once.
 *
 * A side is known by its number, twice that of its wire, and one more for the camera's.
 */
export class SideMemory {
  readonly numbers: Float64Array;
  /** The same memory as words, for paths. */
  readonly words: Uint32Array;

  /** Has room for so many wires. Memory that nothing was written to costs nothing, in pages as large as they are given. */
  constructor(wires: number, newMemory: NewMemory = anywhere) {
    this.numbers = asNumbers(newMemory(wires * wireNumbers * Float64Array.BYTES_PER_ELEMENT));
    this.words = asWords(this.numbers);
  }

  /** Makes the place of a wire that of a new one: nobody sends anywhere, and nothing has come. */
  clear(wire: number): void {
    this.numbers.fill(0, wire * wireNumbers, (wire + 1) * wireNumbers);
  }

  /** Reads all lines of a side and of its session, and returns some of them: see `DataRoad.foresee`. */
  ahead(side: number): number {
    const at = this.targetAt(side);
    return (
      (this.words[at] ?? 0) ^ (this.words[at + wordsPerLine] ?? 0) ^ (this.words[2 * this.sessionLevelsAt(side)] ?? 0)
    );
  }

  /** Has what comes from a side go to a path from now on, or nowhere. */
  aim(side: number, path: Path | undefined): void {
    const at = this.targetAt(side);
    for (let word = 0; word < pathWords; word++) this.words[at + word] = path?.[word] ?? 0;
  }

  /** The word at which the path begins that a side's datagrams go to. */
  targetAt(side: number): number {
    return 2 * placeOf(side);
  }

  /** Whether there is one. */
  hasTarget(side: number): boolean {
    return this.words[this.targetAt(side)] !== 0;
  }

  /** Whether media of a side has been passed on. */
  hasMedia(side: number): boolean {
    return this.words[this.targetAt(side) + mediaWord] !== 0;
  }

  setHasMedia(side: number): void {
    this.words[this.targetAt(side) + mediaWord] = 1;
  }

  /** The number at which the levels of a side's buckets begin, and those of its whole session. */
  levelsAt(side: number): number {
    return placeOf(side) + ofSide.levels;
  }

  sessionLevelsAt(side: number): number {
    return (side >> 1) * wireNumbers + sessionLevels;
  }

  /** The number at which what is known of a side's streams begins: see `streamCells`. */
  streamsAt(side: number): number {
    return placeOf(side) + ofSide.lastAtMs;
  }
}

/** What is known of all streams of a side, in the order in which it lies. */
export const streamCells = { lastAtMs: 0, silenceMs: 1, busiestAtMs: 2, size: 3 } as const;

function placeOf(side: number): number {
  return (side >> 1) * wireNumbers + (side & 1) * sideNumbers;
}
