import { expect, test } from 'vitest';
import { classify, type DatagramClass } from '../../../src/relay/wire/demultiplex.ts';

const ranges: readonly (readonly [number, number, DatagramClass])[] = [
  [0, 3, 'stun'],
  [4, 15, 'unassigned'],
  [16, 19, 'zrtp'],
  [20, 63, 'dtls'],
  [64, 79, 'turn-channel'],
  [80, 127, 'quic'],
  [128, 191, 'media'],
  [192, 255, 'quic'],
];

test.each(ranges)('first bytes %i to %i are %s (RFC 7983, RFC 9443)', (from, to, expected) => {
  for (let first = from; first <= to; first++) expect(classify(first)).toBe(expected);
});

test('the ranges cover every byte once', () => {
  expect(ranges.reduce((bytes, [from, to]) => bytes + to - from + 1, 0)).toBe(256);
});
