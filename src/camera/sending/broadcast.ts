import { type Clock, limits, type RandomSource, type Timer } from '../../base/index.ts';
import { createBackoff, type VideoCodec } from '../../peer/index.ts';
import type { CameraObserver, SourceFailure } from '../settings.ts';
import type { MediaSource, Playing, SoundPacket } from '../sources/media.ts';
import { createPacketizer } from './packetizer.ts';
import { type PacketizedFrame, RecentFrames } from './recent-frames.ts';

/** Somebody who watches. */
export interface Listener {
  frame(frame: PacketizedFrame): void;
  sound(packet: SoundPacket): void;
}

/** One source in one codec, packetized once for all who watch. It plays only while somebody does. */
export interface Broadcast {
  /** From here on the listener gets each frame. Gives the way to leave. */
  join(listener: Listener): () => void;
  /** The last key frame and what followed; empty where there is none to give. */
  readonly recent: readonly PacketizedFrame[];
  /** Resolves when every process is gone. */
  close(): Promise<void>;
}

export function createBroadcast(
  source: MediaSource,
  codec: VideoCodec,
  powers: { readonly clock: Clock; readonly random: RandomSource },
  observer: CameraObserver,
): Broadcast {
  const { clock, random } = powers;
  const listeners = new Set<Listener>();
  const recent = new RecentFrames();
  const packetize = createPacketizer(codec);
  const backoff = createBackoff(limits.sourceRestartMsFirst, limits.sourceRestartMsMax, random);
  let playing: Playing | undefined;
  let restart: Timer | undefined;
  let stopping: Promise<void> = Promise.resolve();
  let startedMs = 0;
  let lastMs = 0;

  function start(): void {
    if (lastMs === 0) startedMs = clock.now();
    let offsetMs: number | undefined;
    playing = source.play(codec, {
      video(frame) {
        backoff.reset();
        // A source that starts again begins at its own zero; the broadcast's time goes on.
        offsetMs ??= Math.max(clock.now() - startedMs, lastMs + 1) - frame.atMs;
        const payloads = packetize(frame.data, frame.key);
        if (payloads.length === 0) return;
        lastMs = Math.max(frame.atMs + offsetMs, lastMs + minimalGapMs);
        const packetized = { key: frame.key, payloads, atMs: lastMs };
        recent.push(packetized);
        for (const listener of listeners) listener.frame(packetized);
      },
      sound(packet) {
        for (const listener of listeners) listener.sound(packet);
      },
      failed,
    });
    observer.sourceStarted?.();
  }

  function failed(reason: SourceFailure): void {
    stop();
    const retryMs = backoff.next();
    restart = clock.after(retryMs, start);
    observer.sourceFailed?.(reason, retryMs);
  }

  function stop(): void {
    restart?.cancel();
    recent.clear();
    if (playing === undefined) return;
    stopping = Promise.all([stopping, playing.stop()]).then(() => {});
    playing = undefined;
    observer.sourceStopped?.();
  }

  return {
    get recent() {
      return recent.frames;
    },
    join(listener) {
      listeners.add(listener);
      if (listeners.size === 1) start();
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) stop();
      };
    },
    async close() {
      listeners.clear();
      stop();
      await stopping;
    },
  };
}

const minimalGapMs = 0.1;
