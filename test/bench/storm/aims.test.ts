import { describe, expect, it } from 'vitest';
import { aimsOf } from '../../../bench/storm/aims.ts';
import type { Run } from '../../../bench/storm/results.ts';
import { madeRun } from './made-runs.ts';

function aim(runs: readonly Run[], words: string) {
  const found = aimsOf(runs, 'latchkey-uws').filter(({ name }) => name.includes(words));
  expect(found, words).toHaveLength(1);
  return found[0];
}

describe('the aims of the storm’s bench', () => {
  it('hold at a fifth of the plain server’s CPU, as the median of the ratios within each round', () => {
    const runs = [0.1, 0.2, 0.9].flatMap((cpuMsPerCamera, round) => [
      madeRun('latchkey-uws', { round, cpuMsPerCamera }),
      madeRun('plain', { round, cpuMsPerCamera: 1 }),
    ]);
    expect(aim(runs, '/ plain')).toMatchObject({ value: 0.2, limit: 0.2, holds: true });
    expect(aim(runs, '/ plain')?.name).toContain('with tickets');
  });

  it('say when there were no tickets, and speak of the largest fleet', () => {
    const runs = [
      madeRun('latchkey-uws', { cameras: 1_000, usedTickets: false }),
      madeRun('plain', { cameras: 1_000 }),
      madeRun('latchkey-uws', { cameras: 300, usedTickets: false }),
    ];
    expect(aim(runs, '/ plain')?.name).toMatch(/no tickets given.*1,000 cameras/);
  });

  it('are below for times, and at most for memory', () => {
    expect(aim([madeRun('latchkey-uws', { allBackMs: 5_000 })], 'all back')).toMatchObject({ holds: false });
    expect(aim([madeRun('latchkey-uws', { allBackMs: 4_999 })], 'all back')).toMatchObject({ holds: true });
    expect(aim([madeRun('latchkey-uws', { answerP99Ms: 500 })], 'p99')).toMatchObject({ holds: false });
    expect(aim([madeRun('latchkey-uws', { bytesPerIdleCamera: 8_192 })], 'idle')).toMatchObject({ holds: true });
    expect(aim([madeRun('latchkey-uws', { bytesPerIdleCamera: 8_193 })], 'idle')).toMatchObject({ holds: false });
  });

  it('are missed where a fleet never came back whole, or nobody was answered', () => {
    expect(aim([madeRun('latchkey-uws', { allBackMs: undefined })], 'all back')).toMatchObject({ holds: false });
    expect(aim([madeRun('latchkey-uws', { answerP99Ms: undefined })], 'p99')).toMatchObject({ holds: false });
  });

  it('look at how the cost grows within a round', () => {
    const costs = [0.1, 0.11, 0.12].map((cpuMsPerCamera, index) =>
      madeRun('latchkey-uws', { cpuMsPerCamera, cameras: [1_000, 4_000, 15_000][index] ?? 0 }),
    );
    expect(aim(costs, 'most / least')?.value).toBeCloseTo(1.2);
    expect(aim(costs, 'most / least')?.name).toContain('1000, 4000, 15000');
    const names = aimsOf([madeRun('latchkey-uws')], 'latchkey-uws').map(({ name }) => name);
    expect(names.some((name) => name.includes('most / least'))).toBe(false);
  });

  it('count crossings and lost cameras of everybody', () => {
    const runs = [madeRun('latchkey-uws'), madeRun('plain', { crossings: 1 }), madeRun('latchkey-ws', { missing: 2 })];
    expect(aim(runs, 'crossings')).toMatchObject({ value: 1, limit: 0, holds: false });
    expect(aim(runs, 'did not come back')).toMatchObject({ value: 2, limit: 0, holds: false });
  });

  it('are none of nothing', () => {
    expect(aimsOf([], 'latchkey-uws')).toEqual([]);
  });
});
