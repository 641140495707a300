import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../src/base/index.ts';
import { seededRandom } from '../support/seeded-random.ts';

describe.each([
  { name: 'the system’s randomness', random: systemRandom },
  { name: 'seeded randomness', random: seededRandom(7) },
])('$name', ({ random }) => {
  it('gives as many bytes as it is asked for', () => {
    expect([0, 1, 16, 1_000].map((size) => random.bytes(size).length)).toEqual([0, 1, 16, 1_000]);
  });

  it('does not repeat itself', () => {
    expect(new Set(Array.from({ length: 100 }, () => random.bytes(16).toString('hex'))).size).toBe(100);
  });

  it('gives fractions from 0 to below 1, on both halves', () => {
    const fractions = Array.from({ length: 1_000 }, () => random.fraction());
    expect(fractions.every((each) => each >= 0 && each < 1)).toBe(true);
    expect(fractions.some((each) => each < 0.5) && fractions.some((each) => each >= 0.5)).toBe(true);
  });
});

describe('a seed', () => {
  it('gives the same stream again, and another seed another one', () => {
    const stream = (seed: number) => seededRandom(seed).bytes(32).toString('hex');
    expect(stream(1)).toBe(stream(1));
    expect(stream(1)).not.toBe(stream(2));
  });
});
