import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { Sampling } from '../../../src/telemetry/tracing/sampling.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const recorded = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true };
const count = (times: number, takes: () => boolean) => Array.from({ length: times }, takes).filter(Boolean).length;

describe('sampling', () => {
  it.each([
    [0, 0],
    [0.01, 10],
    [0.1, 100],
    [0.333, 333],
    [1, 1_000],
  ])('of a thousand, the ratio %d is %d', (ratio, wanted) => {
    const sampling = new Sampling(ratio, new ManualClock());
    expect(count(1_000, () => sampling.takes('connect', undefined))).toBe(wanted);
  });

  it('counts each kind by itself, so that a busy one leaves the others their share', () => {
    const sampling = new Sampling(0.5, new ManualClock());
    const both = () => [sampling.takes('register', undefined), sampling.takes('connect', undefined)];
    expect([both(), both()]).toEqual([
      [false, false],
      [true, true],
    ]);
  });

  it('takes what others record, so many in a second and no more', () => {
    const clock = new ManualClock();
    const sampling = new Sampling(0, clock);
    const forced = () => count(1_000, () => sampling.takes('connect', recorded));
    expect(forced()).toBe(limits.tracesForcedPerSecondMax);
    clock.advance(1_000);
    expect(forced()).toBe(limits.tracesForcedPerSecondMax);
  });

  it('leaves what others do not record', () => {
    const sampling = new Sampling(1, new ManualClock());
    expect(sampling.takes('connect', { ...recorded, sampled: false })).toBe(false);
  });
});
