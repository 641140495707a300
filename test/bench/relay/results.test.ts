import { describe, expect, it } from 'vitest';
import { disturbanceOf, isSound, loadsOf, lossOf } from '../../../bench/relay/results.ts';
import { madeRun } from './made-runs.ts';

describe('the results of the relay’s bench', () => {
  it('do not count a step whose window was cut, or in which nothing came', () => {
    expect(isSound(madeRun('a', { seconds: 1.001 }), 1_000)).toBe(true);
    expect(isSound(madeRun('a', { seconds: 0.0017 }), 1_000)).toBe(false);
    expect(isSound(madeRun('a', { seconds: 1.4 }), 1_000)).toBe(false);
    expect(isSound(madeRun('a', { arrivals: 0 }), 1_000)).toBe(false);
  });

  it('know how long the relay waited for its core', () => {
    expect(disturbanceOf(madeRun('a', { seconds: 2, waitedNs: 1e8 }))).toBeCloseTo(0.05);
  });

  it('leave to the generator what its receiver dropped', () => {
    expect(lossOf(madeRun('a', { sent: 1_000, lost: 30, receiverDrops: 10 }))).toBeCloseTo(0.02);
    expect(lossOf(madeRun('a', { lost: 1, receiverDrops: 2 }))).toBe(0);
  });

  it('order loads by burst and rate, each once', () => {
    const runs = [madeRun('a', { burst: 10 }), madeRun('a', { rate: 80_000 }), madeRun('b'), madeRun('a')];
    expect(loadsOf(runs)).toEqual([
      { rate: 40_000, burst: 1 },
      { rate: 80_000, burst: 1 },
      { rate: 40_000, burst: 10 },
    ]);
  });
});
