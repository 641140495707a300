import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hmacSha256 } from '../../src/identity/hmac.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('HMAC-SHA-256', () => {
  it.each([
    ['0b'.repeat(20), 'Hi There', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    ['4a656665', 'what do ya want for nothing?', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
    ['aa'.repeat(20), Buffer.alloc(50, 0xdd), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'],
    [
      '0102030405060708090a0b0c0d0e0f10111213141516171819',
      Buffer.alloc(50, 0xcd),
      '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
    ],
  ])('is that of RFC 4231 section 4, for the key %s', (key, message, mac) => {
    expect(hex(hmacSha256(Buffer.from(key, 'hex'), '', 64)(Buffer.from(message)))).toBe(mac);
  });

  it('is that of OpenSSL for every key of a block, every beginning, and one message after the other', () => {
    const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
    fc.assert(
      fc.property(
        bytes(64),
        fc.string({ maxLength: 20 }),
        fc.array(bytes(200), { maxLength: 5 }),
        (key, before, all) => {
          const mac = hmacSha256(key, before, 200);
          for (const message of all) {
            const theirs = createHmac('sha256', key).update(before).update(message).digest('hex');
            expect(hex(mac(message))).toBe(theirs);
          }
        },
      ),
    );
  });

  it('takes no key of more than a block, and no message of more than was agreed', () => {
    expect(() => hmacSha256(Buffer.alloc(65), '', 0)).toThrow(RangeError);
    const mac = hmacSha256(Buffer.alloc(64), 'before', 10);
    expect(hex(mac(Buffer.alloc(10)))).toHaveLength(64);
    expect(() => mac(Buffer.alloc(11))).toThrow(RangeError);
  });
});
