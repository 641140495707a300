import { type Path, remoteWords } from '../wire/path.ts';
import type { Latch } from './leg.ts';
import { anywhere, asWords, type NewMemory } from './new-memory.ts';

/** The words of the remote place, and the number of the side that it belongs to, plus one: 0 says that the slot is empty. */
const slotWords = remoteWords + 1;
const slotsMin = 64;

/**
 * Whose each latched address is: a hash table with open addressing, side by side in one typed array, so that a look for
 * a datagram's source makes no object and seldom touches more than one line of memory. A deleted entry leaves no mark behind.
 */
export class FlowTable {
  #slots: Uint32Array;
  #latches: (Latch | undefined)[] = new Array(slotsMin).fill(undefined);
  #mask = slotsMin - 1;
  #size = 0;
  readonly #seed: number;
  readonly #newMemory: NewMemory;

  /** `seed` is a secret number of 32 bits: who cannot know it cannot choose addresses that all fall together. */
  constructor(seed: number, newMemory: NewMemory = anywhere) {
    this.#seed = seed | 0;
    this.#newMemory = newMemory;
    this.#slots = this.#newSlots(slotsMin);
  }

  get size(): number {
    return this.#size;
  }

  /** The number of the side that has latched the place whose words begin at `words[at]`; -1 for none. */
  sideOf(words: Uint32Array, at: number): number {
    return this.#sideAt(this.#slots, this.#slotOf(words, at));
  }

  /** Reads the slot of that place and returns some of it: see `DataRoad.foresee`. */
  slotAhead(words: Uint32Array, at: number): number {
    return this.#slots[(this.#hash(words, at) & this.#mask) * slotWords] ?? 0;
  }

  /** The latch of that place. */
  find(words: Uint32Array, at: number): Latch | undefined {
    return this.#latches[this.#slotOf(words, at)];
  }

  /** Puts a latch of a side, by its number, in the place of any other of its address. */
  set(latch: Latch, side: number): void {
    let slot = this.#slotOf(latch.path, 0);
    if (this.#latches[slot] === undefined) {
      if (2 * (this.#size + 1) > this.#latches.length) {
        this.#resize(2 * this.#latches.length);
        slot = this.#slotOf(latch.path, 0);
      }
      this.#size++;
    }
    this.#put(slot, latch, side);
  }

  /** Takes the latch of an address out, whichever it is. */
  delete(path: Path): void {
    let free = this.#slotOf(path, 0);
    if (this.#latches[free] === undefined) return;
    this.#size--;
    // Those behind move up, unless they lie where they belong already.
    for (let slot = (free + 1) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const latch = this.#latches[slot];
      if (latch === undefined) break;
      const distance = (slot - this.#hash(latch.path, 0)) & this.#mask;
      if (distance >= ((slot - free) & this.#mask)) {
        this.#put(free, latch, this.#sideAt(this.#slots, slot));
        free = slot;
      }
    }
    this.#latches[free] = undefined;
    this.#slots[free * slotWords + remoteWords] = 0;
    if (this.#latches.length > slotsMin && 8 * this.#size < this.#latches.length) {
      this.#resize(this.#latches.length >> 1);
    }
  }

  /** The slot of an address, or the empty one where it would go. */
  #slotOf(words: Uint32Array, at: number): number {
    let slot = this.#hash(words, at) & this.#mask;
    while (this.#slots[slot * slotWords + remoteWords] !== 0 && !this.#isAt(slot, words, at)) {
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }

  #isAt(slot: number, words: Uint32Array, at: number): boolean {
    const key = slot * slotWords;
    for (let word = 0; word < remoteWords; word++) if (this.#slots[key + word] !== words[at + word]) return false;
    return true;
  }

  /** Whose a slot is; -1 for an empty one. */
  #sideAt(slots: Uint32Array, slot: number): number {
    return (slots[slot * slotWords + remoteWords] ?? 0) - 1;
  }

  #put(slot: number, latch: Latch, side: number): void {
    const key = slot * slotWords;
    for (let word = 0; word < remoteWords; word++) this.#slots[key + word] = latch.path[word] ?? 0;
    this.#slots[key + remoteWords] = side + 1;
    this.#latches[slot] = latch;
  }

  #resize(slots: number): void {
    const [oldSlots, latches] = [this.#slots, this.#latches];
    this.#latches = new Array(slots).fill(undefined);
    this.#slots = this.#newSlots(slots);
    this.#mask = slots - 1;
    for (const [slot, latch] of latches.entries()) {
      if (latch === undefined) continue;
      this.#put(this.#slotOf(latch.path, 0), latch, this.#sideAt(oldSlots, slot));
    }
  }

  #newSlots(slots: number): Uint32Array {
    return asWords(this.#newMemory(slots * slotWords * Uint32Array.BYTES_PER_ELEMENT));
  }

  /** The words are mixed one by one, each multiplied and shifted into the next; the last steps spread the high bits down. 31 bits, which V8 keeps out of the heap. */
  #hash(words: Uint32Array, at: number): number {
    let hash = this.#seed;
    for (let word = 0; word < remoteWords; word++) {
      hash = Math.imul(hash ^ (words[at + word] ?? 0), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash ^ (hash >>> 13), 0x85ebca6b);
    return (hash ^ (hash >>> 16)) >>> 1;
  }
}
