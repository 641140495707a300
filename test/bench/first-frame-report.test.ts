import { describe, expect, it } from 'vitest';
import { median, percentile, type Run, table } from '../../bench/first-frame-report.ts';

describe('the report of first frames', () => {
  it('takes percentiles by the nearest rank', () => {
    const twenty = Array.from({ length: 20 }, (_, index) => 20 - index);
    expect([median(twenty), percentile(twenty, 0.95), percentile(twenty, 1)]).toEqual([10, 19, 20]);
    expect([median([7]), percentile([7], 0.95)]).toEqual([7, 7]);
    expect(median([])).toBeNaN();
  });

  it('has a line for the median and one for the p95 of each kind', () => {
    const parts = { beforeMs: 0, signalingMs: 1, iceMs: 2, dtlsMs: 3, firstPacketMs: 4, firstFrameMs: 5, totalMs: 15 };
    const runs: Run[] = [
      { kind: 'cold', round: 0, device: 'a', ...parts },
      { kind: 'warm', round: 0, device: 'a', ...parts, totalMs: 12 },
      { kind: 'browser alone', round: 0, device: '', ...parts, totalMs: 9 },
    ];
    const lines = table(runs).split('\n');
    expect(lines).toHaveLength(8);
    expect(lines[2]).toBe('| cold | median | 1 | 2 | 3 | 4 | 5 | 15 |');
    expect(lines[7]).toBe('| browser alone | p95 |  |  |  |  |  | 9 |');
  });
});
