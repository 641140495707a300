import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseSource } from '../../../src/camera/index.ts';
import { createSource } from '../../../src/camera/sources/create-source.ts';
import {
  ffmpegArguments,
  patternInput,
  probeArguments,
  readProbe,
  rtspInput,
} from '../../../src/camera/sources/ffmpeg-arguments.ts';
import { findProgram } from '../../../src/camera/sources/find-program.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const garden = fileURLToPath(new URL('../../../config/demo/maple-garden', import.meta.url));

test.each([
  ['pattern', { kind: 'pattern' }],
  ['rtsp://u:p@192.0.2.1/s', { kind: 'rtsp', url: 'rtsp://u:p@192.0.2.1/s' }],
  ['RTSPS://host/s', { kind: 'rtsp', url: 'RTSPS://host/s' }],
  [garden, { kind: 'clip', path: garden }],
  [`${garden}.h264`, { kind: 'clip', path: garden }],
  ['/a/film.mp4', { kind: 'file', path: '/a/film.mp4' }],
])('%s is read as its kind', (text, source) => {
  expect(parseSource(text)).toEqual(source);
});

test.each([
  [{ kind: 'file', path: '/nowhere/film.mp4' } as const, '/nowhere/film.mp4'],
  [{ kind: 'file', path: '/tmp' } as const, '/tmp'],
  [{ kind: 'clip', path: '/nowhere/clip' } as const, '/nowhere/clip.h264'],
  [{ kind: 'rtsp', url: 'http://host/' } as const, 'rtsp://'],
  [{ kind: 'rtsp', url: 'rtsp://host/\nfile /etc/passwd' } as const, 'rtsp://'],
  [{ kind: 'rtsp', url: 'rtsp://host:port/' } as const, 'rtsp://'],
])('%j is refused before it is started', (source, words) => {
  expect(() => createSource(source, () => 'x', new ManualClock())).toThrow(words);
});

test('a program that is missing is named with its Debian package', () => {
  expect(() => findProgram('ffmpeg', 'ffmpeg', '/nowhere:')).toThrow('apt-get install ffmpeg');
  expect(findProgram('sh', 'dash', '/nowhere:/bin')).toBe('/bin/sh');
});

test.each([
  [{ codec_name: 'h264', profile: 'Constrained Baseline', has_b_frames: 0 }, true],
  [{ codec_name: 'h264', profile: 'Baseline', has_b_frames: 0 }, true],
  [{ codec_name: 'h264', profile: 'Main', has_b_frames: 0 }, false],
  [{ codec_name: 'h264', profile: 'Baseline', has_b_frames: 1 }, false],
  [{ codec_name: 'hevc', profile: 'Main' }, false],
])('video %j is copied: %s', (stream, copyable) => {
  const probed = readProbe(JSON.stringify({ streams: [{ codec_type: 'audio' }, { codec_type: 'video', ...stream }] }));
  expect(probed).toEqual({ copyable, sound: true });
});

test.each(['', '{}', '{"streams":[{"codec_type":"audio"}]}', '{"streams":[7]}'])('%j has no video', (json) => {
  expect(readProbe(json)).toBeUndefined();
});

test('what can be copied is copied as H.264, and encoded as VP8', () => {
  const content = { copyable: true, sound: false };
  const input = rtspInput('rtsp://192.0.2.1/s');
  expect(ffmpegArguments(input, content, 'H264')).toContain('copy');
  expect(ffmpegArguments(input, content, 'VP8')).toContain('libvpx');
  expect(ffmpegArguments(input, { ...content, copyable: false }, 'H264')).toContain('libx264');
  expect(ffmpegArguments(input, content, 'H264')).not.toContain('libopus');
});

test('a password goes to standard input, and into no command line', () => {
  const input = rtspInput("rtsp://cam:s'ecret@192.0.2.1/s");
  expect(input.script?.split('\n')).toEqual(
    expect.arrayContaining(["file 'rtsp://cam:s'\\''ecret@192.0.2.1/s'", 'option rtsp_transport tcp']),
  );
  const lines = [probeArguments(input), ffmpegArguments(input, { copyable: true, sound: true }, 'H264')];
  expect(lines.flat().join(' ')).not.toContain('192.0.2.1');
});

test('a name in the test picture is text and nothing more', () => {
  const picture = patternInput("x':textfile=/etc/passwd,%{eif}[a]").arguments.join(' ');
  expect(picture).not.toMatch(/x'|textfile=|%\{eif|\[a\]/);
});
