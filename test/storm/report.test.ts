import { describe, expect, it } from 'vitest';
import { Tally } from '../../src/storm/ending.ts';
import { atShare, percentilesOf } from '../../src/storm/percentiles.ts';
import { residentBytes } from '../../src/storm/relay-memory.ts';
import { musterReport, reportText, type StormReport, watchReport } from '../../src/storm/report.ts';

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('percentiles', () => {
  it('are the nearest rank', () => {
    expect(percentilesOf(upTo(100).toReversed())).toEqual({ p50: 50, p95: 95, p99: 99 });
    expect(percentilesOf([7])).toEqual({ p50: 7, p95: 7, p99: 7 });
    expect(percentilesOf([])).toBeUndefined();
    expect(atShare([], 0.5)).toBeUndefined();
  });
});

describe('the report of a muster', () => {
  const muster = (backMs: number[], lost = 0) => ({ startedMs: 0, backMs, refusals: new Tally(), lost });

  it('says when half, 95 % and all were back', () => {
    expect(musterReport(muster(upTo(100)), 100, 100)).toMatchObject({
      registrations: 100,
      missing: 0,
      until50Ms: 50,
      until95Ms: 95,
      until100Ms: 100,
      registrationsPerSecond: 1_000,
    });
  });

  it('says never where some never came', () => {
    const report = musterReport(muster(upTo(90)), 100, 90);
    expect(report).toMatchObject({ missing: 10, until50Ms: 50, until95Ms: undefined, until100Ms: undefined });
  });

  it('counts those alone who were away, where not all were', () => {
    expect(musterReport(muster([10, 20, 30, 40]), 100, 100)).toMatchObject({ until50Ms: 20, until100Ms: 40 });
  });

  it('says never of nobody', () => {
    const nobody = musterReport(muster([]), 100, 0);
    expect(nobody).toMatchObject({ missing: 100, until50Ms: undefined, registrationsPerSecond: undefined });
  });
});

describe('the report for a person', () => {
  const refusals = new Tally();
  refusals.add('HTTP 503');
  refusals.add('HTTP 503');
  refusals.add('close 1013');
  const report: StormReport = {
    relay: 'http://127.0.0.1:8080',
    cameras: 1_000,
    viewers: 50,
    retryAfter: 'honoured',
    outcome: 'complete',
    tickets: { given: 2_000, shown: 1_000 },
    gathering: musterReport({ startedMs: 0, backMs: upTo(1_000), refusals: new Tally(), lost: 0 }, 1_000, 1_000),
    storm: musterReport({ startedMs: 0, backMs: upTo(1_000), refusals, lost: 3 }, 1_000, 1_000),
    watchedBefore: watchReport({ asked: 2, answerMs: [3, 4], refusals: new Tally() }),
    watchedDuring: watchReport({ asked: 2, answerMs: [], refusals }),
    strangers: { asked: 7, refusals: { 'not-allowed': 7 } },
    memory: { beforeBytes: 100 * 2 ** 20, idleBytes: 108 * 2 ** 20, perIdleCameraBytes: 8_388.608 },
    loadBusy: 0.95,
    crossings: 0,
    crossingsTold: [],
  };

  it('says everything that was measured', () => {
    const text = reportText(report);
    for (const words of [
      '1,000 cameras and 50 viewers on http://127.0.0.1:8080: complete',
      '50 % 0.50 s, 95 % 0.95 s, all 1.00 s, 1,000/s',
      '3 lost',
      'HTTP 503 × 2, close 1013 × 1',
      '2 asked, 2 answered, p50 3.0 ms',
      '2,000 given, 1,000 shown',
      '7 asked for',
      'not-allowed × 7',
      '8.2 KiB (100 MiB before, 108 MiB with all)',
      '95 % of the storm; the storm itself is at its end',
    ]) {
      expect(text).toContain(words);
    }
    expect(text).toMatch(/crossings +0\n/);
  });

  it('is loud about a crossing', () => {
    const crossingsTold = [{ at: 'alice', what: 'an answer of b, asked for a' }];
    expect(reportText({ ...report, crossings: 1, crossingsTold })).toMatch(
      /1: SOMEBODY SAW.*\n.*alice: an answer of b/s,
    );
  });

  it('says what it has when it was interrupted at once', () => {
    const early = {
      ...report,
      outcome: 'interrupted' as const,
      storm: undefined,
      memory: undefined,
      loadBusy: undefined,
    };
    const text = reportText({ ...early, watchedBefore: undefined, watchedDuring: undefined });
    expect(text).toContain('interrupted');
    expect(text).not.toContain('viewers during');
  });
});

describe('the memory of a relay', () => {
  it('is read from its metrics', () => {
    expect(residentBytes('# HELP x\nprocess_resident_memory_bytes 1.5e8\nother 2\n')).toBe(150_000_000);
    expect(residentBytes('process_resident_memory_bytes{job="relay"} 7\n')).toBe(7);
  });

  it.each(['', 'process_resident_memory_bytes_more 7\n', 'process_resident_memory_bytes NaN\n'])(
    'is not in %j',
    (text) => {
      expect(residentBytes(text)).toBeUndefined();
    },
  );
});
