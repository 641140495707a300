import { limits } from '../base/index.ts';
import { nalType, nalTypes, readSequenceParameters, readVp8Header, splitNals, type VideoCodec } from '../peer/index.ts';
import { depacketize } from './depacketize.ts';
import { type MediaPacket, ReorderBuffer } from './reorder.ts';
import type { VideoFrame } from './settings.ts';

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Puts pictures together. It begins with a key frame, and after a loss gives nothing until the next one: what it gives can
 * be decoded.
 */
export class PictureAssembler {
  readonly #codec: VideoCodec;
  readonly #reorder = new ReorderBuffer();
  #packets: MediaPacket[] = [];
  #bytes = 0;
  /** Whether the next packet may be the first of a picture. */
  #aligned = true;
  needsKeyFrame = true;
  size: PictureSize | undefined;

  constructor(codec: VideoCodec) {
    this.#codec = codec;
  }

  get lost(): number {
    return this.#reorder.lost;
  }

  push(packet: MediaPacket, nowMs: number): VideoFrame[] {
    const { packets, gap } = this.#reorder.push(packet, nowMs);
    if (gap) this.#drop(false);
    return packets.flatMap((due) => this.#take(due));
  }

  #take(packet: MediaPacket): VideoFrame[] {
    const first = this.#packets[0];
    if (first !== undefined && first.timestamp !== packet.timestamp) this.#drop(true);
    this.#bytes += packet.payload.length;
    if (this.#bytes > limits.frameBytesMax) this.#drop(false);
    if (this.#aligned) this.#packets.push(packet);
    if (!packet.marker) return [];
    const payloads = this.#packets.map(({ payload }) => payload);
    const whole = this.#aligned ? depacketize(this.#codec, payloads) : undefined;
    this.#packets = [];
    this.#bytes = 0;
    this.#aligned = true;
    const frame = whole === undefined ? undefined : this.#frame(whole, packet.timestamp);
    if (frame === undefined) this.needsKeyFrame = true;
    else if (frame.key) this.needsKeyFrame = false;
    return frame === undefined || this.needsKeyFrame ? [] : [frame];
  }

  #drop(aligned: boolean): void {
    this.#packets = [];
    this.#bytes = 0;
    this.#aligned = aligned;
    this.needsKeyFrame = true;
  }

  #frame(data: Buffer, timestamp: number): VideoFrame | undefined {
    const codec = this.#codec;
    if (codec === 'VP8') {
      const header = readVp8Header(data);
      if (header?.width !== undefined && header.height !== undefined) {
        this.size = { width: header.width, height: header.height };
      }
      return header && { codec, key: header.key, timestamp, data };
    }
    const nals = splitNals(data);
    const parameters = nals.find((nal) => nalType(nal) === nalTypes.sps);
    if (parameters !== undefined) this.size = readSequenceParameters(parameters) ?? this.size;
    return { codec, key: nals.some((nal) => nalType(nal) === nalTypes.idr), timestamp, data };
  }
}
