import { describe, expect, it } from 'vitest';
import { within } from '../../src/base/index.ts';
import { ManualClock } from '../support/manual-clock.ts';

describe('work within its time', () => {
  it('gives its result, and leaves no timer behind', async () => {
    const clock = new ManualClock();
    expect(await within(clock, 100, async () => 'result')).toBe('result');
    expect(clock.pending).toBe(0);
  });

  it('fails as it fails, and leaves no timer behind', async () => {
    const clock = new ManualClock();
    const fault = new Error('fault');
    await expect(within(clock, 100, () => Promise.reject(fault))).rejects.toBe(fault);
    await expect(
      within(clock, 100, () => {
        throw fault;
      }),
    ).rejects.toBe(fault);
    expect(clock.pending).toBe(0);
  });
});

describe('work that takes too long', () => {
  it('is given up at its time, whether or not it heeds the signal', async () => {
    const clock = new ManualClock();
    let signal: AbortSignal | undefined;
    const result = within(clock, 100, (given) => {
      signal = given;
      return new Promise(() => {});
    });
    clock.advance(99);
    expect(signal?.aborted).toBe(false);
    clock.advance(1);
    expect(signal?.aborted).toBe(true);
    await expect(result).rejects.toThrow('100 ms');
    expect(signal?.reason).toBeInstanceOf(Error);
  });

  it('changes nothing by finishing later', async () => {
    const clock = new ManualClock();
    const work = Promise.withResolvers<string>();
    const result = within(clock, 100, () => work.promise);
    clock.advance(100);
    work.resolve('late');
    await expect(result).rejects.toThrow('100 ms');
  });
});
