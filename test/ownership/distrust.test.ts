import { expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { Distrust } from '../../src/ownership/distrust.ts';
import { ManualClock } from '../support/manual-clock.ts';

const { sharedAlarmsMax, sharedAlarmWindowMs, sharedDistrustMsFirst, sharedDistrustMsMax } = limits;

function distrust() {
  const clock = new ManualClock();
  const told: string[] = [];
  const it = new Distrust(clock, (state) => told.push(state));
  const alarms = (times: number) => {
    for (let n = 0; n < times; n++) it.alarm();
  };
  return { clock, told, it, alarms };
}

it('a cache is left out at the last of so many alarms, and not before', () => {
  const { it, alarms, told } = distrust();
  alarms(sharedAlarmsMax - 1);
  expect([it.trusted, told]).toEqual([true, []]);
  alarms(1);
  expect([it.trusted, told]).toEqual([false, ['left-out']]);
});

it('alarms count within their window alone', () => {
  const { it, alarms, clock } = distrust();
  alarms(sharedAlarmsMax - 1);
  clock.advance(sharedAlarmWindowMs);
  alarms(sharedAlarmsMax - 1);
  expect(it.trusted).toBe(true);
  clock.advance(sharedAlarmWindowMs - 1);
  alarms(1);
  expect(it.trusted).toBe(false);
});

it('it is taken back when its time is over', () => {
  const { it, alarms, clock, told } = distrust();
  alarms(sharedAlarmsMax);
  clock.advance(sharedDistrustMsFirst - 1);
  expect(it.trusted).toBe(false);
  clock.advance(1);
  expect([it.trusted, told]).toEqual([true, ['left-out', 'taken-back']]);
});

it('alarms of a cache that is left out already change nothing', () => {
  const { it, alarms, clock, told } = distrust();
  alarms(sharedAlarmsMax + 5);
  clock.advance(sharedDistrustMsFirst);
  expect([it.trusted, told.length]).toEqual([true, 2]);
});

it('on trial one alarm is enough, for twice as long, up to a bound', () => {
  const { it, alarms, clock } = distrust();
  alarms(sharedAlarmsMax);
  let waitMs: number = sharedDistrustMsFirst;
  for (let n = 0; n < 20; n++) {
    clock.advance(waitMs);
    expect(it.trusted).toBe(true);
    clock.advance(sharedAlarmWindowMs - 1);
    alarms(1);
    waitMs = Math.min(2 * waitMs, sharedDistrustMsMax);
    clock.advance(waitMs - 1);
    expect(it.trusted).toBe(false);
    clock.advance(1);
    alarms(1);
    waitMs = Math.min(2 * waitMs, sharedDistrustMsMax);
  }
  expect(waitMs).toBe(sharedDistrustMsMax);
});

it('a trial that was passed gives all trust back', () => {
  const { it, alarms, clock } = distrust();
  alarms(sharedAlarmsMax);
  clock.advance(sharedDistrustMsFirst + sharedAlarmWindowMs);
  alarms(sharedAlarmsMax - 1);
  expect(it.trusted).toBe(true);
  alarms(1);
  clock.advance(sharedDistrustMsFirst);
  expect(it.trusted).toBe(true);
});

it('an operator takes it back at once, and as if nothing had been', () => {
  const { it, alarms, clock, told } = distrust();
  alarms(sharedAlarmsMax);
  it.takeBack();
  expect([it.trusted, clock.pending, told]).toEqual([true, 0, ['left-out', 'taken-back']]);
  alarms(sharedAlarmsMax - 1);
  expect(it.trusted).toBe(true);
  it.takeBack();
  alarms(sharedAlarmsMax - 1);
  expect([it.trusted, told.length]).toEqual([true, 2]);
});

it('its end leaves no timer', () => {
  const { it, alarms, clock } = distrust();
  alarms(sharedAlarmsMax);
  it.close();
  expect(clock.pending).toBe(0);
});
