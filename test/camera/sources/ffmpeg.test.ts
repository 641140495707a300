import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { limits, systemClock } from '../../../src/base/index.ts';
import type { SourceFailure } from '../../../src/camera/index.ts';
import { createFfmpegSource } from '../../../src/camera/sources/ffmpeg.ts';
import { fileInput, patternInput } from '../../../src/camera/sources/ffmpeg-arguments.ts';
import type { EncodedFrame, MediaSource } from '../../../src/camera/sources/media.ts';
import {
  nalType,
  nalTypes,
  readSequenceParameters,
  readVp8Header,
  splitNals,
  type VideoCodec,
} from '../../../src/peer/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { flv } from './small-flv.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ffmpeg-'));
  for (const [profile, file] of [
    ['baseline', 'baseline.mp4'],
    ['high', 'high.mp4'],
  ] as const) {
    const picture = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=15', '-t', '2', '-pix_fmt', 'yuv420p'];
    const encoder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-profile:v', profile, '-g', '15'];
    const reordered = profile === 'high' ? ['-bf', '2', '-preset', 'veryfast'] : ['-bf', '0'];
    execFileSync('ffmpeg', ['-v', 'error', ...picture, ...encoder, ...reordered, join(folder, file)]);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Plays until `count` frames have come, or until it fails. */
async function played(source: MediaSource, codec: VideoCodec, count: number) {
  const frames: EncodedFrame[] = [];
  let soundPackets = 0;
  const { promise, resolve } = Promise.withResolvers<SourceFailure | 'enough'>();
  const playing = source.play(codec, {
    video(frame) {
      frames.push(frame);
      if (frames.length >= count) resolve('enough');
    },
    sound: () => {
      soundPackets += 1;
    },
    failed: resolve,
  });
  const end = await promise;
  await playing.stop();
  return { frames, soundPackets, end };
}

const typesOf = (frame: EncodedFrame | undefined) => splitNals(frame?.data ?? Buffer.alloc(0)).map(nalType);
const program = (name: string, script: string) => {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
};

test('the test picture is a baseline H.264 of 640 × 360 with a key frame each second, and has a tone', async () => {
  const { frames, soundPackets } = await played(
    createFfmpegSource(() => patternInput('garden'), systemClock),
    'H264',
    20,
  );
  expect(frames.map(({ key }) => key).slice(0, 16)).toEqual([true, ...Array(14).fill(false), true]);
  const sps = splitNals(frames[0]?.data ?? Buffer.alloc(0)).find((nal) => nalType(nal) === nalTypes.sps);
  expect(sps?.[1]).toBe(66);
  expect(sps && readSequenceParameters(sps)).toMatchObject({ width: 640, height: 360 });
  expect(typesOf(frames[15])).toContain(nalTypes.sps);
  expect(soundPackets).toBeGreaterThan(0);
});

test('the test picture is there as VP8 too', async () => {
  const { frames } = await played(
    createFfmpegSource(() => patternInput('garden'), systemClock),
    'VP8',
    3,
  );
  expect(readVp8Header(frames[0]?.data ?? Buffer.alloc(0))).toEqual({ key: true, width: 640, height: 360 });
});

test.each([
  ['baseline.mp4', 'a baseline file keeps its own pictures'],
  ['high.mp4', 'a file with reordered pictures is encoded again, into baseline'],
])('%s: %s', async (file) => {
  const source = createFfmpegSource(() => fileInput(join(folder, file)), systemClock);
  const { frames, soundPackets } = await played(source, 'H264', 5);
  expect(frames[0]?.key).toBe(true);
  const sps = splitNals(frames[0]?.data ?? Buffer.alloc(0)).find((nal) => nalType(nal) === nalTypes.sps);
  expect(sps?.[1]).toBe(66);
  const times = frames.map(({ atMs }) => atMs);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(soundPackets).toBe(0);
});

test('what holds no video is unreadable', async () => {
  const file = join(folder, 'text.mp4');
  writeFileSync(file, 'no video');
  const { end } = await played(
    createFfmpegSource(() => fileInput(file), systemClock),
    'H264',
    1,
  );
  expect(end).toBe('unreadable');
});

test('a program that ends, or writes something else, is a failure', async () => {
  program('ffprobe', 'echo unused');
  const source = () => createFfmpegSource(() => patternInput('x'), systemClock, folder);
  program('ffmpeg', 'exit 1');
  expect((await played(source(), 'H264', 1)).end).toBe('exited');
  program('ffmpeg', 'printf %064d 0 >&3; exec sleep 60');
  expect((await played(source(), 'H264', 1)).end).toBe('malformed');
});

/** Plays a program that writes a first picture and then never ends, until that picture is there. */
async function stubborn(clock: ManualClock, script: string) {
  program('ffprobe', 'echo unused');
  writeFileSync(join(folder, 'small.flv'), flv());
  program('ffmpeg', `${script}; echo $$ > ${folder}/pid; cat ${folder}/small.flv >&3; while :; do sleep 0.05; done`);
  const seen = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<SourceFailure>();
  const playing = createFfmpegSource(() => patternInput('x'), clock, folder).play('H264', {
    video: () => seen.resolve(),
    sound: () => {},
    failed: failed.resolve,
  });
  await seen.promise;
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
  onTestFinished(() => {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
  return { playing, failed: failed.promise, isAlive: () => isAlive(pid) };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('no process outlives the stop', async () => {
  const clock = new ManualClock();
  const { playing, isAlive } = await stubborn(clock, ':');
  expect(isAlive()).toBe(true);
  await playing.stop();
  expect(isAlive()).toBe(false);
  expect(clock.pending).toBe(0);
});

test('a program that says nothing is given up', async () => {
  const clock = new ManualClock();
  const { playing, failed } = await stubborn(clock, ':');
  clock.advance(limits.sourceSilentMsMax - 1);
  clock.advance(1);
  expect(await failed).toBe('silent');
  await playing.stop();
});

test('a program that does not listen is ended all the same', async () => {
  const clock = new ManualClock();
  const { playing, isAlive } = await stubborn(clock, "trap '' TERM PIPE");
  const stopped = playing.stop();
  expect(isAlive()).toBe(true);
  clock.advance(limits.processEndMsMax);
  await stopped;
  expect(isAlive()).toBe(false);
});
