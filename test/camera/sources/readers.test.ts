import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { splitAccessUnits } from '../../../src/camera/sources/access-units.ts';
import { MalformedStream, type StreamReader } from '../../../src/camera/sources/byte-queue.ts';
import { createFlvReader } from '../../../src/camera/sources/flv.ts';
import { createIvfReader } from '../../../src/camera/sources/ivf.ts';
import type { EncodedFrame, SoundPacket } from '../../../src/camera/sources/media.ts';
import { createOggReader } from '../../../src/camera/sources/ogg.ts';
import { opusSamples } from '../../../src/camera/sources/opus.ts';
import { joinNals } from '../../../src/peer/index.ts';
import { flv } from './small-flv.ts';

const clip = (ending: string) => readFileSync(new URL(`../../../config/demo/maple-garden.${ending}`, import.meta.url));

/** An IVF file with a real header, a key frame and two more. */
function ivf(): Buffer {
  const frame = (tick: number, bytes: number[]) => {
    const header = Buffer.alloc(12);
    header.writeUInt32LE(bytes.length, 0);
    header.writeUInt32LE(tick, 4);
    return Buffer.concat([header, Buffer.from(bytes)]);
  };
  const key = frame(0, [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01, 5, 6, 7]);
  return Buffer.concat([clip('ivf').subarray(0, 32), key, frame(1, [0x11, 0, 0, 1]), frame(2, [0x11, 0, 0])]);
}

function readAll<Item>(create: (take: (item: Item) => void) => StreamReader, chunks: readonly Buffer[]): Item[] {
  const items: Item[] = [];
  const reader = create((item) => items.push(item));
  for (const chunk of chunks) reader.push(chunk);
  return items;
}

const streams: [string, Buffer, (chunks: readonly Buffer[]) => (EncodedFrame | SoundPacket)[]][] = [
  ['IVF', ivf(), (chunks) => readAll<EncodedFrame>(createIvfReader, chunks)],
  ['Ogg', clip('opus').subarray(0, 14_000), (chunks) => readAll<SoundPacket>(createOggReader, chunks)],
  ['FLV', flv(), (chunks) => readAll<EncodedFrame>(createFlvReader, chunks)],
];

test.each(streams)('%s reads the same however it is cut', (_, stream, read) => {
  const whole = read([stream]);
  expect(whole.length).toBeGreaterThan(1);
  fc.assert(
    fc.property(fc.array(fc.nat({ max: stream.length }), { maxLength: 30 }), (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), stream.length];
      const chunks = at.slice(1).map((end, index) => stream.subarray(at[index], end));
      expect(read(chunks)).toEqual(whole);
    }),
    { numRuns: 30 },
  );
});

test.each(streams)('%s with wrong bytes is read or malformed, and nothing else', (_, stream, read) => {
  const change = fc.tuple(fc.nat({ max: Math.min(stream.length, 400) - 1 }), fc.nat({ max: 255 }));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
      const wrong = Buffer.from(stream);
      for (const [at, byte] of changes) wrong[at] = byte;
      try {
        read([wrong]);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(MalformedStream);
      }
    }),
    { numRuns: 300 },
  );
});

test.each(streams)('%s from random bytes is malformed at the first sight', (_, __, read) => {
  expect(() => read([Buffer.alloc(2000, 0x61)])).toThrow(MalformedStream);
});

test('a demo clip has 15 pictures a second and a key frame each second, in both codecs', () => {
  const vp8 = readAll<EncodedFrame>(createIvfReader, [clip('ivf')]);
  const h264 = splitAccessUnits(clip('h264'));
  expect(h264.length).toBe(vp8.length);
  for (const frames of [vp8, h264]) {
    expect(frames.filter(({ key }) => key)).toHaveLength(frames.length / 15);
    expect(frames[0]?.key).toBe(true);
  }
  expect(vp8[15]?.atMs).toBeCloseTo(1000);
});

test('slices of one picture stay together, and what stands before a picture belongs to it', () => {
  const [sps, pps, sei, idr, idrMore, slice] = [
    [0x67, 1],
    [0x68, 1],
    [0x06, 1],
    [0x65, 0x80],
    [0x65, 0x40],
    [0x41, 0x80],
  ].map((bytes) => Buffer.from(bytes)) as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];
  const units = splitAccessUnits(joinNals([sps, pps, idr, idrMore, slice, sei, slice, sps, pps, idr]));
  expect(units).toEqual([
    { key: true, data: joinNals([sps, pps, idr, idrMore]) },
    { key: false, data: joinNals([slice]) },
    { key: false, data: joinNals([sei, slice]) },
    { key: true, data: joinNals([sps, pps, idr]) },
  ]);
  expect(splitAccessUnits(joinNals([sps, pps]))).toEqual([]);
});

test('FLV gives key frames their parameters and each picture its time, past 2^24 milliseconds too', () => {
  expect(readAll<EncodedFrame>(createFlvReader, [flv()])).toEqual([
    {
      key: true,
      atMs: 0,
      data: joinNals(
        [
          [0x67, 0x42, 0xc0, 0x1e],
          [0x68, 0xce],
          [0x65, 0x88],
        ].map((bytes) => Buffer.from(bytes)),
      ),
    },
    { key: false, atMs: 0x1000042, data: joinNals([Buffer.from([0x41, 0x9a])]) },
  ]);
});

test('lengths past their bounds are malformed before they are waited for', () => {
  const ivf = Buffer.from(clip('ivf').subarray(0, 44));
  ivf.writeUInt32LE(limits.frameBytesMax + 1, 32);
  expect(() => readAll<EncodedFrame>(createIvfReader, [ivf])).toThrow(MalformedStream);
  const tag = Buffer.concat([flv().subarray(0, 13), Buffer.from([9, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0])]);
  expect(() => readAll<EncodedFrame>(createFlvReader, [tag])).toThrow(MalformedStream);
  const page = (body: number) => {
    const header = Buffer.alloc(27);
    header.write('OggS', 'latin1');
    header[26] = body;
    return Buffer.concat([header, Buffer.alloc(body, 255), Buffer.alloc(body * 255)]);
  };
  const opus = clip('opus');
  const afterHeaders = opus.indexOf('OggS', opus.indexOf('OpusTags'));
  const endless = [opus.subarray(0, afterHeaders), page(40)];
  expect(() => readAll<SoundPacket>(createOggReader, endless)).toThrow(MalformedStream);
});

test.each([
  ['fc', 960],
  ['f8ff', 960],
  ['00', 480],
  ['18', 2880],
  ['60', 480],
  ['80', 120],
  ['fd', 1920],
  ['fb03', 2880],
  ['fb06', 5760],
  ['fb07', undefined],
  ['fb00', undefined],
  ['', undefined],
])('an Opus packet that begins with %s has %s samples', (hex, samples) => {
  expect(opusSamples(Buffer.from(hex, 'hex'))).toBe(samples);
});
