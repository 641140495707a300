import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { demandDescriptors, descriptorsMax } from '../../src/storm/descriptors.ts';

describe('the open files of a storm', () => {
  it('are what the system says, or nobody knows how many', () => {
    expect(
      descriptorsMax(
        'Limit Soft Hard Units\nMax open files            1024                 4096                 files\n',
      ),
    ).toBe(1_024);
    expect(descriptorsMax('Max open files unlimited unlimited files\n')).toBe(Number.POSITIVE_INFINITY);
    expect(descriptorsMax('')).toBe(Number.POSITIVE_INFINITY);
  });

  it('suffice for a fleet at the bound, and not for one camera more', () => {
    const max = 1_000 + 2 * 50 + limits.stormDescriptorsSpareMin;
    expect(demandDescriptors(1_000, 50, max)).toBe(100);
    expect(() => demandDescriptors(1_001, 50, max)).toThrow(/take 1000 cameras at most.*ulimit -n 1229/);
  });

  it('leave viewers as much as there is beside the fleet, up to their bound', () => {
    const room = (spare: number) => demandDescriptors(1_000, 50, 1_000 + limits.stormDescriptorsSpareMin + spare);
    expect(room(101)).toBe(101);
    expect(room(limits.stormAsksInFlightMax + 1)).toBe(limits.stormAsksInFlightMax);
    expect(demandDescriptors(1, 1, Number.POSITIVE_INFINITY)).toBe(limits.stormAsksInFlightMax);
  });

  it('never suffice for less than no camera', () => {
    expect(() => demandDescriptors(1, 50, 10)).toThrow(/take 0 cameras/);
  });
});
