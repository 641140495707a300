import { describe, expect, it } from 'vitest';
import { History, sampleOf } from '../../src/admin/history.ts';
import { sampleColumns } from '../../src/admin/index.ts';
import { limits } from '../../src/base/index.ts';
import { idleStatus } from '../support/admin-world.ts';
import { ManualClock } from '../support/manual-clock.ts';

describe('the history of a node', () => {
  it('keeps as many samples as its bound, the newest', () => {
    const clock = new ManualClock(0);
    const history = new History(clock, () => ({ ...idleStatus(clock.now()), cameras: clock.now() / 1000 }));
    clock.advance(limits.adminSampleMs * (limits.adminHistorySamplesMax + 2));
    const { columns, rows } = history.answer;
    expect(columns).toEqual(sampleColumns);
    expect(rows).toHaveLength(limits.adminHistorySamplesMax);
    expect([rows[0]?.[0], rows.at(-1)?.[0]]).toEqual([3 * limits.adminSampleMs, clock.now()]);
    history.stop();
    expect(clock.pending).toBe(0);
  });

  it('gives rates per second between two samples', () => {
    const before = idleStatus(1_000);
    const now = {
      ...idleStatus(3_000),
      registrations: 8,
      refusals: { 'not-allowed': 3, 'token-expired': 1 },
      media: { ...before.media, forwardedBytes: 1_000, forwardedPackets: 10, drops: { late: 4 } },
    };
    expect(sampleOf(before, now)).toMatchObject({ registrations: 4, refusals: 2, bits: 4_000, packets: 5, drops: 2 });
  });

  it('gives no rate for a clock that stood still or went back, and none below nothing', () => {
    const [before, less] = [
      { ...idleStatus(5_000), registrations: 9 },
      { ...idleStatus(6_000), registrations: 1 },
    ];
    expect(sampleOf(before, { ...before, registrations: 99 }).registrations).toBe(0);
    expect(sampleOf(before, { ...before, atMs: 1_000, registrations: 99 }).registrations).toBe(0);
    expect(sampleOf(before, less).registrations).toBe(0);
  });

  it('takes the rates of the last sample as long as the next is young', () => {
    const clock = new ManualClock(0);
    let registrations = 0;
    const status = () => ({ ...idleStatus(clock.now()), registrations });
    const history = new History(clock, status);
    registrations = 10;
    clock.advance(limits.adminSampleMs);
    clock.advance(1);
    registrations = 11;
    expect(history.now(status()).registrations).toBe(5);
    clock.advance(999);
    expect(history.now(status()).registrations).toBe(1);
    history.stop();
  });
});
