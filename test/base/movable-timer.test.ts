import { describe, expect, it } from 'vitest';
import { MovableTimer } from '../../src/base/index.ts';
import { ManualClock } from '../support/manual-clock.ts';

function ringing() {
  const clock = new ManualClock();
  const rings: number[] = [];
  const startMs = clock.now();
  const timer = new MovableTimer(clock, () => rings.push(clock.now() - startMs));
  return { clock, timer, rings, startMs };
}

describe('a timer that is moved', () => {
  it('calls at the time it was last set to, once', () => {
    const { clock, timer, rings, startMs } = ringing();
    timer.set(startMs + 50);
    timer.set(startMs + 20);
    timer.set(startMs + 30);
    clock.advance(29);
    expect(rings).toEqual([]);
    clock.advance(100);
    expect(rings).toEqual([30]);
  });

  it('can be set to the same time again when it has called', () => {
    const { clock, timer, rings, startMs } = ringing();
    timer.set(startMs + 10);
    clock.advance(10);
    timer.set(startMs + 10);
    clock.advance(0);
    expect(rings).toEqual([10, 10]);
  });

  it('calls at once for a time that has passed, but not from within', () => {
    const { clock, timer, rings, startMs } = ringing();
    clock.advance(5);
    timer.set(startMs);
    expect(rings).toEqual([]);
    clock.advance(0);
    expect(rings).toEqual([5]);
  });

  it('does not call when it is set to never, or cancelled', () => {
    const { clock, timer, rings, startMs } = ringing();
    timer.set(startMs + 10);
    timer.set(Number.POSITIVE_INFINITY);
    clock.advance(20);
    timer.set(startMs + 30);
    timer.cancel();
    clock.advance(20);
    expect(rings).toEqual([]);
  });
});
