import { SocketAddress } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressFromBytes, addressFromText } from '../../../src/signaling/transport/remote-address.ts';

describe('a remote address', () => {
  it.each([
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:192.0.2.7', '192.0.2.7'],
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['64:ff9b::192.0.2.7', '64:ff9b::192.0.2.7'],
    [undefined, ''],
  ])('%s is written as "%s"', (text, shortest) => {
    expect(addressFromText(text)).toBe(shortest);
  });

  it('of four bytes is IPv4', () => {
    expect(addressFromBytes(new Uint8Array([192, 0, 2, 7]))).toBe('192.0.2.7');
  });

  it.each([
    ['00000000000000000000ffffc0000207', '192.0.2.7'],
    ['00000000000000000000fffec0000207', '::fffe:c000:207'],
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['fe800000000000000000000000000000', 'fe80::'],
  ])('of the bytes %s is "%s"', (hex, shortest) => {
    expect(addressFromBytes(Buffer.from(hex, 'hex'))).toBe(shortest);
  });

  it('of another length is nobody’s', () => {
    expect(addressFromBytes(new Uint8Array(0))).toBe('');
    expect(addressFromBytes(new Uint8Array(15))).toBe('');
  });

  it('is the same one for every 16 bytes, read where they lie, that the system would write', () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    const groups = fc.array(group, { minLength: 8, maxLength: 8 }).filter(([first]) => first !== 0);
    fc.assert(
      fc.property(groups, (parts) => {
        const bytes = Buffer.alloc(20);
        for (const [index, part] of parts.entries()) bytes.writeUInt16BE(part, 4 + index * 2);
        const long = parts.map((part) => part.toString(16)).join(':');
        const { address } = new SocketAddress({ address: long, family: 'ipv6' });
        expect(addressFromBytes(bytes.subarray(4))).toBe(address);
      }),
    );
  });
});
