import { describe, expect, it } from 'vitest';
import { aimsOf, type Run, ratioOf, tableOf } from '../../../bench/tracing/aims.ts';

const run = (round: number, contestant: string, cpuUsPerRequest: number): Run => ({
  round,
  contestant,
  cpuUsPerRequest,
});

describe('what tracing costs', () => {
  it('is a ratio within each round, and of the rounds the median', () => {
    const runs = [
      run(0, 'off', 50),
      run(0, '1 %', 51),
      run(1, 'off', 100),
      run(1, '1 %', 101),
      run(2, 'off', 50),
      run(2, '1 %', 90),
    ];
    expect(ratioOf(runs, '1 %')).toBeCloseTo(1.02);
    expect(ratioOf(runs, 'off')).toBe(1);
    expect(ratioOf(runs, 'nobody')).toBeUndefined();
    expect(tableOf(runs, ['off', '1 %'])).toContain('| 1 % | 90.0 | 1.020 |');
  });

  it('has an aim that holds at its bound, and not over it', () => {
    const of = (cost: number, bytes: number) =>
      aimsOf([run(0, 'off', 100), run(0, '1 %', cost)], bytes).map(({ holds }) => holds);
    expect(of(105, 1)).toEqual([true, true]);
    expect(of(105.1, 1.1)).toEqual([false, false]);
    expect(aimsOf([], 0)).toHaveLength(1);
  });
});
