import { describe, expect, it } from 'vitest';
import { isOver } from '../../src/base/index.ts';

describe('what lasts a while', () => {
  it('is over at its end, and not before', () => {
    expect(isOver(1_000, 1_000, 10)).toBe(false);
    expect(isOver(1_009, 1_000, 10)).toBe(false);
    expect(isOver(1_010, 1_000, 10)).toBe(true);
  });

  it('is over where the clock was set back to before it began', () => {
    expect(isOver(999, 1_000, 10)).toBe(true);
  });
});
