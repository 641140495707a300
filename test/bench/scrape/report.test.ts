import { describe, expect, it } from 'vitest';
import { aimsOf, names, type Scrape, tableOf } from '../../../bench/scrape/report.ts';

function scrape(of: string, loopMs: number, sessions = 10_016): Scrape {
  return { round: 1, of, sessions, series: 700, bytes: 62 * 1024, loopMs };
}

describe('the bench of scrapes', () => {
  it('holds below 20 ms, by the median, whatever one scrape took', () => {
    const busy = [4, 5, 300].map((ms) => scrape(names.busy, ms));
    const [loop, ratio] = aimsOf([...busy, scrape(names.bare, 2, 0)]);
    expect(loop).toEqual({
      name: 'a scrape with 10,016 live views, time of the event loop',
      value: 5,
      limit: 20,
      unit: 'ms',
      holds: true,
    });
    expect(ratio).toMatchObject({ value: 2.5, limit: 3, holds: true });
  });

  it('fails above, and says how many live views there were at least', () => {
    const [loop] = aimsOf([scrape(names.busy, 21), scrape(names.busy, 21, 9_000), scrape(names.bare, 7, 0)]);
    expect(loop).toMatchObject({ name: expect.stringContaining('9,000'), holds: false });
  });

  it('has a line for each that was measured', () => {
    const lines = tableOf([4, 6, 5].map((ms) => scrape(names.busy, ms)).concat(scrape(names.bare, 2, 0))).split('\n');
    expect(lines.slice(2)).toEqual([
      '| Latchkey | 10016 | 700 | 62 | 5.0 | 6.0 |',
      '| prom-client, as many series | 0 | 700 | 62 | 2.0 | 2.0 |',
    ]);
  });
});
