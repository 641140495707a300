import { describe, expect, it } from 'vitest';
import type { Results } from '../../../bench/relay/results.ts';
import { lossText, rateText, tablesOf } from '../../../bench/relay/tables.ts';
import { madeRun } from './made-runs.ts';

const nothing: Results = {
  quick: false,
  rounds: 5,
  unsound: 0,
  leftOut: [],
  runs: [],
  saturations: [],
  sessions: [],
  memory: [],
};

describe('the tables of the relay’s bench', () => {
  it('have a line for each contestant and a column for each load, with the median of the rounds', () => {
    const runs = [
      madeRun('a', { round: 0, costUs: 1 }),
      madeRun('a', { round: 1, costUs: 3 }),
      madeRun('a', { round: 2, costUs: 2 }),
      madeRun('a', { burst: 10, costUs: 0.5 }),
      madeRun('b', { rate: 20_000, lost: 25, p50Us: 12.6, p99Us: 99.2 }),
    ];
    const lines = tablesOf({ ...nothing, runs }, []).split('\n');
    expect(lines).toContain('| CPU of the relay, µs per packet | 20k/s | 40k/s | 40k/s in 10s |');
    expect(lines).toContain('| a |  | 2.00 | 0.50 |');
    expect(lines).toContain('| b | 1.00 |  |  |');
    expect(lines).toContain('| b | 2.5 |  |  |');
    expect(lines).toContain('| b | 13 / 99 |  |  |');
  });

  it('mark a saturation that was the generator’s in most rounds', () => {
    const one = { round: 0, contestant: 'a', burst: 1, rate: 150_000, of: 'generator' as const };
    const saturations = [one, { ...one, round: 1 }, { ...one, round: 2, rate: 99_000, of: 'relay' as const }];
    expect(tablesOf({ ...nothing, saturations }, [])).toContain('| a | ≥ 150k |');
  });

  it('give the memory of a session as what more sessions take', () => {
    const memory = [10, 1_010].flatMap((sessions) =>
      (['latched', 'with media'] as const).map((state) => ({
        contestant: 'latchkey',
        sessions,
        state,
        rssBytes: 2 ** 20 * 100 + (sessions - 10) * 2048 * (state === 'latched' ? 1 : 2),
      })),
    );
    const lines = tablesOf({ ...nothing, memory }, []).split('\n');
    expect(lines).toContain('| 10 | 100 | 100 |  |  |');
    expect(lines).toContain('| 1,010 | 102 | 104 | 2.0 | 4.0 |');
  });

  it('say which aims fail, who is left out, and that a run was quick', () => {
    const aims = [{ name: 'x', value: 1.234, limit: 1.2, unit: '×', holds: false }];
    const text = tablesOf({ ...nothing, quick: true, leftOut: [{ contestant: 'coturn-one', why: 'missing' }] }, aims);
    expect(text).toContain('| x | 1.23 × | 1.2 × | **fails** |');
    expect(text).toContain('Left out: `coturn-one` (missing).');
    expect(text).toContain('**quick**');
  });

  it('say how many runs do not count', () => {
    expect(tablesOf(nothing, [])).not.toContain('do not count');
    expect(tablesOf({ ...nothing, unsound: 3 }, [])).toContain('3 runs do not count');
  });

  it('write rates and losses shortly', () => {
    expect([rateText(500), rateText(20_000), rateText(123_456)]).toEqual(['500', '20k', '123k']);
    expect([lossText(undefined), lossText(0), lossText(0.0005), lossText(0.001), lossText(0.25)]).toEqual([
      '',
      '0',
      '< 0.1',
      '0.1',
      '25.0',
    ]);
  });
});
