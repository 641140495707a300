import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isRtcpType, isRtp, sequenceNumberOf, ssrcOf, timestampOf } from '../../../src/relay/wire/rtp.ts';

const packet = Buffer.from('80e0abcd81020304deadbeef', 'hex');

function isWholeRtp(bytes: Buffer): boolean {
  return isRtp(bytes, 0, bytes.length);
}

test('what stays in the clear is read (RFC 3550 section 5.1)', () => {
  expect(isWholeRtp(packet)).toBe(true);
  expect(sequenceNumberOf(packet, 0)).toBe(0xabcd);
  expect(timestampOf(packet, 0)).toBe(0x81020304 | 0);
  expect(ssrcOf(packet, 0)).toBe(0xdeadbeef | 0);
});

test('padding, an extension, contributing sources and a marker make no difference', () => {
  expect(isWholeRtp(Buffer.from('bf000001000000000000002a', 'hex'))).toBe(true);
  expect(isWholeRtp(Buffer.from('bf800001000000000000002a', 'hex'))).toBe(true);
});

test('a packet cut off at any length is no RTP, whatever lies behind it', () => {
  const followed = Buffer.concat([packet, packet]);
  for (let length = 0; length < packet.length; length++) {
    expect(isWholeRtp(packet.subarray(0, length))).toBe(false);
    expect(isRtp(followed, 0, length)).toBe(false);
    expect(isRtp(followed, packet.length, packet.length + length)).toBe(false);
  }
});

test.each([0x00, 0x40, 0xc0])('version bits %i are no RTP', (first) => {
  const bytes = Buffer.from(packet);
  bytes.writeUInt8(first, 0);
  expect(isWholeRtp(bytes)).toBe(false);
});

test('RTCP is told apart by its packet type (RFC 5761 section 4)', () => {
  for (let second = 0; second < 256; second++) {
    const bytes = Buffer.from(packet);
    bytes.writeUInt8(second, 1);
    const rtcp = second >= 192 && second <= 223;
    expect(isRtcpType(second)).toBe(rtcp);
    expect(isWholeRtp(bytes)).toBe(!rtcp);
  }
});

test('a packet anywhere in a larger buffer reads as it does alone, and as its fields say', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 12, maxLength: 40 }), fc.nat(20), fc.nat(20), (array, before, after) => {
      const alone = Buffer.from(array);
      const large = Buffer.concat([Buffer.alloc(before, 0x80), alone, Buffer.alloc(after, 0x80)]);
      expect(isRtp(large, before, before + alone.length)).toBe(isWholeRtp(alone));
      expect(sequenceNumberOf(large, before)).toBe(alone.readUInt16BE(2));
      expect(timestampOf(large, before)).toBe(alone.readInt32BE(4));
      expect(ssrcOf(large, before)).toBe(alone.readInt32BE(8));
    }),
  );
});

test('no bytes make it throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 16 }), (array) => {
      const bytes = Buffer.from(array);
      expect(isWholeRtp(bytes) && bytes.length < 12).toBe(false);
    }),
  );
});
