import { type Path, pathWords } from '../wire/path.ts';

/** In numbers of eight bytes: a wire takes four lines of 64 bytes, its sides one behind the other, and then what is of both. */
const wireNumbers = 32;
const sideNumbers = 14;
const ofSide = { target: 0, levels: 6, lastAtMs: 9, silenceMs: 10, busiestAtMs: 11, lost: 12, sizes: 13 };
const sessionLevels = 2 * sideNumbers;
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

  /** Has room for so many wires. Memory that nothing was written to costs nothing. */
  constructor(wires: number) {
    this.numbers = new Float64Array(wires * wireNumbers);
    this.words = new Uint32Array(this.numbers.buffer);
  }

  /** Makes the place of a wire that of a new one: nobody sends anywhere, and nothing has come. */
  clear(wire: number): void {
    this.numbers.fill(0, wire * wireNumbers, (wire + 1) * wireNumbers);
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
export const streamCells = { lastAtMs: 0, silenceMs: 1, busiestAtMs: 2, lost: 3, size: 4 } as const;

function placeOf(side: number): number {
  return (side >> 1) * wireNumbers + (side & 1) * sideNumbers;
}
