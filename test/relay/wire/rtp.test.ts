import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isRtcpType, isRtp, sequenceNumberOf, ssrcOf } from '../../../src/relay/wire/rtp.ts';

const packet = Buffer.from('80e0abcd01020304deadbeef', 'hex');

test('what stays in the clear is read (RFC 3550 section 5.1)', () => {
  expect(isRtp(packet)).toBe(true);
  expect(sequenceNumberOf(packet)).toBe(0xabcd);
  expect(ssrcOf(packet)).toBe(0xdeadbeef);
});

test('padding, an extension, contributing sources and a marker make no difference', () => {
  expect(isRtp(Buffer.from('bf000001000000000000002a', 'hex'))).toBe(true);
  expect(isRtp(Buffer.from('bf800001000000000000002a', 'hex'))).toBe(true);
});

test('a packet cut off at any length is no RTP', () => {
  for (let length = 0; length < packet.length; length++) expect(isRtp(packet.subarray(0, length))).toBe(false);
});

test.each([0x00, 0x40, 0xc0])('version bits %i are no RTP', (first) => {
  const bytes = Buffer.from(packet);
  bytes.writeUInt8(first, 0);
  expect(isRtp(bytes)).toBe(false);
});

test('RTCP is told apart by its packet type (RFC 5761 section 4)', () => {
  for (let second = 0; second < 256; second++) {
    const bytes = Buffer.from(packet);
    bytes.writeUInt8(second, 1);
    const rtcp = second >= 192 && second <= 223;
    expect(isRtcpType(second)).toBe(rtcp);
    expect(isRtp(bytes)).toBe(!rtcp);
  }
});

test('whatever passes for RTP can be read, and no bytes make it throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (array) => {
      const bytes = Buffer.from(array);
      if (!isRtp(bytes)) return;
      expect(sequenceNumberOf(bytes)).toBeLessThanOrEqual(0xffff);
      expect(ssrcOf(bytes)).toBeLessThanOrEqual(0xffffffff);
    }),
  );
});
