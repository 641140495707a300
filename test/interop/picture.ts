import { spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import { readQrCode } from '../support/browser.ts';
import type { ForeignPicture } from './foreign/stack.ts';

const width = 640;
const height = 360;

/** The device whose name is in the picture itself; undefined where there is none to read. */
export async function deviceIn(picture: ForeignPicture): Promise<string | undefined> {
  if (picture.kind === 'rgba') return readQrCode(picture.data, picture.width, picture.height);
  const rgba = await decode(picture.codec, picture.data);
  return rgba.length === width * height * 4 ? readQrCode(rgba, width, height) : undefined;
}

/** Decodes one key frame to RGBA; empty where it cannot be decoded. */
async function decode(codec: 'H264' | 'VP8', data: Uint8Array): Promise<Buffer> {
  const input = codec === 'H264' ? ['-f', 'h264'] : ['-f', 'ivf'];
  const output = ['-frames:v', '1', '-vf', `scale=${width}:${height}`, '-f', 'rawvideo', '-pix_fmt', 'rgba', 'pipe:1'];
  const child = spawn('ffmpeg', ['-v', 'error', ...input, '-i', 'pipe:0', ...output], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // A decoder that has seen enough reads no further.
  child.stdin.on('error', () => {});
  child.stdin.end(codec === 'H264' ? data : inIvf(data));
  return await buffer(child.stdout);
}

/** One VP8 frame in an IVF file: a header of 32 bytes, and one of 12 before the frame. The size is in the frame itself. */
function inIvf(frame: Uint8Array): Buffer {
  const header = Buffer.alloc(32 + 12);
  header.write('DKIF', 0, 'latin1');
  header.writeUInt16LE(32, 6);
  header.write('VP80', 8, 'latin1');
  header.writeUInt16LE(width, 12);
  header.writeUInt16LE(height, 14);
  header.writeUInt32LE(15, 16);
  header.writeUInt32LE(1, 20);
  header.writeUInt32LE(1, 24);
  header.writeUInt32LE(frame.length, 32);
  return Buffer.concat([header, frame]);
}
