import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { BusyTime } from '../../../src/relay/media/busy-time.ts';

function world() {
  const seconds = new Float64Array(1);
  const usage = { user: 0, system: 0 };
  let looks = 0;
  const busy = new BusyTime(seconds, () => {
    looks++;
    return usage;
  });
  return { seconds, usage, busy, looks: () => looks };
}

describe('the busy time of a thread', () => {
  it('is what the system says, in seconds', () => {
    const { seconds, usage, busy } = world();
    Object.assign(usage, { user: 1_250_000, system: 250_000 });
    busy.look(limits.busyLookMs);
    expect(seconds[0]).toBe(1.5);
  });

  it('is looked at no more often than its bound says, also when the clock is set back', () => {
    const { busy, looks } = world();
    busy.look(10_000);
    busy.look(10_000 + limits.busyLookMs - 1);
    expect(looks()).toBe(1);
    busy.look(10_000 + limits.busyLookMs);
    expect(looks()).toBe(2);
    busy.look(5_000);
    expect(looks()).toBe(3);
  });

  it('is not known where the platform does not say', () => {
    const seconds = new Float64Array(1);
    new BusyTime(seconds, null).look(limits.busyLookMs);
    expect(seconds[0]).toBe(0);
  });
});
