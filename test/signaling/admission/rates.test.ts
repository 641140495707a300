import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { LoopLag } from '../../../src/signaling/admission/loop-lag.ts';
import { Queue } from '../../../src/signaling/admission/queue.ts';
import { RateTable } from '../../../src/signaling/admission/rate-table.ts';
import { ManualClock } from '../../support/manual-clock.ts';

describe('a table of rates', () => {
  it('has a bucket for each key', () => {
    const clock = new ManualClock();
    const table = new RateTable(clock, { perMinute: 6, burst: 2 }, 100);
    expect([table.take('a'), table.take('a'), table.take('a'), table.take('b')]).toEqual([true, true, false, true]);
    expect([table.waitMs('a'), table.waitMs('b'), table.waitMs('c')]).toEqual([10_000, 0, 0]);
    clock.advance(9_999);
    expect(table.take('a')).toBe(false);
    clock.advance(1);
    expect(table.take('a')).toBe(true);
  });

  it('is as large as it may be and no larger, whoever floods it, and keeps those that come again and again', () => {
    const clock = new ManualClock();
    const table = new RateTable(clock, { perMinute: 1, burst: 3 }, 100);
    for (let n = 0; n < 3; n++) table.take('loud');
    for (let n = 0; n < 10_000; n++) {
      table.take(`flood ${n}`);
      expect(table.take('loud')).toBe(false);
      expect(table.size).toBeLessThanOrEqual(100);
    }
    expect(table.take('new')).toBe(true);
  });

  it('forgets a key that was left alone until its bucket was full', () => {
    const clock = new ManualClock();
    const table = new RateTable(clock, { perMinute: 60, burst: 5 }, 100);
    table.take('a');
    for (const key of ['b', 'c']) {
      clock.advance(5_000);
      table.take(key);
    }
    expect(table.size).toBe(2);
  });
});

describe('a queue', () => {
  it('gives those who stay in the order in which they came, and forgets those who left', () => {
    const queue = new Queue<number>(4);
    for (const member of [1, 2, 3, 4]) expect(queue.add(member)).toBe(true);
    expect(queue.add(5)).toBe(false);
    expect([queue.delete(1), queue.delete(3), queue.delete(3)]).toEqual([true, true, false]);
    expect(queue.first).toBe(2);
    for (let n = 10; n < 1_000; n++) {
      expect(queue.add(n)).toBe(true);
      queue.delete(n);
    }
    queue.delete(2);
    expect([queue.first, queue.size]).toEqual([4, 1]);
    queue.delete(4);
    expect(queue.first).toBeUndefined();
  });
});

describe('the event loop’s lag', () => {
  it('is how late a timer runs, at once while it is overdue, and forgotten by halves', () => {
    const clock = new ManualClock();
    const told: number[] = [];
    const lag = new LoopLag(clock, (ms) => told.push(ms));
    clock.advance(limits.lagSampleMs);
    expect([lag.ms, ...told]).toEqual([0, 0]);
    const stuck = new ManualClock();
    let nowMs = stuck.now();
    const late = new LoopLag({ now: () => nowMs, after: (ms, run) => stuck.after(ms, run) }, (ms) => told.push(ms));
    nowMs += limits.lagSampleMs + 400;
    expect(late.ms).toBe(400);
    stuck.advance(limits.lagSampleMs);
    expect(told.at(-1)).toBe(400);
    nowMs += limits.lagSampleMs;
    stuck.advance(limits.lagSampleMs);
    expect(late.ms).toBe(200);
    lag.stop();
    late.stop();
    expect(clock.pending + stuck.pending).toBe(0);
  });
});
