import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isRtcpType, type RtpHeader, readRtp } from '../../../src/relay/wire/rtp.ts';

const blank: RtpHeader = { marker: false, payloadType: -1, sequenceNumber: -1, ssrc: -1 };
const packet = Buffer.from('80e0abcd01020304deadbeef', 'hex');

test('a header is read (RFC 3550 section 5.1)', () => {
  const header = { ...blank };
  expect(readRtp(packet, header)).toBe(true);
  expect(header).toEqual({ marker: true, payloadType: 96, sequenceNumber: 0xabcd, ssrc: 0xdeadbeef });
});

test('the marker bit is no part of the payload type', () => {
  const header = { ...blank };
  readRtp(Buffer.from('90600001000000000000002a', 'hex'), header);
  expect(header).toEqual({ marker: false, payloadType: 96, sequenceNumber: 1, ssrc: 42 });
});

test('a packet cut off at any length is no RTP, and leaves the header alone', () => {
  for (let length = 0; length < packet.length; length++) {
    const header = { ...blank };
    expect(readRtp(packet.subarray(0, length), header)).toBe(false);
    expect(header).toEqual(blank);
  }
});

test.each([0x00, 0x40, 0xc0])('version bits 0x%s are no RTP', (first) => {
  const bytes = Buffer.from(packet);
  bytes.writeUInt8(first, 0);
  expect(readRtp(bytes, { ...blank })).toBe(false);
});

test('RTCP is told apart by its packet type (RFC 5761 section 4)', () => {
  for (let second = 0; second < 256; second++) {
    const bytes = Buffer.from(packet);
    bytes.writeUInt8(second, 1);
    const rtcp = second >= 192 && second <= 223;
    expect(isRtcpType(second)).toBe(rtcp);
    expect(readRtp(bytes, { ...blank })).toBe(!rtcp);
  }
});

test('no bytes make it throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const header = { ...blank };
      const read = readRtp(Buffer.from(bytes), header);
      expect(read || header.ssrc === -1).toBe(true);
    }),
  );
});
