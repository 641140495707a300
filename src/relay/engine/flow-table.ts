import { type Path, remoteWords } from '../wire/path.ts';
import type { Latch } from './leg.ts';

const slotWords = remoteWords + 1;
const slotsMin = 64;

/**
 * Whose each latched address is: a hash table with open addressing, its keys side by side in one typed array, so that a look for
 * a datagram's source makes no object and seldom touches more than one line of memory. A deleted entry leaves no mark behind.
 */
export class FlowTable {
  /** Of each slot the words of the remote place, and the hash of them. */
  #keys = new Uint32Array(slotsMin * slotWords);
  #latches: (Latch | undefined)[] = new Array(slotsMin).fill(undefined);
  #mask = slotsMin - 1;
  #size = 0;
  readonly #seed: number;

  /** `seed` is a secret number of 32 bits: who cannot know it cannot choose addresses that all fall together. */
  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  get size(): number {
    return this.#size;
  }

  /** The latch of the place whose words begin at `words[at]`. */
  find(words: Uint32Array, at: number): Latch | undefined {
    return this.#latches[this.#slotOf(words, at, this.#hash(words, at))];
  }

  /** Puts a latch in the place of any other of its address. */
  set(latch: Latch): void {
    const hash = this.#hash(latch.path, 0);
    let slot = this.#slotOf(latch.path, 0, hash);
    if (this.#latches[slot] === undefined) {
      if (2 * (this.#size + 1) > this.#latches.length) {
        this.#resize(2 * this.#latches.length);
        slot = this.#slotOf(latch.path, 0, hash);
      }
      this.#size++;
    }
    this.#put(slot, latch, hash);
  }

  /** Takes the latch of an address out, whichever it is. */
  delete(path: Path): void {
    let free = this.#slotOf(path, 0, this.#hash(path, 0));
    if (this.#latches[free] === undefined) return;
    this.#size--;
    // Those behind move up, unless they lie where they belong already.
    for (let slot = (free + 1) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const latch = this.#latches[slot];
      if (latch === undefined) break;
      const hash = this.#keys[slot * slotWords + remoteWords] ?? 0;
      const distance = (slot - hash) & this.#mask;
      if (distance >= ((slot - free) & this.#mask)) {
        this.#put(free, latch, hash);
        free = slot;
      }
    }
    this.#latches[free] = undefined;
    if (this.#latches.length > slotsMin && 8 * this.#size < this.#latches.length) {
      this.#resize(this.#latches.length >> 1);
    }
  }

  /** The slot of an address, or the empty one where it would go. */
  #slotOf(words: Uint32Array, at: number, hash: number): number {
    let slot = hash & this.#mask;
    while (this.#latches[slot] !== undefined && !this.#isAt(slot, words, at, hash)) slot = (slot + 1) & this.#mask;
    return slot;
  }

  #isAt(slot: number, words: Uint32Array, at: number, hash: number): boolean {
    const key = slot * slotWords;
    if (this.#keys[key + remoteWords] !== hash) return false;
    for (let word = 0; word < remoteWords; word++) if (this.#keys[key + word] !== words[at + word]) return false;
    return true;
  }

  #put(slot: number, latch: Latch, hash: number): void {
    const key = slot * slotWords;
    for (let word = 0; word < remoteWords; word++) this.#keys[key + word] = latch.path[word] ?? 0;
    this.#keys[key + remoteWords] = hash;
    this.#latches[slot] = latch;
  }

  #resize(slots: number): void {
    const latches = this.#latches;
    this.#latches = new Array(slots).fill(undefined);
    this.#keys = new Uint32Array(slots * slotWords);
    this.#mask = slots - 1;
    for (const latch of latches) {
      if (latch === undefined) continue;
      const hash = this.#hash(latch.path, 0);
      this.#put(this.#slotOf(latch.path, 0, hash), latch, hash);
    }
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
