import { describe, expect, it } from 'vitest';
import { compact, counted } from '../../src/admin/client/figures.ts';
import { credentialIn } from '../../src/admin/client/node.ts';
import { bitsPerSecond, bytes, duration, inWords, milliseconds, rate, whole } from '../../src/admin/index.ts';

describe('a figure', () => {
  it.each([
    [whole(1_234_567), '1,234,567'],
    [compact(99_999), '99,999'],
    [compact(1_234_567_890), '1.23B'],
    [counted(1, 'fault'), '1 fault'],
    [counted(1_000, 'fault'), '1,000 faults'],
    [inWords(rate(0)), '0/s'],
    [inWords(rate(1)), '1/s'],
    [inWords(rate(2.345)), '2.3/s'],
    [inWords(rate(23.45)), '23/s'],
    [inWords(bitsPerSecond(0)), '0 bit/s'],
    [inWords(bitsPerSecond(999)), '999 bit/s'],
    [inWords(bitsPerSecond(1_500_000)), '1.5 Mbit/s'],
    [inWords(bitsPerSecond(15_250_000)), '15.3 Mbit/s'],
    [inWords(bytes(341 * 1_048_576)), '341 MiB'],
    [inWords(bytes(2 ** 60)), '1,048,576 TiB'],
    [inWords(milliseconds(4.83)), '4.8 ms'],
    [inWords(milliseconds(48.3)), '48 ms'],
    [duration(-1), '0 s'],
    [duration(59.9), '59 s'],
    [duration(60), '1 min 0 s'],
    [duration(3_600 * 5 + 60), '5 h 1 min'],
    [duration(86_400 * 3), '3 d 0 h'],
  ])('reads at a glance: %s', (made, words) => {
    expect(made).toBe(words);
  });
});

it.each(['the-token', ' "the-token"\n', 'operator:the-token', '"operator:the-token"'])(
  'finds the token in what was pasted: %s',
  (text) => {
    expect(credentialIn(text)).toBe('the-token');
  },
);
