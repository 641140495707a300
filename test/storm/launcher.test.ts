import { describe, expect, it } from 'vitest';
import { Launcher } from '../../src/storm/launcher.ts';
import { ManualClock } from '../support/manual-clock.ts';

describe('the launcher', () => {
  it('sends off at most so many per second', () => {
    const clock = new ManualClock();
    const launcher = new Launcher(clock, 100);
    let sent = 0;
    for (let index = 0; index < 1_000; index++) launcher.add(() => sent++);
    clock.advance(1_000);
    expect(sent).toBeGreaterThanOrEqual(95);
    expect(sent).toBeLessThanOrEqual(105);
    clock.advance(9_000);
    expect(sent).toBeLessThanOrEqual(1_000);
    clock.advance(1_000);
    expect(sent).toBe(1_000);
    expect(clock.pending).toBe(0);
  });

  it('makes up for nothing that was not asked for', () => {
    const clock = new ManualClock();
    const launcher = new Launcher(clock, 100);
    clock.advance(60_000);
    let sent = 0;
    for (let index = 0; index < 100; index++) launcher.add(() => sent++);
    clock.advance(1);
    expect(sent).toBeLessThanOrEqual(5);
  });

  it('forgets whoever waits', () => {
    const clock = new ManualClock();
    const launcher = new Launcher(clock, 100);
    launcher.add(() => expect.unreachable());
    launcher.clear();
    expect(launcher.size).toBe(0);
    clock.advance(1_000);
    expect(clock.pending).toBe(0);
  });
});
