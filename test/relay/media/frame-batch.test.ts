import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { FrameBatch, OnTheWay } from '../../../src/relay/media/frame-batch.ts';
import { dtls, rtp } from '../support/engine-harness.ts';

const media = rtp(1, 1, 'x'.repeat(1_188));
const roomFor = (way: OnTheWay, bytes: Buffer) => {
  let frames = 0;
  while (way.takes(bytes, 0, bytes.length)) frames++;
  return frames;
};

describe('what is on its way between two threads', () => {
  test('is bounded by its bytes', () => {
    const way = new OnTheWay(OnTheWay.newMemory(), 0);
    const large = Buffer.alloc(limits.tcpFrameBytesMax, 20);
    const each = large.length + limits.tcpOnTheWayFrameBytes;
    expect(roomFor(way, large)).toBe(Math.floor(limits.tcpOnTheWayBytesMax / each));
  });

  test('is bounded however small its frames are', () => {
    const way = new OnTheWay(OnTheWay.newMemory(), 0);
    expect(roomFor(way, Buffer.of(20))).toBeLessThan(limits.tcpOnTheWayBytesMax / limits.tcpOnTheWayFrameBytes);
  });

  test('has room for what steers a connection when it has none for media', () => {
    const way = new OnTheWay(OnTheWay.newMemory(), 0);
    roomFor(way, media);
    expect(way.takes(media, 0, media.length)).toBe(false);
    expect(way.takes(dtls, 0, dtls.length)).toBe(true);
  });

  test('makes room when it has come, and in its own direction alone', () => {
    const memory = OnTheWay.newMemory();
    const [sent, come, back] = [new OnTheWay(memory, 0), new OnTheWay(memory, 0), new OnTheWay(memory, 1)];
    const batch = new FrameBatch();
    const count = roomFor(sent, media);
    for (let n = 0; n < count; n++) batch.add(n, media, 0, media.length);
    expect(roomFor(back, media)).toBe(count);
    come.arrived(batch.take());
    expect([roomFor(sent, media), roomFor(back, media)]).toEqual([count, 0]);
  });
});

test('a batch is one block, from which each datagram comes out as it went in', () => {
  const batch = new FrameBatch();
  batch.add(7, media, 0, media.length);
  batch.add(9, dtls, 1, dtls.length);
  const { bytes, ends, connections } = batch.take();
  expect({ ends, connections }).toEqual({ ends: [media.length, media.length + dtls.length - 1], connections: [7, 9] });
  expect(Buffer.from(bytes)).toEqual(Buffer.concat([media, dtls.subarray(1)]));
  expect(batch.isEmpty).toBe(true);
});

test('a batch is full when another thread should have a pause after it', () => {
  const batch = new FrameBatch();
  for (let n = 1; n < limits.tcpFramesPerMessageMax; n++) batch.add(1, dtls, 0, dtls.length);
  expect(batch.isFull).toBe(false);
  batch.add(1, dtls, 0, dtls.length);
  expect(batch.isFull).toBe(true);
});
