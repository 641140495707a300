import { expect, it } from 'vitest';
import { Counts } from '../../src/base/index.ts';

it('counts count each key by itself, and forget one of which there are none', () => {
  const counts = new Counts<string>();
  counts.add('a');
  counts.add('a');
  counts.add('b');
  expect([counts.of('a'), counts.of('b'), counts.of('c'), counts.size]).toEqual([2, 1, 0, 2]);
  counts.take('a');
  counts.take('b');
  counts.take('b');
  expect([counts.of('a'), counts.of('b'), counts.size]).toEqual([1, 0, 1]);
});
