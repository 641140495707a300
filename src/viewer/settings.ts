import type { Clock, RandomSource } from '../base/index.ts';
import type { DropReason, VideoCodec } from '../peer/index.ts';

export interface ViewSettings {
  /** The relay, as `http(s)://host:port` or `ws(s)://host:port`. */
  readonly relay: string;
  /** PEM file with the certificate of a private CA that signed the relay's. */
  readonly caFile?: string | undefined;
  readonly device: string;
  readonly token: () => Promise<string>;
  /** In order of preference; H.264, then VP8, when left out. */
  readonly codecs?: readonly VideoCodec[] | undefined;
  /** True when left out. */
  readonly audio?: boolean | undefined;
  /** A file to save to: `.h264` or `.ivf` (video alone, as it came), or `.webm` or `.mkv` (with sound). */
  readonly saveTo?: string | undefined;
  /** Ends by itself that long after the first frame. */
  readonly seconds?: number | undefined;
  /** False leaves the offer to the camera, as in plain ONVIF. True when left out. */
  readonly offer?: boolean | undefined;
}

export interface ViewPowers {
  readonly clock: Clock;
  readonly random: RandomSource;
}

/** How the time to the first frame was spent, in milliseconds; the parts add up to `totalMs`. */
export interface FirstFrame {
  readonly codec: VideoCodec;
  readonly signalingMs: number;
  readonly iceMs: number;
  readonly dtlsMs: number;
  readonly firstPacketMs: number;
  /** From the first packet to the first whole key frame. */
  readonly firstFrameMs: number;
  readonly totalMs: number;
}

/** One whole picture, still encoded. */
export interface VideoFrame {
  readonly codec: VideoCodec;
  readonly key: boolean;
  /** RTP time, 90 kHz, modulo 2^32. */
  readonly timestamp: number;
  /** H.264 as Annex B, or one VP8 frame. */
  readonly data: Buffer;
}

export interface ViewStats {
  readonly session: string | undefined;
  readonly firstFrame: FirstFrame | undefined;
  readonly codec: VideoCodec | undefined;
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly frames: number;
  readonly keyFrames: number;
  /** Averages since the first packet. */
  readonly framesPerSecond: number;
  readonly bitsPerSecond: number;
  readonly videoPackets: number;
  readonly audioPackets: number;
  readonly bytes: number;
  /** Video packets that never came, not even again. */
  readonly lost: number;
  readonly keyFrameRequests: number;
}

export interface ViewObserver {
  /** `signaling`, `connecting`, `connected`, `watching`, `ended`, in this order; and again from the start where the relay moved. */
  stateChanged?(state: ViewState): void;
  firstFrame?(timing: FirstFrame): void;
  frame?(frame: VideoFrame): void;
  datagramDropped?(reason: DropReason): void;
}

export type ViewState = 'signaling' | 'connecting' | 'connected' | 'watching' | 'ended';

export interface View {
  readonly state: ViewState;
  readonly stats: ViewStats;
  /** Resolves with the first whole key frame; rejects with a `LatchkeyError` when it will never come. */
  readonly firstFrame: Promise<FirstFrame>;
  /** Resolves, never rejects, with why it ended: an `EndReason` of the relay, an `ErrorCode`, or what this side did (`closed`, `save-failed`). */
  readonly ended: Promise<string>;
  /** Restarts ICE, for a network that changed; the session and its media go on. Throws the relay's refusal, or `out-of-order` before the first frame. */
  restart(): Promise<void>;
  /**
   * Leaves the session and closes all; a second call waits for the same. Rejects with a `LatchkeyError` when not all that
   * was to be saved is in its file, whoever ended the view.
   */
  close(): Promise<void>;
}
