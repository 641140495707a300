import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readQrCode } from '../support/browser.ts';

const folder = new URL('../../config/demo/', import.meta.url);
const devices = ['maple-front-door', 'maple-garden', 'harbour-driveway', 'harbour-nursery'];
const width = 640;
const height = 360;
/** Frames in a key frame's shadow, at its end, and where something covers the scene. */
const looked = [0, 14, 37, 52, 71, 96, 119];

describe.each(devices)('the clip of %s', (device) => {
  test.each(['h264', 'ivf'])('bears the id of its camera in each picture (%s)', (kind) => {
    const pictures = decode(`${device}.${kind}`);
    expect(pictures.length).toBe(looked.length);
    for (const picture of pictures) expect(readQrCode(picture, width, height)).toBe(device);
  });

  test('is H.264 that starts anew each second, with its parameter sets', () => {
    const units = nalTypes(readFileSync(new URL(`${device}.h264`, folder)));
    const pictures = units.filter((type) => type === 1 || type === 5);
    expect(pictures.length).toBe(120);
    expect(pictures.flatMap((type, index) => (type === 5 ? [index] : []))).toEqual([0, 15, 30, 45, 60, 75, 90, 105]);
    expect(new Set(units)).toEqual(new Set([1, 5, 7, 8]));
    for (const [index, type] of units.entries()) {
      if (type === 5) expect(units.slice(index - 2, index)).toEqual([7, 8]);
    }
  });

  test('is H.264 Constrained Baseline', () => {
    const bytes = readFileSync(new URL(`${device}.h264`, folder));
    const [profile, constraints] = [bytes[5], bytes[6]];
    expect(profile).toBe(66);
    expect((constraints ?? 0) & 0x40).toBe(0x40);
  });

  test('is VP8 of the same length that starts anew each second', () => {
    const frames = ivfFrames(readFileSync(new URL(`${device}.ivf`, folder)));
    expect(frames.length).toBe(120);
    // RFC 6386 section 9.1: the lowest bit of a key frame's first byte is 0.
    const keys = frames.flatMap((frame, index) => (((frame[0] ?? 1) & 1) === 0 ? [index] : []));
    expect(keys).toEqual([0, 15, 30, 45, 60, 75, 90, 105]);
  });

  test('has sound of at most 32 kbit/s', () => {
    const bytes = readFileSync(new URL(`${device}.opus`, folder));
    expect(bytes.subarray(28, 36).toString('latin1')).toBe('OpusHead');
    expect(bytes.length * 8).toBeLessThan(32_000 * 8);
  });
});

test('all clips together stay small', () => {
  const clips = readdirSync(folder).filter((name) => /\.(h264|ivf|opus)$/.test(name));
  expect(clips.length).toBe(devices.length * 3);
  const bytes = clips.reduce((sum, name) => sum + statSync(new URL(name, folder)).size, 0);
  expect(bytes).toBeLessThan(2_500_000);
});

/** Decodes the looked-at frames to RGBA. */
function decode(clip: string): Buffer[] {
  const select = looked.map((frame) => `eq(n,${frame})`).join('+');
  const args = ['-v', 'error', '-i', clip, '-vf', `select='${select}'`, '-fps_mode', 'passthrough'];
  const raw = execFileSync('ffmpeg', [...args, '-f', 'rawvideo', '-pix_fmt', 'rgba', '-'], {
    cwd: folder,
    maxBuffer: 64 * 1024 * 1024,
  });
  const size = width * height * 4;
  return Array.from({ length: raw.length / size }, (_, index) => raw.subarray(index * size, (index + 1) * size));
}

function nalTypes(bytes: Buffer): number[] {
  const types: number[] = [];
  for (let at = bytes.indexOf('000001', 0, 'hex'); at >= 0; at = bytes.indexOf('000001', at + 3, 'hex')) {
    types.push((bytes[at + 3] ?? 0) & 31);
  }
  return types;
}

function ivfFrames(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 32; at < bytes.length; ) {
    const size = bytes.readUInt32LE(at);
    frames.push(bytes.subarray(at + 12, at + 12 + size));
    at += 12 + size;
  }
  return frames;
}
