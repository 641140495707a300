import { createWriteStream, openSync, type WriteStream } from 'node:fs';
import { extname } from 'node:path';
import { WEBMContainer } from 'werift/nonstandard';
import { LatchkeyError } from '../base/index.ts';
import type { PictureSize } from './picture-assembler.ts';
import type { VideoFrame } from './settings.ts';

/** A file that a view is saved to, from its first key frame on. */
export interface Recording {
  video(frame: VideoFrame, size: PictureSize | undefined): void;
  /** One Opus packet; `timestamp` is its RTP time at 48 kHz. */
  sound(packet: Buffer, timestamp: number): void;
  /** Resolves with what first kept something from being written, such as a full disk; nothing is written after it. */
  readonly failure: Promise<LatchkeyError>;
  /** Resolves when all is written; rejects with `failure` when it cannot be. */
  close(): Promise<void>;
}

/**
 * Opens `file` at once and chooses the format by its ending. Throws `settings-invalid` for an ending that is not known and
 * for a file that cannot be written.
 */
export function createRecording(file: string): Recording {
  const ending = extname(file).toLowerCase();
  if (ending === '.h264') return recording(file, () => ({ start: () => [], video: ({ data }) => [data] }));
  if (ending === '.ivf') return recording(file, ivf);
  if (ending === '.webm' || ending === '.mkv') return recording(file, matroska);
  throw new LatchkeyError('settings-invalid', 'a view is saved as .h264, .ivf, .webm or .mkv');
}

/** Bytes of a format. Times are milliseconds since the first key frame. */
interface Format {
  start(frame: VideoFrame, size: PictureSize): Uint8Array[];
  video(frame: VideoFrame, atMs: number): Uint8Array[];
  sound?(packet: Buffer, atMs: number): Uint8Array[];
}

const videoTicksPerMs = 90;
const soundTicksPerMs = 48;

function recording(file: string, open: () => Format): Recording {
  const stream = createWriteStream(file, { fd: openedForWriting(file) });
  const failure = Promise.withResolvers<LatchkeyError>();
  let failed: LatchkeyError | undefined;
  stream.on('error', ({ message }) => {
    failed ??= new LatchkeyError('internal', undefined, { cause: new Error(`cannot save to ${file}: ${message}`) });
    failure.resolve(failed);
  });
  const format = open();
  const videoTime = elapsed(videoTicksPerMs);
  const soundTime = elapsed(soundTicksPerMs);
  let begun = false;
  const write = (pieces: Uint8Array[]) => {
    for (const piece of pieces) if (failed === undefined) stream.write(piece);
  };
  return {
    video(frame, size) {
      if (!begun && (!frame.key || size === undefined)) return;
      if (!begun && size !== undefined) write(format.start(frame, size));
      begun = true;
      write(format.video(frame, videoTime(frame.timestamp)));
    },
    sound(packet, timestamp) {
      if (begun) write(format.sound?.(packet, soundTime(timestamp)) ?? []);
    },
    failure: failure.promise,
    async close() {
      await closed(stream);
      if (failed !== undefined) throw failed;
    },
  };
}

function openedForWriting(file: string): number {
  try {
    return openSync(file, 'w');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LatchkeyError('settings-invalid', `the view cannot be saved: ${why}`, { cause });
  }
}

function closed(stream: WriteStream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once('close', resolve);
  stream.end();
  if (stream.closed) resolve();
  return promise;
}

/** Milliseconds since the first timestamp, across the wrap at 2^32. */
function elapsed(ticksPerMs: number): (timestamp: number) => number {
  let last: number | undefined;
  let ticks = 0;
  return (timestamp) => {
    const step = last === undefined ? 0 : (timestamp - last) | 0;
    last = timestamp;
    ticks += step;
    return Math.max(0, ticks / ticksPerMs);
  };
}

/** IVF with a time base of one millisecond. */
function ivf(): Format {
  return {
    start(frame, { width, height }) {
      const header = Buffer.alloc(32);
      header.write('DKIF', 0, 'latin1');
      header.writeUInt16LE(32, 6);
      header.write(frame.codec === 'VP8' ? 'VP80' : 'H264', 8, 'latin1');
      header.writeUInt16LE(width, 12);
      header.writeUInt16LE(height, 14);
      header.writeUInt32LE(1000, 16);
      header.writeUInt32LE(1, 20);
      return [header];
    },
    video({ data }, atMs) {
      const header = Buffer.alloc(12);
      header.writeUInt32LE(data.length, 0);
      header.writeBigUInt64LE(BigInt(Math.round(atMs)), 4);
      return [header, data];
    },
  };
}

const videoTrack = 1;
const soundTrack = 2;

/** Matroska, of which WebM is a part: each key frame begins a cluster, whose blocks have times relative to it. */
function matroska(): Format {
  let container: WEBMContainer | undefined;
  let clusterMs = 0;
  const block = (data: Buffer, key: boolean, track: number, atMs: number): Uint8Array[] => {
    const relativeMs = Math.round(atMs) - clusterMs;
    if (container === undefined || Math.abs(relativeMs) > 0x7fff) return [];
    return [container.createSimpleBlock(data, key, track, relativeMs)];
  };
  return {
    start(frame, { width, height }) {
      container = new WEBMContainer([
        {
          kind: 'video',
          codec: frame.codec === 'VP8' ? 'VP8' : 'MPEG4/ISO/AVC',
          trackNumber: videoTrack,
          width,
          height,
        },
        { kind: 'audio', codec: 'OPUS', trackNumber: soundTrack },
      ]);
      return [container.ebmlHeader, container.createSegment()];
    },
    video(frame, atMs) {
      if (!frame.key || container === undefined) return block(frame.data, false, videoTrack, atMs);
      clusterMs = Math.round(atMs);
      return [container.createCluster(clusterMs), ...block(frame.data, true, videoTrack, atMs)];
    },
    sound: (packet, atMs) => block(packet, true, soundTrack, atMs),
  };
}
