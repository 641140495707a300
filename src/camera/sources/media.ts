import type { VideoCodec } from '../../peer/index.ts';
import type { SourceFailure } from '../settings.ts';

/** One whole encoded picture: H.264 as Annex B, or one VP8 frame. */
export interface EncodedFrame {
  readonly key: boolean;
  readonly data: Buffer;
  /** Milliseconds on the source's own time line, never falling. */
  readonly atMs: number;
}

/** One Opus packet (RFC 6716). */
export interface SoundPacket {
  readonly data: Buffer;
  /** 48 kHz samples. */
  readonly samples: number;
}

/** Takes what a source plays, each thing at its time. */
export interface MediaSink {
  video(frame: EncodedFrame): void;
  sound(packet: SoundPacket): void;
  /** The source stopped by itself; nothing comes after. */
  failed(reason: SourceFailure): void;
}

export interface Playing {
  /** Nothing reaches the sink from here on. Resolves when every process is gone. */
  stop(): Promise<void>;
}

export interface MediaSource {
  /** What it can give, in its own order of preference. */
  readonly video: readonly VideoCodec[];
  /** Whether each of them costs the same, so that a viewer's own order counts. */
  readonly equal: boolean;
  readonly sound: boolean;
  play(codec: VideoCodec, sink: MediaSink): Playing;
}
