import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { Moving } from '../../../src/signaling/drain/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

describe('a relay that moves', () => {
  it('refuses nothing before it has begun', () => {
    const moving = new Moving(new ManualClock());
    expect(moving.begun).toBe(false);
    expect(() => moving.demandStay()).not.toThrow();
    expect(moving.retryAfterSeconds()).toBe(0);
  });

  it('gives each who is told at once a later time, a second at least, and none beyond its bound', () => {
    const moving = new Moving(new ManualClock());
    moving.begin(1_000, 100_000);
    const times = Array.from({ length: 2_000 }, () => moving.refusal().retryAfterSeconds ?? 0);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect([times[0], times.at(-1)]).toEqual([1, limits.drainRetrySecondsMax]);
    expect(() => moving.demandStay()).toThrow(/about to restart/);
  });

  it('begins once', () => {
    const clock = new ManualClock();
    const moving = new Moving(clock);
    moving.begin(1, 1_000);
    for (let turn = 0; turn < 100; turn++) moving.retryAfterSeconds();
    moving.begin(1_000_000, 1);
    expect(moving.retryAfterSeconds()).toBe((100 * limits.drainTurnMsMax) / 1000);
  });
});
