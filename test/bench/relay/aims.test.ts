import { describe, expect, it } from 'vitest';
import type { Aim } from '../../../bench/options.ts';
import { aimsOf } from '../../../bench/relay/aims.ts';
import { madeRun } from './made-runs.ts';

function aim(aims: readonly Aim[], words: string): Aim {
  const found = aims.filter(({ name }) => name.includes(words));
  expect(found, words).toHaveLength(1);
  const [first] = found;
  if (first === undefined) throw new Error(`no aim says ${words}`);
  return first;
}

describe('the aims of the relay’s bench', () => {
  it('are medians of the ratios within each round, not ratios of medians', () => {
    const runs = [
      [10, 10],
      [4, 2],
      [30, 20],
    ].flatMap(([own, floor], round) => [
      madeRun('latchkey', { round, costUs: own ?? 0 }),
      madeRun('c-mmsg', { round, costUs: floor ?? 0 }),
    ]);
    const found = aim(aimsOf({ runs, sessions: [] }), 'CPU: latchkey / c-mmsg, 40,000');
    expect(found).toMatchObject({ value: 1.5, limit: 1.2, unit: '×', holds: false });
  });

  it('hold at the limit, but below coturn means below', () => {
    const runs = [
      madeRun('latchkey', { costUs: 12 }),
      madeRun('c-mmsg', { costUs: 10 }),
      madeRun('coturn-one', { costUs: 20 }),
      madeRun('coturn-one-back', { costUs: 12 }),
      madeRun('coturn-both', { costUs: 20 }),
    ];
    const aims = aimsOf({ runs, sessions: [] });
    expect(aim(aims, 'CPU: latchkey / c-mmsg').holds).toBe(true);
    expect(aim(aims, 'coturn-both')).toMatchObject({ value: 0.6, holds: true });
    expect(aim(aims, 'coturn-one or coturn-one-back')).toMatchObject({ value: 1, holds: false });
  });

  it('compare bursts with the floor for bursts, and latency with that of the same load', () => {
    const burst = { rate: 80_000, burst: 10 };
    const runs = [
      madeRun('latchkey', { ...burst, costUs: 3 }),
      madeRun('c-gso', { ...burst, costUs: 2 }),
      madeRun('latchkey', { p99Us: 90 }),
      madeRun('c-mmsg', { p99Us: 50 }),
    ];
    const aims = aimsOf({ runs, sessions: [] });
    expect(aim(aims, 'c-gso')).toMatchObject({ value: 1.5, limit: 1.4, holds: false });
    expect(aim(aims, 'p99')).toMatchObject({ value: 1.8, limit: 2, holds: true });
  });

  it('add losses up over the rounds, without what the generator dropped itself', () => {
    const at80 = { rate: 80_000 };
    const lossless = [madeRun('latchkey', { ...at80, lost: 7, receiverDrops: 7 })];
    const runs = [...lossless, madeRun('latchkey', { ...at80, round: 1, lost: 3, receiverDrops: 1 })];
    expect(aim(aimsOf({ runs: lossless, sessions: [] }), 'loss')).toMatchObject({ value: 0, holds: true });
    expect(aim(aimsOf({ runs, sessions: [] }), 'loss')).toMatchObject({ value: 2, holds: false });
  });

  it('do not hold when one packet went to another flow', () => {
    const runs = [madeRun('latchkey'), madeRun('latchkey', { round: 1, misrouted: 1 })];
    expect(aim(aimsOf({ runs, sessions: [] }), 'another flow')).toMatchObject({ value: 1, holds: false });
  });

  it('take the most and the least of a round over numbers of sessions', () => {
    const sessions = [
      { sessions: 10, ...madeRun('latchkey', { costUs: 4 }) },
      { sessions: 10_000, ...madeRun('latchkey', { costUs: 5 }) },
    ];
    expect(aim(aimsOf({ runs: [], sessions }), 'sessions')).toMatchObject({ value: 1.25, limit: 1.2, holds: false });
  });

  it('leave out a round in which one side of the comparison is missing', () => {
    const runs = [
      madeRun('latchkey', { round: 0, costUs: 1 }),
      madeRun('latchkey', { round: 1, costUs: 3 }),
      madeRun('c-mmsg', { round: 1, costUs: 2 }),
    ];
    const sessions = [
      { sessions: 10, ...madeRun('latchkey', { round: 0 }) },
      { sessions: 10, ...madeRun('latchkey', { round: 1, costUs: 4 }) },
      { sessions: 1_000, ...madeRun('latchkey', { round: 1, costUs: 2 }) },
    ];
    const aims = aimsOf({ runs, sessions });
    expect(aim(aims, 'CPU: latchkey / c-mmsg').value).toBe(1.5);
    expect(aim(aims, 'sessions').value).toBe(2);
  });

  it('say nothing of what was not measured', () => {
    expect(aimsOf({ runs: [], sessions: [] })).toEqual([]);
    expect(aimsOf({ runs: [madeRun('c-mmsg'), madeRun('coturn-both')], sessions: [] })).toEqual([]);
  });
});
