import { expect, it } from 'vitest';
import { inSlices, limits } from '../../src/base/index.ts';
import { ManualClock } from '../support/manual-clock.ts';

const items = (count: number) => new Set(Array.from({ length: count }, (_, at) => at));

it('what fits into one slice is done before anything is awaited', async () => {
  const clock = new ManualClock();
  const ended: number[] = [];
  const all = inSlices(clock, items(limits.endedAtOnceMax - 1), (item) => ended.push(item) > 0);
  expect([ended.length, clock.pending]).toEqual([limits.endedAtOnceMax - 1, 0]);
  expect(await all).toBe(limits.endedAtOnceMax - 1);
});

it('the event loop has its turn after so many that were ended, or looked at', async () => {
  for (const [ends, atOnce] of [
    [true, limits.endedAtOnceMax],
    [false, limits.reviewedAtOnceMax],
  ] as const) {
    const clock = new ManualClock();
    let looked = 0;
    const all = inSlices(clock, items(atOnce + 1), () => {
      looked += 1;
      return ends;
    });
    expect([looked, clock.pending]).toEqual([atOnce, 1]);
    clock.advance(0);
    expect(await all).toBe(ends ? atOnce + 1 : 0);
    expect(looked).toBe(atOnce + 1);
  }
});

it('what joins meanwhile is looked at, and what leaves is not', async () => {
  const clock = new ManualClock();
  const all = items(limits.reviewedAtOnceMax + 1);
  const seen: number[] = [];
  const done = inSlices(clock, all, (item) => {
    seen.push(item);
    return false;
  });
  all.delete(limits.reviewedAtOnceMax);
  all.add(-1);
  clock.advance(0);
  await done;
  expect(seen.slice(-2)).toEqual([limits.reviewedAtOnceMax - 1, -1]);
});
