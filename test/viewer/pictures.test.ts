import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { createPacketizer } from '../../src/camera/sending/packetizer.ts';
import { splitAccessUnits } from '../../src/camera/sources/access-units.ts';
import { PictureAssembler } from '../../src/viewer/picture-assembler.ts';
import { type MediaPacket, ReorderBuffer } from '../../src/viewer/reorder.ts';

const units = splitAccessUnits(readFileSync(new URL('../../config/demo/maple-garden.h264', import.meta.url)));

const packet = (sequence: number): MediaPacket => ({
  sequenceNumber: sequence & 0xffff,
  timestamp: 0,
  marker: false,
  payload: Buffer.alloc(0),
});

/** The packets of the first pictures of a clip, and where each picture begins. */
function packets(pictures: number, firstSequence = 65_530) {
  const packetize = createPacketizer('H264');
  const list: (MediaPacket & { picture: number })[] = [];
  for (const [picture, unit] of units.slice(0, pictures).entries()) {
    const payloads = packetize(unit.data, unit.key);
    for (const [index, payload] of payloads.entries()) {
      const sequenceNumber = (firstSequence + list.length) & 0xffff;
      list.push({ sequenceNumber, timestamp: picture * 6000, marker: index === payloads.length - 1, payload, picture });
    }
  }
  return list;
}

test('packets that change places on the way are put in order, across the wrap', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 0xffff }),
      fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8], { minLength: 8 }),
      (start, order) => {
        const buffer = new ReorderBuffer();
        const out = [0, ...order].flatMap((index) => buffer.push(packet(start + index), 0).packets);
        expect(out.map(({ sequenceNumber }) => (sequenceNumber - start) & 0xffff)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
        expect(buffer.lost).toBe(0);
      },
    ),
  );
});

test('a packet that comes twice, or too late, is left out', () => {
  const buffer = new ReorderBuffer();
  const sequences = [10, 11, 11, 9, 10, 12];
  expect(sequences.flatMap((sequence) => buffer.push(packet(sequence), 0).packets)).toHaveLength(3);
});

test('a gap is waited for, for so long and no longer, and then counted', () => {
  const buffer = new ReorderBuffer();
  buffer.push(packet(0), 0);
  expect(buffer.push(packet(3), 0).packets).toEqual([]);
  expect(buffer.push(packet(4), limits.gapMsMax)).toEqual({ packets: [], gap: false });
  const { packets: due, gap } = buffer.push(packet(5), limits.gapMsMax + 1);
  expect([due.length, gap, buffer.lost]).toEqual([3, true, 2]);
});

test('a leap is not waited for', () => {
  const buffer = new ReorderBuffer();
  buffer.push(packet(0), 0);
  const { packets: due, gap } = buffer.push(packet(limits.packetsReorderedMax + 2), 0);
  expect([due.length, gap]).toEqual([1, true]);
});

test('pictures come out whole, with their size', () => {
  const assembler = new PictureAssembler('H264');
  const frames = packets(30).flatMap((each) => assembler.push(each, 0));
  expect(frames.map(({ key }) => key)).toEqual(units.slice(0, 30).map(({ key }) => key));
  expect(assembler.size).toMatchObject({ width: 640, height: 360 });
  expect(assembler.needsKeyFrame).toBe(false);
});

test('nothing is shown before a key frame', () => {
  const assembler = new PictureAssembler('H264');
  const late = packets(20).filter(({ picture }) => picture >= 3);
  const frames = late.flatMap((each) => assembler.push(each, 0));
  expect(frames).toHaveLength(5);
  expect(frames[0]).toMatchObject({ key: true, timestamp: 15 * 6000 });
});

test('after a loss nothing is shown until the next key frame, and it is asked for', () => {
  const assembler = new PictureAssembler('H264');
  const list = packets(32);
  const lost = list.find(({ picture }) => picture === 4);
  const frames = list
    .filter((each) => each !== lost)
    .flatMap((each) => assembler.push(each, each.picture > 6 ? limits.gapMsMax * 3 : 0));
  const shown = frames.map(({ timestamp }) => timestamp / 6000);
  expect(shown.slice(0, 5)).toEqual([0, 1, 2, 3, 15]);
  expect(assembler.lost).toBe(1);
});

test('a loss leaves the need of a key frame', () => {
  const assembler = new PictureAssembler('H264');
  const list = packets(6);
  const lost = list.find(({ picture }) => picture === 2);
  for (const each of list.filter((one) => one !== lost)) {
    assembler.push(each, each.picture > 3 ? limits.gapMsMax * 2 : 0);
  }
  expect(assembler.needsKeyFrame).toBe(true);
});

test('what is shown can be decoded, whatever is lost or changes places', () => {
  const list = packets(32);
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: list.length - 1 }), { maxLength: 10 }),
      fc.infiniteStream(fc.nat({ max: 40 })),
      (losses, delays) => {
        const assembler = new PictureAssembler('H264');
        const arrivals = list
          .filter((_, index) => !losses.includes(index))
          .map((each, index) => ({ each, atMs: index * 10 + (delays.next().value as number) }))
          .sort((a, b) => a.atMs - b.atMs);
        const shown = arrivals.flatMap(({ each, atMs }) => assembler.push(each, atMs));
        let last = -1;
        for (const frame of shown) {
          const picture = frame.timestamp / 6000;
          expect(frame.key || picture === last + 1).toBe(true);
          expect(picture).toBeGreaterThan(last);
          last = picture;
        }
      },
    ),
    { numRuns: 50 },
  );
});

test('random packets never make it throw', () => {
  const random = fc.record({
    sequenceNumber: fc.nat({ max: 0xffff }),
    timestamp: fc.nat({ max: 3 }),
    marker: fc.boolean(),
    payload: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
  });
  fc.assert(
    fc.property(
      fc.constantFrom('H264' as const, 'VP8' as const),
      fc.array(random, { maxLength: 50 }),
      (codec, list) => {
        const assembler = new PictureAssembler(codec);
        for (const [index, each] of list.entries()) assembler.push(each, index * 100);
      },
    ),
  );
});
