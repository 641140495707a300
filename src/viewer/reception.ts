import type { RtpPacket } from 'werift';
import type { Clock } from '../base/index.ts';
import { type GuardedPeer, type VideoCodec, videoCodecOf } from '../peer/index.ts';
import { PictureAssembler } from './picture-assembler.ts';
import type { Recording } from './recording.ts';
import type { VideoFrame, ViewStats } from './settings.ts';

type MediaStats = Omit<ViewStats, 'session' | 'firstFrame' | 'keyFrameRequests'>;

/** What comes from the camera: pictures and sound, counted, given on, and saved. */
export class Reception {
  readonly #clock: Clock;
  readonly #recording: Recording | undefined;
  readonly #frame: (frame: VideoFrame) => void;
  readonly #firstPacket: () => void;
  #assembler: PictureAssembler | undefined;
  #codec: VideoCodec | undefined;
  #startMs: number | undefined;
  #endMs: number | undefined;
  #counts = { frames: 0, keyFrames: 0, videoPackets: 0, audioPackets: 0, bytes: 0 };
  #lostBefore = 0;
  /** The stream that key frames are asked of; undefined before its first packet. */
  ssrc: number | undefined;

  constructor(
    clock: Clock,
    recording: Recording | undefined,
    told: { frame(frame: VideoFrame): void; firstPacket(): void },
  ) {
    this.#clock = clock;
    this.#recording = recording;
    this.#frame = told.frame;
    this.#firstPacket = told.firstPacket;
  }

  get needsKeyFrame(): boolean {
    return this.#assembler?.needsKeyFrame ?? true;
  }

  get stats(): MediaStats {
    const { frames, bytes } = this.#counts;
    const seconds = Math.max(0.001, ((this.#endMs ?? this.#clock.now()) - (this.#startMs ?? 0)) / 1000);
    const size = this.#assembler?.size;
    return {
      ...this.#counts,
      codec: this.#codec,
      width: size?.width,
      height: size?.height,
      framesPerSecond: this.#startMs === undefined ? 0 : frames / seconds,
      bitsPerSecond: this.#startMs === undefined ? 0 : (bytes * 8) / seconds,
      lost: this.#lostBefore + (this.#assembler?.lost ?? 0),
    };
  }

  /** Takes the packets of a peer's receivers. Called before its first description, so that none is missed. */
  listen(peer: GuardedPeer): void {
    peer.video.onTrack.subscribe((track) => {
      track.onReceiveRtp.subscribe((packet) => this.#takeVideo(peer, packet));
    });
    peer.audio?.onTrack.subscribe((track) => {
      track.onReceiveRtp.subscribe((packet) => this.#takeSound(packet));
    });
  }

  /** From here on nothing counts any more. */
  end(): void {
    this.#endMs ??= this.#clock.now();
  }

  #takeVideo(peer: GuardedPeer, { header, payload }: RtpPacket): void {
    const codec = videoCodecOf(peer.video.codecs.find(({ payloadType }) => payloadType === header.payloadType));
    if (codec === undefined || this.#endMs !== undefined) return;
    const now = this.#clock.now();
    if (this.#startMs === undefined) {
      this.#startMs = now;
      this.#firstPacket();
    }
    if (codec !== this.#codec || this.#assembler === undefined) {
      this.#lostBefore += this.#assembler?.lost ?? 0;
      this.#assembler = new PictureAssembler(codec);
      this.#codec = codec;
    }
    this.ssrc = header.ssrc;
    this.#counts.videoPackets += 1;
    this.#counts.bytes += payload.length;
    const { sequenceNumber, timestamp, marker } = header;
    for (const frame of this.#assembler.push({ sequenceNumber, timestamp, marker, payload }, now)) {
      this.#counts.frames += 1;
      if (frame.key) this.#counts.keyFrames += 1;
      this.#recording?.video(frame, this.#assembler.size);
      this.#frame(frame);
    }
  }

  #takeSound({ header, payload }: RtpPacket): void {
    if (this.#endMs !== undefined) return;
    this.#counts.audioPackets += 1;
    this.#counts.bytes += payload.length;
    this.#recording?.sound(payload, header.timestamp);
  }
}
