import { describe, expect, it } from 'vitest';
import { limits, Redacted } from '../../src/base/index.ts';
import { readSharedKeys } from '../../src/ownership/index.ts';
import { codeOf } from '../support/codes.ts';

const base64 = (bytes: number, fill = 1) => Buffer.alloc(bytes, fill).toString('base64');
const read = (text: string) => readSharedKeys(new Redacted(text)).map((key) => key.reveal().length);

describe('the keys of a shared cache', () => {
  it.each<[string, string, number[]]>([
    ['one', base64(32), [32]],
    ['several, a line each', `${base64(32, 1)}\n${base64(48, 2)}\n`, [32, 48]],
    ['several, with commas', `${base64(32, 1)},${base64(32, 2)}, ${base64(32, 3)}`, [32, 32, 32]],
    ['one in the other alphabet', Buffer.alloc(32, 0xff).toString('base64url'), [32]],
    [
      'as many as there may be',
      Array.from({ length: limits.sharedKeysMax }, (_, n) => base64(32, n)).join(' '),
      [32, 32, 32, 32],
    ],
    ['the longest', base64(limits.sharedKeyBytesMax), [limits.sharedKeyBytesMax]],
  ])('may be %s', (_, text, lengths) => {
    expect(read(text)).toEqual(lengths);
  });

  it.each<[string, string]>([
    ['none', ' \n'],
    ['one that is too short', base64(limits.sharedKeyBytesMin - 1)],
    ['one that is too long', base64(limits.sharedKeyBytesMax + 1)],
    ['one that is no base64', `${base64(48)}!`],
    ['a sentence', 'correct horse battery staple and more of it'],
    ['the same twice', `${base64(32)} ${base64(32)}`],
    ['too many', Array.from({ length: limits.sharedKeysMax + 1 }, (_, n) => base64(32, n)).join(' ')],
  ])('may not be %s', async (_, text) => {
    expect(await codeOf(() => read(text))).toBe('settings-invalid');
  });

  it('are not in the error that refuses them', () => {
    const secret = `${base64(48)}!`;
    expect(() => read(secret)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(secret.slice(0, 8)) }),
    );
  });
});
