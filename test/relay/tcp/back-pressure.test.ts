import { Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { rtp } from '../support/engine-harness.ts';
import { TcpHarness } from '../support/tcp-harness.ts';
import type { TcpPeer } from '../support/tcp-peer.ts';

const size = 1_200;

function media(number: number): Buffer {
  return Buffer.concat([rtp(number), Buffer.alloc(size)]);
}

function control(number: number): Buffer {
  const bytes = Buffer.alloc(40, 22);
  bytes.writeUInt32BE(number, 36);
  return bytes;
}

const isMedia = (frame: Buffer) => frame.readUInt8(0) === 0x80;
const mediaNumber = (frame: Buffer) => frame.readUInt16BE(2);
const controlNumber = (frame: Buffer) => frame.readUInt32BE(36);

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Reads frames until one is equal to `last`, which it leaves out. */
async function readUntil(peer: TcpPeer, last: Buffer): Promise<Buffer[]> {
  const frames: Buffer[] = [];
  for (let next = await peer.next(); !next.equals(last); next = await peer.next()) frames.push(next);
  return frames;
}

/** The most bytes that any socket had in its own buffer when it was given more. */
function mostBuffered(): () => number {
  const { write } = Socket.prototype;
  let most = 0;
  vi.spyOn(Socket.prototype, 'write').mockImplementation(function (this: Socket, ...parameters: unknown[]) {
    most = Math.max(most, this.writableLength);
    return Reflect.apply(write, this, parameters);
  });
  return () => most;
}

afterEach(() => {
  vi.restoreAllMocks();
});

test('a reader that stands still misses the oldest media, and nothing else', async () => {
  await using harness = await TcpHarness.open();
  await using viewer = await harness.claimed();
  const { listener } = harness;
  const send = (bytes: Buffer) => listener.send(viewer.connection, bytes, 0, bytes.length);
  viewer.peer.stopReading();
  const buffered = mostBuffered();

  let [medias, controls] = [0, 0];
  const drops: number[] = [];
  while (listener.counters.mediaDropped < 200) {
    for (let n = 0; n < 10; n++) send(media(medias++));
    send(control(controls++));
    drops.push(listener.counters.mediaDropped);
    await turn();
  }
  const { mediaDropped } = listener.counters;
  expect(drops.filter((count) => count === 0).length).toBeGreaterThan(limits.tcpSocketBytesMax / (10 * size));
  const last = Buffer.from([20, 1, 2, 3]);
  send(last);
  viewer.peer.readOn();
  const frames = await readUntil(viewer.peer, last);

  expect(frames.filter((frame) => !isMedia(frame)).map(controlNumber)).toEqual([...Array(controls).keys()]);
  const numbers = frames.filter(isMedia).map(mediaNumber);
  const firstMissing = numbers.findIndex((number, index) => number !== index);
  const missing = medias - numbers.length;
  expect(missing).toBe(listener.counters.mediaDropped);
  expect(missing).toBeGreaterThanOrEqual(mediaDropped);
  expect(numbers).toEqual([...Array(medias).keys()].filter((n) => n < firstMissing || n >= firstMissing + missing));
  expect((medias - firstMissing - missing) * size).toBeLessThanOrEqual(limits.tcpQueueBytesMax);
  expect(listener.counters.framesOut).toBe(frames.length + 2);
  expect(buffered()).toBeGreaterThan(limits.tcpSocketBytesMax / 2);
  expect(buffered()).toBeLessThan(limits.tcpSocketBytesMax);

  for (let n = 0; n < 20; n++) send(control(n));
  for (let n = 0; n < 20; n++) expect(await viewer.peer.next()).toEqual(control(n));
});

test('frames are in order where media and the rest wait together', async () => {
  await using harness = await TcpHarness.open();
  await using viewer = await harness.claimed();
  const { listener } = harness;
  const count = Math.floor((limits.tcpSocketBytesMax + limits.tcpQueueBytesMax / 2) / size);
  const sent = Array.from({ length: count }, (_, n) => (n % 3 === 0 ? control(n) : media(n)));
  for (const bytes of sent) listener.send(viewer.connection, bytes, 0, bytes.length);
  for (const bytes of sent) expect((await viewer.peer.next()).equals(bytes)).toBe(true);
  expect(listener.counters).toMatchObject({ mediaDropped: 0, framesOut: count + 1 });
});

test('a connection on which too much waits that may not be dropped ends, told after the call', async () => {
  await using harness = await TcpHarness.open();
  await using viewer = await harness.claimed();
  await using other = await harness.claimed();
  const { listener } = harness;
  viewer.peer.stopReading();
  let during = true;
  harness.onClosed = () => expect(during).toBe(false);

  const bytes = Buffer.alloc(limits.tcpFrameBytesMax, 22);
  let sent = 0;
  for (; listener.open === 2 && sent < 1_000; sent++) listener.send(viewer.connection, bytes, 0, bytes.length);
  during = false;

  expect(sent * bytes.length).toBeLessThan(limits.tcpSocketBytesMax + limits.tcpQueueBytesMax + 2 * bytes.length);
  expect(await harness.closings.next()).toEqual([viewer.connection, 'overflow']);
  listener.send(other.connection, Buffer.from('unharmed'), 0, 8);
  expect((await other.peer.next()).toString()).toBe('unharmed');
});
