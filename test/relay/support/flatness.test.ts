import { describe, expect, test } from 'vitest';
import { Flatness } from './flatness.ts';

function flatness(samples: readonly number[]): Flatness {
  const result = new Flatness();
  for (const sample of samples) result.add(sample);
  return result;
}

const warmedUp = (warm: number, at: (n: number) => number) =>
  flatness(Array.from({ length: 80 }, (_, n) => (n < 20 ? warm : at(n))));

describe('what is taken again and again', () => {
  test('is flat when it stays, swings, or shrinks, however it began', () => {
    for (const samples of [
      warmedUp(0, () => 100),
      warmedUp(500, (n) => 100 + (n % 2)),
      warmedUp(100, (n) => 200 - n),
    ]) {
      expect(samples.isFlat(0.01, 0)).toBe(true);
    }
  });

  test('is not flat when it grows', () => {
    const growing = warmedUp(100, (n) => 100 + n);
    expect(growing.growth).toBe(30);
    expect(growing.isFlat(0.1, 10)).toBe(false);
    expect(growing.isFlat(0.1, 30)).toBe(true);
    expect(growing.isFlat(0.2, 0)).toBe(true);
    expect(growing.last).toBe(179);
  });

  test('is not known from a few', () => {
    expect(flatness([1, 2, 3]).isFlat(1, 1_000)).toBe(false);
  });
});
