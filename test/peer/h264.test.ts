import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinNals, nalType, nalTypes, readSequenceParameters, readVp8Header, splitNals } from '../../src/peer/index.ts';

const clip = readFileSync(new URL('../../config/demo/maple-garden.h264', import.meta.url));

test('the size and the rate of a real clip are read from its parameters', () => {
  const sps = splitNals(clip).find((nal) => nalType(nal) === nalTypes.sps);
  expect(sps && readSequenceParameters(sps)).toEqual({ width: 640, height: 360, framesPerSecond: 15 });
});

/** High profile with cropping and timing, and baseline. */
test.each([
  ['67640028acd940780227e5c05a808080a0000003002000000781e30632c0', 1920, 1080, 30],
  ['6742c01e95a0280bfe5c05a808080a00000303e80000ea60e11080', 640, 360, undefined],
])('parameters %s say %i × %i', (hex, width, height, framesPerSecond) => {
  const parameters = readSequenceParameters(Buffer.from(hex, 'hex'));
  expect(parameters).toMatchObject({ width, height });
  if (framesPerSecond !== undefined) expect(parameters?.framesPerSecond).toBe(framesPerSecond);
});

test('NAL units come out of a byte stream as they went in', () => {
  const nal = fc
    .uint8Array({ minLength: 1, maxLength: 40 })
    .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 ? 1 : byte))));
  fc.assert(
    fc.property(fc.array(nal, { maxLength: 20 }), (nals) => {
      expect(splitNals(joinNals(nals))).toEqual(nals);
    }),
  );
});

test('short and long start codes and trailing zeros are the same', () => {
  const stream = Buffer.from([9, 9, 0, 0, 1, 0x65, 1, 0, 0, 0, 0, 1, 0x41, 2, 0, 0]);
  expect(splitNals(stream)).toEqual([Buffer.from([0x65, 1]), Buffer.from([0x41, 2])]);
});

test('parameters of random bits are read or not, and never throw', () => {
  const start = fc.constantFrom(Buffer.from([0x67, 66, 0xc0, 31]), Buffer.from([0x67, 100, 0, 31]), Buffer.alloc(0));
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 60 }), (head, bytes) => {
      const parameters = readSequenceParameters(Buffer.concat([head, bytes]));
      return parameters === undefined || (parameters.width > 0 && parameters.height <= 16_384);
    }),
    { numRuns: 2000 },
  );
});

test('parameters that are cut short are no parameters', () => {
  const sps = splitNals(clip).find((nal) => nalType(nal) === nalTypes.sps) ?? Buffer.alloc(0);
  for (let length = 0; length < 7; length += 1) {
    expect(readSequenceParameters(sps.subarray(0, length))).toBeUndefined();
  }
});

test('a VP8 key frame tells its size, an interframe that it is none, rubbish nothing', () => {
  const key = Buffer.from([0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x42, 0x68, 0x81]);
  expect(readVp8Header(key)).toEqual({ key: true, width: 640, height: 360 });
  expect(readVp8Header(Buffer.from([0x11, 0, 0]))).toEqual({ key: false, width: undefined, height: undefined });
  for (let length = 0; length < key.length; length += 1) expect(readVp8Header(key.subarray(0, length))).toBeUndefined();
  expect(readVp8Header(Buffer.from([0x10, 0, 0, 0x9d, 0x01, 0x2b, 0, 0, 0, 0]))).toBeUndefined();
});
