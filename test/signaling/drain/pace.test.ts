import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { dueBy, Pace } from '../../../src/signaling/drain/pace.ts';

describe('the pace', () => {
  it('gives who comes in its turn no wait, and spreads who come together over the time of their turns', () => {
    const inTurn = new Pace(40, 1_000, 0);
    expect([0, 25, 50, 75].map((atMs) => inTurn.book(atMs))).toEqual([0, 0, 0, 0]);
    const together = new Pace(40, 1_000, 0);
    expect(Array.from({ length: 10 }, () => together.book(0))).toEqual(
      Array.from({ length: 10 }, (_, turn) => 25 * turn),
    );
  });

  it('has few come no further apart than is of use to anybody', () => {
    const few = new Pace(2, 60_000, 0);
    expect([few.book(0), few.book(0)]).toEqual([0, limits.drainTurnMsMax]);
  });

  it('never has more come within a stretch of time than its rate', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200), { minLength: 2, maxLength: 60 }), (gaps) => {
        const pace = new Pace(100, 2_000, 0);
        let nowMs = 0;
        const times = gaps.map((gap) => {
          nowMs += gap;
          return nowMs + pace.book(nowMs);
        });
        for (const [index, time] of times.entries())
          if (index > 0) expect(time - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(20);
      }),
    );
  });

  it('has all due at its end, none at its beginning, and as many as the time says between', () => {
    expect([dueBy(7, 0, 1_000), dueBy(7, 999, 1_000), dueBy(7, 1_000, 1_000)]).toEqual([0, 6, 7]);
    expect(dueBy(1_000, 250, 1_000)).toBe(250);
    expect(dueBy(5, -1, 1_000)).toBe(0);
    expect(dueBy(0, 500, 1_000)).toBe(0);
  });
});
