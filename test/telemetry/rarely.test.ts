import { expect, it } from 'vitest';
import { Rarely } from '../../src/telemetry/index.ts';
import { ManualClock } from '../support/manual-clock.ts';

it('says each thing once in its time, and again when that is over or the clock was set back', () => {
  const clock = new ManualClock();
  const rarely = new Rarely(clock, 1_000);
  expect([rarely.may('a'), rarely.may('a'), rarely.may('b')]).toEqual([true, false, true]);
  clock.advance(999);
  expect(rarely.may('a')).toBe(false);
  clock.advance(1);
  expect([rarely.may('a'), rarely.may('a')]).toEqual([true, false]);
  clock.advance(-5_000);
  expect(rarely.may('a')).toBe(true);
});
