import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { ManualClock } from '../support/manual-clock.ts';

describe('the machine’s clock', () => {
  it('tells milliseconds since the epoch', () => {
    const before = Date.now();
    const now = systemClock.now();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  it('calls once the time has come', async () => {
    const alive = setInterval(() => {}, 60_000);
    await new Promise<void>((resolve) => systemClock.after(1, resolve));
    clearInterval(alive);
  });

  it('does not call what was taken back', async () => {
    const alive = setInterval(() => {}, 60_000);
    const calls: string[] = [];
    systemClock.after(0, () => calls.push('taken back')).cancel();
    await new Promise<void>((resolve) => {
      systemClock.after(0, () => {
        calls.push('kept');
        resolve();
      });
    });
    clearInterval(alive);
    expect(calls).toEqual(['kept']);
  });

  it('keeps no process alive', () => {
    const timers = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
    const before = timers();
    const timer = systemClock.after(60_000, () => {});
    expect(timers()).toBe(before);
    timer.cancel();
  });
});

describe('a manual clock', () => {
  it('stands still until it is moved', () => {
    const clock = new ManualClock(1_000);
    expect([clock.now(), clock.now()]).toEqual([1_000, 1_000]);
    clock.advance(5);
    expect(clock.now()).toBe(1_005);
  });

  it('runs each timer at its own time, in the order of their times and then of their making', () => {
    const clock = new ManualClock(0);
    const calls: [string, number][] = [];
    const note = (name: string) => () => calls.push([name, clock.now()]);
    clock.after(20, note('c'));
    clock.after(10, note('a'));
    clock.after(10, note('b'));
    clock.after(21, note('late'));
    clock.advance(20);
    expect(calls).toEqual([
      ['a', 10],
      ['b', 10],
      ['c', 20],
    ]);
    expect(clock.pending).toBe(1);
  });

  it('runs what a timer starts, if its time comes within the same move', () => {
    const clock = new ManualClock(0);
    const calls: number[] = [];
    const again = () => {
      calls.push(clock.now());
      clock.after(10, again);
    };
    clock.after(10, again);
    clock.advance(35);
    expect(calls).toEqual([10, 20, 30]);
    expect(clock.now()).toBe(35);
  });

  it('runs a timer once', () => {
    const clock = new ManualClock(0);
    let calls = 0;
    clock.after(1, () => calls++);
    clock.advance(1);
    clock.advance(1);
    expect(calls).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('does not run what was taken back, not even by a timer of the same moment', () => {
    const clock = new ManualClock(0);
    const calls: string[] = [];
    clock.after(1, () => {
      calls.push('first');
      second.cancel();
    });
    const second = clock.after(1, () => calls.push('second'));
    clock.advance(1);
    expect(calls).toEqual(['first']);
  });
});
