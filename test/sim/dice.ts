import type { RandomSource } from '../../src/base/index.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** Chance from a seed. Each name has a stream of its own, so that what one part draws changes nothing for the others. */
export class Dice implements RandomSource {
  readonly #seed: number;
  readonly #name: string;
  readonly #source: RandomSource;

  constructor(seed: number, name = '') {
    this.#seed = seed;
    this.#name = name;
    this.#source = seededRandom(mix(seed, name));
  }

  named(name: string): Dice {
    return new Dice(this.#seed, `${this.#name}/${name}`);
  }

  fraction(): number {
    return this.#source.fraction();
  }

  bytes(size: number): Buffer {
    return this.#source.bytes(size);
  }

  chance(probability: number): boolean {
    return probability > 0 && this.fraction() < probability;
  }

  /** A whole number from `min` up to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  pick<Item>(list: readonly Item[]): Item {
    if (list.length === 0) throw new TypeError('There is nothing to pick from.');
    return list[this.between(0, list.length - 1)] as Item;
  }
}

/** FNV-1a over the seed and the name. */
function mix(seed: number, name: string): number {
  let hash = 0x811c9dc5;
  for (const character of `${seed}/${name}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}
