import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { Ramp } from '../../../src/signaling/admission/ramp.ts';
import { ServiceRate } from '../../../src/signaling/admission/service-rate.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const nowMs = 1_000_000;

describe('a ramp', () => {
  it('gives times one after the other at a part of the rate, behind what waits already', () => {
    const ramp = new Ramp(seededRandom(1));
    const waits = Array.from({ length: 900 }, () => ramp.book(undefined, 100, 2_000, nowMs));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(2_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(2_000 + 10_000 + limits.rampJitterMs);
    expect(limits.rampPercentMax).toBe(90);
    for (let second = 3; second < 12; second++) {
      const then = waits.filter((wait) => Math.floor(wait / 1000) === second);
      expect(then.length).toBeGreaterThan(60);
      expect(then.length).toBeLessThan(120);
    }
  });

  it('is never longer than its bound: who finds no place in it is told when to ask again, and is not remembered', () => {
    const ramp = new Ramp(seededRandom(1));
    for (let claim = 0; claim < 10_000; claim++) {
      expect(ramp.book(claim, 10, 0, nowMs)).toBeLessThanOrEqual(limits.rampMsMax);
    }
    expect(ramp.leadMs(nowMs)).toBeLessThanOrEqual(limits.rampMsMax);
    expect(ramp.restMs(1, nowMs)).toBeDefined();
    expect(ramp.restMs(9_999, nowMs)).toBeUndefined();
  });

  it('keeps a time for who comes a while late, and forgets it then, or when it was kept', () => {
    const ramp = new Ramp(seededRandom(1));
    const waitMs = ramp.book(7, 100, 1_000, nowMs);
    expect(ramp.restMs(7, nowMs)).toBe(waitMs);
    expect(ramp.restMs(7, nowMs + waitMs + limits.rampLateMsMax)).toBe(0);
    expect(ramp.restMs(7, nowMs + waitMs + limits.rampLateMsMax + 1)).toBeUndefined();
    expect(ramp.restMs(undefined, nowMs)).toBeUndefined();
    ramp.kept(7);
    expect(ramp.restMs(7, nowMs)).toBeUndefined();
  });

  it('is as long as its bound at most, however slowly they are served', () => {
    const ramp = new Ramp(seededRandom(1));
    ramp.book(1, 0.001, 0, nowMs);
    expect(ramp.leadMs(nowMs)).toBe(limits.rampMsMax);
  });

  it('begins anew when the clock was set back by more than its bound: nobody is told to wait for the old time', () => {
    const ramp = new Ramp(seededRandom(1));
    ramp.book(7, 100, 1_000, nowMs);
    const earlierMs = nowMs - 3_600_000;
    expect(ramp.restMs(7, earlierMs)).toBeUndefined();
    expect(ramp.leadMs(earlierMs)).toBe(0);
    expect(ramp.book(8, 100, 0, earlierMs)).toBeLessThanOrEqual(limits.rampJitterMs);
    expect(ramp.restMs(8, earlierMs)).toBeDefined();
    ramp.book(9, 100, 0, earlierMs + limits.rampMsMax + limits.rampLateMsMax);
    expect(ramp.restMs(7, nowMs)).toBeUndefined();
  });

  it('keeps a time that is as far ahead as it may be', () => {
    const ramp = new Ramp(seededRandom(1));
    const waitMs = ramp.book(7, 100, limits.rampMsMax - limits.rampJitterMs, nowMs);
    expect(waitMs).toBeGreaterThanOrEqual(limits.rampMsMax - limits.rampJitterMs);
    expect(ramp.restMs(7, nowMs)).toBe(waitMs);
  });

  it('remembers no more than its bound, and forgets all in time', () => {
    const ramp = new Ramp(seededRandom(1));
    const fast = 1_000_000;
    for (let claim = 0; claim <= limits.rampToldMax; claim++) ramp.book(claim, fast, 0, nowMs);
    expect(ramp.restMs(limits.rampToldMax - 1, nowMs)).toBeDefined();
    expect(ramp.restMs(limits.rampToldMax, nowMs)).toBeUndefined();
    const laterMs = nowMs + limits.rampMsMax + limits.rampLateMsMax;
    ramp.book(-1, fast, 0, laterMs);
    ramp.book(limits.rampToldMax, fast, 0, laterMs);
    expect(ramp.restMs(limits.rampToldMax, laterMs)).toBeDefined();
  });
});

describe('the rate that is served', () => {
  /** Work that waits all the time, done at a rate. */
  function busy(rate: ServiceRate, perSecond: number, fromMs: number, ms: number): void {
    rate.waiting(true, fromMs);
    const count = (perSecond * ms) / 1000;
    for (let done = 1; done <= count; done++) rate.done(fromMs + Math.floor((done * ms) / count));
    rate.waiting(false, fromMs + ms);
  }

  it('is a guess until it was measured, and then what was measured', () => {
    const rate = new ServiceRate();
    expect(rate.perSecond(nowMs)).toBe(limits.servedPerSecondFirst);
    busy(rate, 200, nowMs, limits.servedWindowMsMin);
    expect(rate.perSecond(nowMs + 1_000)).toBeGreaterThan(180);
    expect(rate.perSecond(nowMs + 1_000)).toBeLessThan(220);
  });

  it('says nothing of times in which nothing waited', () => {
    const rate = new ServiceRate();
    busy(rate, 800, nowMs, 1_000);
    const before = rate.perSecond(nowMs + 1_000);
    for (let hour = 1; hour < 10; hour++) rate.done(nowMs + hour * 3_600_000);
    expect(rate.perSecond(nowMs + 36_000_000)).toBe(before);
  });

  it('rises at once, falls slowly, and never to nothing', () => {
    const rate = new ServiceRate();
    busy(rate, 200, nowMs, 1_000);
    busy(rate, 2_000, nowMs + 1_000, 1_000);
    expect(rate.perSecond(nowMs + 2_000)).toBeGreaterThan(1_500);
    busy(rate, 200, nowMs + 2_000, 1_000);
    expect(rate.perSecond(nowMs + 3_000)).toBeGreaterThan(1_200);
    rate.waiting(true, nowMs + 3_000);
    for (let second = 4; second < 200; second++) rate.perSecond(nowMs + second * 1_000);
    expect(rate.perSecond(nowMs + 200_000)).toBeCloseTo(limits.servedPerSecondMin, 1);
  });

  it('waits for enough to count, where little is done', () => {
    const rate = new ServiceRate();
    rate.waiting(true, nowMs);
    expect(rate.perSecond(nowMs + limits.servedWindowMsMax - 1)).toBe(limits.servedPerSecondFirst);
    expect(rate.perSecond(nowMs + limits.servedWindowMsMax)).toBe(limits.servedPerSecondMin);
  });
});
