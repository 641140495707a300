import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { IdleWatch } from '../../src/relay/idle-watch.ts';
import { openDgramPort } from '../../src/relay/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { RelayBench } from './support/relay-bench.ts';

const idleMs = 10_000;

function watched(watch: IdleWatch) {
  const state = { packets: 0, ended: 0 };
  const entry = {
    packets: () => state.packets,
    idle: () => {
      state.ended += 1;
    },
  };
  watch.add(entry);
  return { state, entry };
}

describe('what is watched for media', () => {
  it('ends when none has come for that long, once, and not before', () => {
    const clock = new ManualClock();
    const { state } = watched(new IdleWatch(clock, idleMs));
    clock.advance(idleMs - 1);
    expect(state.ended).toBe(0);
    clock.advance(1);
    expect([state.ended, clock.pending]).toEqual([1, 0]);
    clock.advance(10 * idleMs);
    expect(state.ended).toBe(1);
  });

  it('goes on for as long as media comes, and is late by one look at most', () => {
    const clock = new ManualClock();
    const { state } = watched(new IdleWatch(clock, idleMs));
    for (let second = 0; second < 60; second += 1) {
      clock.advance(1_000);
      if (second % 5 === 0) state.packets += 1;
    }
    expect(state.ended).toBe(0);
    clock.advance(idleMs + limits.idleLookMs);
    expect(state.ended).toBe(1);
  });

  it('has its whole time anew, and no more, when the clock is set back', () => {
    const clock = new ManualClock();
    const { state } = watched(new IdleWatch(clock, idleMs));
    clock.setBack(3_600_000);
    clock.advance(idleMs - 1);
    expect(state.ended).toBe(0);
    clock.advance(1 + limits.idleLookMs);
    expect(state.ended).toBe(1);
  });

  it('is left alone when it is over, and nothing runs where nothing is watched', () => {
    const clock = new ManualClock();
    const watch = new IdleWatch(clock, idleMs);
    const { state, entry } = watched(watch);
    watch.delete(entry);
    expect(clock.pending).toBe(0);
    clock.advance(2 * idleMs);
    expect(state.ended).toBe(0);
  });
});

describe('a wire whose camera sends no media', () => {
  const open = (idleMsMax?: number) =>
    RelayBench.open(new ManualClock(), { openPort: openDgramPort }, idleMsMax === undefined ? {} : { idleMsMax });

  it('ends as idle, and both the door and the worker forget it', async () => {
    await using bench = await open(idleMs);
    const wire = await bench.wire();
    bench.clock.advance(idleMs);
    expect(bench.told).toEqual(['observed idle', 'ended idle']);
    expect(bench.relay.gauges.wires).toBe(0);
    expect(() => wire.extend(bench.pair())).toThrow(expect.objectContaining({ code: 'peer-gone' }));
  });

  it('that was ended before is not told of again', async () => {
    await using bench = await open(idleMs);
    const wire = await bench.wire();
    wire.end();
    bench.clock.advance(2 * idleMs);
    expect(bench.told).toEqual([]);
  });

  it('goes on where no bound is set, until its sides are silent', async () => {
    await using bench = await open();
    await bench.wire();
    bench.clock.advance(idleMs);
    expect(bench.told).toEqual([]);
  });
});
