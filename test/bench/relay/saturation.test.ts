import { describe, expect, it } from 'vitest';
import { saturationOf } from '../../../bench/relay/saturation.ts';
import { madeRun } from './made-runs.ts';

/** A relay that carries `relayMax` packets/s, beside a generator that manages `generatorMax`. */
function machine(relayMax: number, generatorMax = Number.POSITIVE_INFINITY) {
  return async (rate: number) => {
    const offered = Math.min(rate, generatorMax);
    return madeRun('c', { rate, offered, sent: offered, lost: Math.max(0, offered - relayMax) });
  };
}

describe('the search for saturation', () => {
  it.each([500, 15_000, 40_000, 63_000, 250_000])('finds %d packets/s from below', async (relayMax) => {
    const { rate, of } = await saturationOf(machine(relayMax));
    expect(of).toBe('relay');
    expect(rate).toBeLessThanOrEqual(relayMax);
    expect(rate).toBeGreaterThan(relayMax / 1.16);
  });

  it('says so when the generator was at its end first', async () => {
    expect(await saturationOf(machine(500_000, 150_000))).toEqual({ rate: 150_000, of: 'generator' });
  });

  it.each([
    ['a loss', { lost: 10_000 }],
    ['a generator that is too slow', { offered: 5_000 }],
  ])('looks again before it believes %s', async (_, stumble) => {
    const steady = machine(100_000);
    const seen = new Set<number>();
    const { rate, of } = await saturationOf(async (asked) => {
      const step = await steady(asked);
      if (seen.has(asked)) return step;
      seen.add(asked);
      return { ...step, ...stumble };
    });
    expect(rate).toBeGreaterThan(86_000);
    expect(of).toBe('relay');
  });

  it('ends with nothing for a relay that loses always', async () => {
    const lossy = async (rate: number) => madeRun('c', { rate, lost: 500 });
    expect(await saturationOf(lossy)).toEqual({ rate: 0, of: 'relay' });
  });
});
