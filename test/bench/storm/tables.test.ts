import { describe, expect, it } from 'vitest';
import { aimsOf } from '../../../bench/storm/aims.ts';
import { overflowsOf } from '../../../bench/storm/process-figures.ts';
import { type Results, runOf } from '../../../bench/storm/results.ts';
import { tablesOf } from '../../../bench/storm/tables.ts';
import { Tally } from '../../../src/storm/ending.ts';
import { musterReport, watchReport } from '../../../src/storm/report.ts';
import { madeRun } from './made-runs.ts';

const results: Results = {
  quick: false,
  rounds: 3,
  launch: 'under the system’s own C library',
  loadAverages: [0.25, 2],
  cores: 2,
  leftOut: [{ contestant: 'latchkey-uws-tokens', why: 'its binary needs another libc' }],
  runs: [0.3, 0.1, 0.2].flatMap((cpuMsPerCamera, round) => [
    madeRun('latchkey-uws', { round, cpuMsPerCamera }),
    madeRun('latchkey-uws', { round, cameras: 1_000 }),
    madeRun('plain', { round, cpuMsPerCamera: 1 }),
  ]),
};

describe('the tables of the storm’s bench', () => {
  it('have medians, the largest fleet first, and how the cost grows', () => {
    const text = tablesOf(results, aimsOf(results.runs, 'latchkey-uws'));
    expect(text).toContain('| latchkey-uws | yes | 0.200 | 0.025 | 3.00 | 10 / 100 | 0 | 200 | 6.0 |');
    expect(text).toContain('| latchkey-uws | yes | 0.500 | 0.025 | 3.00 | 10 / 100 | 0 | 200 |\n');
    expect(text.indexOf('| 15,000 cameras')).toBeLessThan(text.indexOf('| 1,000 cameras'));
    expect(text).toContain('| latchkey-uws | 0.500 | 0.200 |');
    expect(text).toContain('| plain |  | 1.000 |');
  });

  it('say how far they can be trusted, and who is left out', () => {
    const text = tablesOf({ ...results, quick: true }, []);
    expect(text).toContain('load average 0.3 before and 2.0 after');
    expect(text).toContain('Left out: `latchkey-uws-tokens` (its binary needs another libc).');
    expect(text).toContain('**quick**');
  });
});

describe('a run', () => {
  const muster = (backMs: number[], registered: number) =>
    musterReport({ startedMs: 0, backMs, refusals: new Tally(), lost: 0 }, 4, registered);
  const answer = (backMs: number[], perIdleCameraBytes = 0) => ({
    cpuNs: 2e6,
    lossCpuNs: 4e6,
    peakBytes: 7,
    overflows: 0,
    report: {
      relay: 'x',
      cameras: 4,
      viewers: 1,
      retryAfter: 'honoured' as const,
      outcome: 'complete' as const,
      tickets: { given: 4, shown: 4 },
      gathering: muster([1, 2, 3, 4], 4),
      storm: muster(backMs, backMs.length),
      watchedBefore: undefined,
      watchedDuring: watchReport({ asked: 1, answerMs: [5], refusals: new Tally() }),
      strangers: { asked: 0, refusals: {} },
      memory: { beforeBytes: 0, idleBytes: 40, perIdleCameraBytes },
      loadBusy: 0.5,
      crossings: 1,
      crossingsTold: [],
    },
  });
  const at = { round: 0, contestant: 'plain', cameras: 4 };

  it('takes the memory, the cost and the patience of viewers from the storms that tell them', () => {
    const whole = answer([1, 2, 3, 4]);
    const weighed = answer([1, 2, 3, 4], 10);
    const watched = { ...whole, cpuNs: 5e6, overflows: 3 };
    expect(runOf(at, { memory: [{ ...weighed, cpuNs: 7e6 }], cost: [whole], patience: [watched] })).toMatchObject({
      cpuMsPerCamera: 0.5,
      lossCpuMsPerCamera: 1,
      allBackMs: 4,
      answerP99Ms: 5,
      bytesPerIdleCamera: 10,
      crossings: 3,
      missing: 0,
      overflows: 3,
      usedTickets: true,
    });
  });

  it('takes the median of the storms that tell the cost, and keeps what each told', () => {
    const costs = [9e6, 1e6, 2e6].map((cpuNs) => ({
      ...answer([1, 2, 3, 4]),
      cpuNs,
      lossCpuNs: 4 * cpuNs,
      peakBytes: cpuNs,
    }));
    const run = runOf(at, { memory: [answer([1, 2])], cost: costs, patience: [answer([1])] });
    expect(run).toMatchObject({ cpuMsPerCamera: 0.5, lossCpuMsPerCamera: 2, peakBytes: 9e6, crossings: 5, missing: 5 });
    expect(run.cpuMsPerCameraOfEach).toEqual([2.25, 0.25, 0.5]);
    const failed = [...costs, answer([1, 2])];
    expect(runOf(at, { memory: [], cost: failed, patience: [] })).toMatchObject({ allBackMs: undefined });
  });

  it('adds up what was refused', () => {
    const refused = (name: string, times: number) => {
      const whole = answer([1, 2, 3, 4]);
      const storm = { ...whole.report.storm, refusals: { [name]: times } };
      return { ...whole, report: { ...whole.report, storm } };
    };
    const cost = [refused('503', 2), refused('429', 1), refused('503', 3)];
    expect(runOf(at, { memory: [], cost, patience: [] }).refusals).toEqual({ 503: 5, 429: 1 });
  });

  it('counts the cost by the cameras that came back', () => {
    const half = answer([1, 2]);
    expect(runOf(at, { memory: [half], cost: [half], patience: [half] })).toMatchObject({
      cpuMsPerCamera: 1,
      lossCpuMsPerCamera: 1,
      allBackMs: undefined,
      missing: 6,
    });
  });

  it('reads what the kernel refused', () => {
    expect(overflowsOf('TcpExt: SyncookiesSent ListenOverflows\nTcpExt: 1 22\nIpExt: A\nIpExt: 3\n')).toBe(22);
    expect(overflowsOf('')).toBe(0);
  });
});
