import type { RandomSource } from '../../src/base/index.ts';

/** A generator that gives the same stream for the same seed (mulberry32). */
export function seededRandom(seed: number): RandomSource {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    fraction: next,
    bytes(size) {
      return Buffer.from(Array.from({ length: size }, () => Math.floor(next() * 256)));
    },
  };
}
