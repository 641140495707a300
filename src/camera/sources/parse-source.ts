import { existsSync } from 'node:fs';
import type { CameraSource } from '../settings.ts';

const clipEndings = ['.h264', '.ivf', '.opus'];

/**
 * Reads a source as an operator writes it: `pattern`, an `rtsp(s)://` URL, a clip (its path without an ending, or any of
 * its files), or the path of any other video file. Whether it is really there is found out by `startCamera`.
 */
export function parseSource(text: string): CameraSource {
  if (text === 'pattern') return { kind: 'pattern' };
  if (/^rtsps?:\/\//i.test(text)) return { kind: 'rtsp', url: text };
  const ending = clipEndings.find((candidate) => text.endsWith(candidate));
  if (ending !== undefined) return { kind: 'clip', path: text.slice(0, -ending.length) };
  const isClip = clipEndings.some((candidate) => existsSync(text + candidate));
  return isClip ? { kind: 'clip', path: text } : { kind: 'file', path: text };
}
