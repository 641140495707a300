import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClipSource } from '../../../src/camera/sources/clip.ts';
import type { EncodedFrame, SoundPacket } from '../../../src/camera/sources/media.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const garden = fileURLToPath(new URL('../../../config/demo/maple-garden', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clip-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function played(path: string, codec: 'H264' | 'VP8', clock = new ManualClock()) {
  const frames: (EncodedFrame & { seenMs: number })[] = [];
  const sound: (SoundPacket & { seenMs: number })[] = [];
  const startMs = clock.now();
  const playing = createClipSource(path, clock).play(codec, {
    video: (frame) => frames.push({ ...frame, seenMs: clock.now() - startMs }),
    sound: (packet) => sound.push({ ...packet, seenMs: clock.now() - startMs }),
    failed: () => {},
  });
  return { frames, sound, playing, clock };
}

test('a clip has the codecs whose files are there, and waits for nobody to play it', () => {
  const clock = new ManualClock();
  expect(createClipSource(garden, clock)).toMatchObject({ video: ['H264', 'VP8'], sound: true, equal: true });
  copyFileSync(`${garden}.ivf`, join(folder, 'silent.ivf'));
  expect(createClipSource(join(folder, 'silent'), clock)).toMatchObject({ video: ['VP8'], sound: false });
  expect(clock.pending).toBe(0);
});

test.each(['H264', 'VP8'] as const)('%s begins with a key frame, and each frame comes at its time', (codec) => {
  const { frames, sound, clock } = played(garden, codec);
  clock.advance(3000);
  expect(frames).toHaveLength(46);
  expect(frames[0]?.key).toBe(true);
  for (const frame of frames) expect(Math.abs(frame.seenMs - frame.atMs)).toBeLessThanOrEqual(1);
  expect(sound.length).toBeGreaterThanOrEqual(150);
  for (const [index, packet] of sound.entries()) expect(Math.abs(packet.seenMs - index * 20)).toBeLessThanOrEqual(1);
});

test('the end goes over into the beginning, and time goes on', () => {
  const { frames, sound, clock } = played(garden, 'H264');
  clock.advance(20_000);
  expect(frames.length).toBeGreaterThan(290);
  const steps = frames.slice(1).map((frame, index) => frame.atMs - (frames[index]?.atMs ?? 0));
  expect(Math.min(...steps)).toBeGreaterThan(60);
  expect(Math.max(...steps)).toBeLessThan(75);
  expect(frames.filter(({ key }) => key).length).toBe(Math.ceil(frames.length / 15));
  expect(Math.abs(sound.length * 20 - 20_000)).toBeLessThan(100);
});

test('after a sleep of the machine it goes on, without all that was missed', () => {
  const { frames, clock } = played(garden, 'H264');
  clock.advance(1000);
  const before = frames.length;
  const asleep = new ManualClock(clock.now() + 3_600_000);
  Object.assign(clock, { now: () => asleep.now() });
  clock.advance(100);
  expect(frames.length - before).toBeLessThan(5);
});

test('nothing comes after the stop', async () => {
  const { frames, playing, clock } = played(garden, 'VP8');
  clock.advance(500);
  await playing.stop();
  const before = frames.length;
  clock.advance(5000);
  expect(frames).toHaveLength(before);
  expect(clock.pending).toBe(0);
});

test('where no clip is, or none that can be played, the error names the file', () => {
  const clock = new ManualClock();
  const invalid = (name: string) => () => createClipSource(join(folder, name), clock);
  expect(invalid('none')).toThrow(join(folder, 'none.h264'));
  writeFileSync(join(folder, 'rubbish.ivf'), 'rubbish '.repeat(10));
  expect(invalid('rubbish')).toThrow('rubbish.ivf');
  writeFileSync(join(folder, 'empty.h264'), '');
  expect(invalid('empty')).toThrow('empty.h264');
  copyFileSync(`${garden}.ivf`, join(folder, 'noise.ivf'));
  writeFileSync(join(folder, 'noise.opus'), 'noise '.repeat(10));
  expect(invalid('noise')).toThrow('noise.opus');
});
