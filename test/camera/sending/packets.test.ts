import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { createPacketizer } from '../../../src/camera/sending/packetizer.ts';
import { splitAccessUnits } from '../../../src/camera/sources/access-units.ts';
import { joinNals, nalType, nalTypes, splitNals } from '../../../src/peer/index.ts';
import { depacketize } from '../../../src/viewer/depacketize.ts';

const units = splitAccessUnits(readFileSync(new URL('../../../config/demo/maple-garden.h264', import.meta.url)));
const withoutExtras = (data: Buffer) => splitNals(data).filter((nal) => ![6, 9, 12].includes(nalType(nal)));

test('each picture of a clip comes out of its packets as it went in', () => {
  const packetize = createPacketizer('H264');
  for (const { data, key } of units.slice(0, 40)) {
    const payloads = packetize(data, key);
    expect(Math.max(...payloads.map(({ length }) => length))).toBeLessThanOrEqual(limits.rtpPayloadBytesMax);
    expect(splitNals(depacketize('H264', payloads) ?? Buffer.alloc(0))).toEqual(withoutExtras(data));
  }
});

test('parameters travel with their key frame, in one packet', () => {
  const [first] = createPacketizer('H264')(units[0]?.data ?? Buffer.alloc(0), true);
  const types = splitNals(depacketize('H264', first === undefined ? [] : [first]) ?? Buffer.alloc(0)).map(nalType);
  expect(types).toEqual([nalTypes.sps, nalTypes.pps]);
});

test('a key frame whose source does not repeat the parameters gets the last ones', () => {
  const packetize = createPacketizer('H264');
  packetize(units[0]?.data ?? Buffer.alloc(0), true);
  const bare = Buffer.from([0x65, 0x88, 1, 2, 3]);
  const types = splitNals(depacketize('H264', packetize(joinNals([bare]), true)) ?? Buffer.alloc(0)).map(nalType);
  expect(types).toEqual([nalTypes.sps, nalTypes.pps, nalTypes.idr]);
  expect(packetize(joinNals([Buffer.from([0x41, 0x9a])]), false)).toHaveLength(1);
});

test('a picture of nothing but extras is not sent', () => {
  expect(createPacketizer('H264')(joinNals([Buffer.from([0x09, 0xf0]), Buffer.from([0x06, 1, 2])]), false)).toEqual([]);
  expect(createPacketizer('VP8')(Buffer.alloc(0), false)).toEqual([]);
});

test('pictures of every size come out as they went in', () => {
  const size = fc.integer({ min: 2, max: 8000 });
  fc.assert(
    fc.property(size, fc.nat({ max: 255 }), (bytes, fill) => {
      const body = Buffer.alloc(bytes, fill === 0 ? 1 : fill);
      const nal = Buffer.concat([Buffer.from([0x41]), body]);
      const trimmed = splitNals(joinNals([nal]));
      expect(splitNals(depacketize('H264', createPacketizer('H264')(joinNals([nal]), false)) ?? body)).toEqual(trimmed);
      expect(depacketize('VP8', createPacketizer('VP8')(body, false))?.equals(body)).toBe(true);
    }),
  );
});

test('a picture with a hole is no picture', () => {
  const key = units.find((unit) => unit.key)?.data ?? Buffer.alloc(0);
  const payloads = createPacketizer('H264')(key, true);
  expect(payloads.length).toBeGreaterThan(4);
  expect(depacketize('H264', payloads.slice(0, -1))).toBeUndefined();
  expect(depacketize('H264', payloads.slice(2))).toBeUndefined();
  const vp8 = createPacketizer('VP8')(key, true);
  expect(depacketize('VP8', vp8.slice(1))).toBeUndefined();
});

test('VP8 with a picture id and layers of other senders is read', () => {
  const head = Buffer.from([0x90, 0xf0, 0x80, 0x01, 7, 0x20]);
  expect(depacketize('VP8', [Buffer.concat([head, Buffer.from('frame')])])?.toString()).toBe('frame');
  expect(depacketize('VP8', [Buffer.from([0x90, 0x80])])).toBeUndefined();
});

test('random payloads are a picture or none, and never throw', () => {
  const payload = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  const forced = fc
    .tuple(fc.constantFrom(24, 28, 0x7c, 0x10, 0x90), payload)
    .map(([first, rest]) => Buffer.concat([Buffer.from([first]), rest]));
  fc.assert(
    fc.property(fc.array(fc.oneof(payload, forced), { maxLength: 6 }), (payloads) => {
      depacketize('H264', payloads);
      depacketize('VP8', payloads);
    }),
    { numRuns: 2000 },
  );
});
