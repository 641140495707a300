import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fullBucket, Rate } from '../../src/signaling/rate.ts';

const nowMs = Date.UTC(2026, 0, 1);

describe('a rate of two a second, and three at once', () => {
  const rate = new Rate({ perSecond: 2, burst: 3 });
  const takenTimes = (times: number, atMs: number) => {
    let bucket = fullBucket;
    for (let n = 0; n < times; n++) bucket = rate.taken(bucket, atMs) ?? Number.NaN;
    return bucket;
  };

  it('gives the burst at once and then one in half a second', () => {
    const empty = takenTimes(3, nowMs);
    expect(rate.taken(empty, nowMs)).toBeUndefined();
    expect(rate.waitMs(empty, nowMs)).toBe(500);
    expect(rate.taken(empty, nowMs + 499)).toBeUndefined();
    expect(rate.waitMs(empty, nowMs + 499)).toBe(1);
    expect(rate.waitMs(empty, nowMs + 500)).toBe(0);
    expect(rate.taken(rate.taken(empty, nowMs + 500) ?? Number.NaN, nowMs + 500)).toBeUndefined();
  });

  it('is full again when nothing was taken for as long as it takes, and no fuller', () => {
    const full = takenTimes(3, nowMs);
    const later = nowMs + 60_000;
    let bucket = full;
    for (let n = 0; n < 3; n++) bucket = rate.taken(bucket, later) ?? Number.NaN;
    expect(rate.taken(bucket, later)).toBeUndefined();
  });

  it('is empty for no longer than from empty to full, however far the clock was set back', () => {
    const backMs = nowMs - 3_600_000;
    expect(rate.waitMs(takenTimes(3, nowMs), backMs)).toBe(500);
    expect(rate.taken(fullBucket, backMs)).toBeDefined();
  });

  it('says of any bucket that there is one to take where the wait is 0, and only there', () => {
    fc.assert(
      fc.property(fc.integer({ min: -5_000, max: 5_000 }), (awayMs) => {
        const bucket = nowMs + awayMs;
        expect(rate.taken(bucket, nowMs) !== undefined).toBe(rate.waitMs(bucket, nowMs) === 0);
      }),
    );
  });
});
