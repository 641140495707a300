import { readFileSync, statSync } from 'node:fs';
import { type Clock, LatchkeyError, limits, type Timer } from '../../base/index.ts';
import { nalType, nalTypes, readSequenceParameters, splitNals, type VideoCodec } from '../../peer/index.ts';
import { splitAccessUnits } from './access-units.ts';
import { createIvfReader } from './ivf.ts';
import type { EncodedFrame, MediaSink, MediaSource, Playing, SoundPacket } from './media.ts';
import { createOggReader } from './ogg.ts';

const assumedFramesPerSecond = 25;
const samplesPerMs = 48;

interface Clip {
  /** Each begins with a key frame and plays from 0 to `lengthMs`. */
  readonly video: Readonly<Partial<Record<VideoCodec, readonly EncodedFrame[]>>>;
  readonly sound: readonly SoundPacket[];
  readonly lengthMs: number;
}

/**
 * A source of encoded files side by side: `<path>.h264`, `<path>.ivf` and `<path>.opus`, the first two as they exist. They
 * are read now, and played from the start when the first viewer comes. Throws `settings-invalid`.
 */
export function createClipSource(path: string, clock: Clock): MediaSource {
  const clip = loadClip(path);
  const codecs = (['H264', 'VP8'] as const).filter((codec) => clip.video[codec] !== undefined);
  return {
    video: codecs,
    equal: true,
    sound: clip.sound.length > 0,
    play(codec, sink) {
      const frames = clip.video[codec];
      if (frames === undefined) throw new TypeError(`The clip has no ${codec}.`);
      return playClip(frames, clip, sink, clock);
    },
  };
}

/** Plays one loop after the other. Sound starts anew with each, so that it never drifts away from the picture. */
function playClip(frames: readonly EncodedFrame[], clip: Clip, sink: MediaSink, clock: Clock): Playing {
  let loopStartMs = clock.now();
  let playedMs = 0;
  let frameAt = 0;
  let soundAt = 0;
  let soundMs = 0;
  let timer: Timer | undefined;

  function dueMs(): number {
    const frame = frames[frameAt];
    const sound = clip.sound[soundAt];
    const soundDue = sound === undefined ? clip.lengthMs : soundMs;
    return Math.min(frame?.atMs ?? clip.lengthMs, soundDue, clip.lengthMs);
  }

  function playDue(): void {
    const frame = frames[frameAt];
    const sound = clip.sound[soundAt];
    if (frame !== undefined && frame.atMs <= (sound === undefined ? clip.lengthMs : soundMs)) {
      frameAt += 1;
      sink.video({ ...frame, atMs: playedMs + frame.atMs });
    } else if (sound !== undefined && soundMs < clip.lengthMs) {
      soundAt += 1;
      soundMs += sound.samples / samplesPerMs;
      sink.sound(sound);
    } else {
      playedMs += clip.lengthMs;
      loopStartMs += clip.lengthMs;
      frameAt = 0;
      soundAt = 0;
      soundMs = 0;
    }
  }

  function step(): void {
    const lateMs = clock.now() - loopStartMs - dueMs();
    // A machine that slept goes on where it was, and does not send at once what it missed.
    if (lateMs > clip.lengthMs) loopStartMs += lateMs;
    while (timer !== undefined && loopStartMs + dueMs() <= clock.now()) playDue();
    if (timer !== undefined) timer = clock.after(Math.max(0, loopStartMs + dueMs() - clock.now()), step);
  }

  timer = clock.after(0, step);
  return {
    stop() {
      timer?.cancel();
      timer = undefined;
      return Promise.resolve();
    },
  };
}

function loadClip(path: string): Clip {
  const vp8 = readVp8(`${path}.ivf`);
  const msPerFrame = vp8 === undefined ? undefined : lengthOf(vp8) / vp8.length;
  const h264 = readH264(`${path}.h264`, msPerFrame);
  const longest = h264 ?? vp8;
  if (longest === undefined) {
    throw new LatchkeyError('settings-invalid', `there is no clip at ${path}.h264 or ${path}.ivf`);
  }
  const sound: SoundPacket[] = [];
  const file = readBounded(`${path}.opus`);
  if (file !== undefined) {
    readable(`${path}.opus`, () => createOggReader((packet) => sound.push(packet)).push(file));
  }
  return {
    video: { ...(h264 === undefined ? {} : { H264: h264 }), ...(vp8 === undefined ? {} : { VP8: vp8 }) },
    sound,
    lengthMs: lengthOf(longest),
  };
}

function readH264(file: string, msPerFrameKnown: number | undefined): EncodedFrame[] | undefined {
  const stream = readBounded(file);
  if (stream === undefined) return undefined;
  const parameters = splitNals(stream.subarray(0, 64 * 1024)).find((nal) => nalType(nal) === nalTypes.sps);
  const rate = parameters === undefined ? undefined : readSequenceParameters(parameters)?.framesPerSecond;
  const msPerFrame = rate === undefined ? (msPerFrameKnown ?? 1000 / assumedFramesPerSecond) : 1000 / rate;
  const units = splitAccessUnits(stream);
  return fromKeyFrame(
    units.map((unit, index) => ({ ...unit, atMs: index * msPerFrame })),
    file,
  );
}

function readVp8(file: string): EncodedFrame[] | undefined {
  const stream = readBounded(file);
  if (stream === undefined) return undefined;
  const frames: EncodedFrame[] = [];
  readable(file, () => createIvfReader((frame) => frames.push(frame)).push(stream));
  return fromKeyFrame(frames, file);
}

/** Leaves out what cannot be decoded at the start, and lets the rest begin at 0. */
function fromKeyFrame(frames: readonly EncodedFrame[], file: string): EncodedFrame[] {
  const first = frames.findIndex(({ key }) => key);
  const startMs = frames[first]?.atMs;
  if (startMs === undefined) throw new LatchkeyError('settings-invalid', `the clip has no key frame: ${file}`);
  return frames.slice(first).map((frame) => ({ ...frame, atMs: frame.atMs - startMs }));
}

/** A clip's last frame lasts as long as the others do. */
function lengthOf(frames: readonly EncodedFrame[]): number {
  const last = frames.at(-1)?.atMs ?? 0;
  return frames.length < 2 ? 1000 / assumedFramesPerSecond : (last * frames.length) / (frames.length - 1);
}

function readBounded(file: string): Buffer | undefined {
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) return undefined;
  if (size > limits.clipBytesMax) throw new LatchkeyError('settings-invalid', `the clip is too large: ${file}`);
  return readFileSync(file);
}

function readable(file: string, read: () => void): void {
  try {
    read();
  } catch (cause) {
    throw new LatchkeyError('settings-invalid', `the clip cannot be read: ${file}`, { cause });
  }
}
