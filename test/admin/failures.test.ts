import { describe, expect, it } from 'vitest';
import { Failures } from '../../src/admin/failures.ts';
import { limits } from '../../src/base/index.ts';
import { ManualClock } from '../support/manual-clock.ts';

function spent(host: string) {
  const clock = new ManualClock();
  const failures = new Failures(clock);
  for (let times = 0; times < limits.adminFailuresBurstMax; times++) failures.count(host);
  return { clock, failures };
}

describe('wrong credentials', () => {
  it('are borne up to the bound, and then the network rests', () => {
    const clock = new ManualClock();
    const failures = new Failures(clock);
    for (let times = 1; times < limits.adminFailuresBurstMax; times++) failures.count('192.0.2.1');
    expect(failures.restSeconds('192.0.2.1')).toBe(0);
    failures.count('192.0.2.1');
    expect(failures.restSeconds('192.0.2.1')).toBe(60 / limits.adminFailuresPerMinuteMax);
  });

  it('are forgiven at their rate', () => {
    const { clock, failures } = spent('192.0.2.1');
    clock.advance(60_000 / limits.adminFailuresPerMinuteMax - 1);
    expect(failures.restSeconds('192.0.2.1')).toBe(1);
    clock.advance(1);
    expect(failures.restSeconds('192.0.2.1')).toBe(0);
  });

  it('of one network are not held against another', () => {
    const { failures } = spent('2001:db8::1');
    expect([failures.restSeconds('2001:db8::ffff'), failures.restSeconds('2001:db8:0:1::1')]).toEqual([2, 0]);
  });

  it('of this machine keep nobody out who has a good one, and are told to wait all the same', () => {
    const { failures } = spent('127.0.0.1');
    expect([failures.restSeconds('127.0.0.1'), failures.spentSeconds('127.0.0.1')]).toEqual([0, 2]);
  });

  it('from ever more networks do not make the table grow', () => {
    const failures = new Failures(new ManualClock());
    for (let network = 0; network < limits.adminFailureNetworksMax + 10; network++) {
      failures.count(`10.${network >> 8}.${network & 255}.1`);
    }
    expect(failures.networks).toBe(limits.adminFailureNetworksMax);
  });
});
