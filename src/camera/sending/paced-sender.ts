import { RtpHeader, RtpPacket } from 'werift';
import { type Clock, limits, type RandomSource, type Timer } from '../../base/index.ts';
import type { SoundPacket } from '../sources/media.ts';
import type { PacketizedFrame } from './recent-frames.ts';

/** Sends one packet; the payload type and the SSRC are put in by what it leads to. */
export type SendRtp = (packet: RtpPacket) => void;

const videoTicksPerMs = 90;

/**
 * One viewer's stream of a broadcast: its own sequence numbers and times, so that a picture can be sent for a second
 * time, in bursts that no receive buffer overruns on.
 */
export class PacedSender {
  readonly #clock: Clock;
  readonly #send: { readonly video: SendRtp; readonly sound: SendRtp };
  readonly #videoBase: number;
  #videoSequence: number;
  #videoTicks = 0;
  #soundSequence: number;
  #soundTicks: number;
  #queue: RtpPacket[] = [];
  #burstStartMs = 0;
  #burstPackets = 0;
  #timer: Timer | undefined;
  #needsKeyFrame = true;
  #lastCatchUpMs = Number.NEGATIVE_INFINITY;

  constructor(send: { readonly video: SendRtp; readonly sound: SendRtp }, clock: Clock, random: RandomSource) {
    this.#send = send;
    this.#clock = clock;
    const bytes = random.bytes(12);
    this.#videoBase = bytes.readUInt32BE(0);
    this.#soundTicks = bytes.readUInt32BE(4);
    // RFC 3711 section 3.3.1: a first sequence number below 2^15 leaves the receiver in no doubt about the roll-over.
    this.#videoSequence = bytes.readUInt16BE(8) & 0x7fff;
    this.#soundSequence = bytes.readUInt16BE(10) & 0x7fff;
  }

  /** Sends a frame in its turn. Without a key frame before it there is nothing that it could be decoded with. */
  frame(frame: PacketizedFrame): void {
    if (this.#needsKeyFrame && !frame.key) return;
    this.#needsKeyFrame = false;
    this.#push(frame, Math.round(frame.atMs * videoTicksPerMs));
  }

  sound(packet: SoundPacket): void {
    const header = new RtpHeader({ sequenceNumber: this.#soundSequence, timestamp: this.#soundTicks });
    this.#soundSequence = (this.#soundSequence + 1) & 0xffff;
    this.#soundTicks = (this.#soundTicks + packet.samples) % 2 ** 32;
    this.#send.sound(new RtpPacket(header, packet.data));
  }

  /**
   * Sends the last key frame and all that followed, with times so close to each other that the present picture shows at
   * once. Does nothing when it has just done so: the request may have crossed with it.
   */
  catchUp(recent: readonly PacketizedFrame[]): void {
    const now = this.#clock.now();
    if (now - this.#lastCatchUpMs < limits.keyFrameRequestMsMin) return;
    const last = recent.at(-1);
    if (last === undefined) {
      this.#needsKeyFrame = true;
      return;
    }
    this.#lastCatchUpMs = now;
    this.#needsKeyFrame = false;
    this.#queue = [];
    const end = Math.round(last.atMs * videoTicksPerMs);
    for (const [index, frame] of recent.entries()) this.#push(frame, end - (recent.length - 1 - index));
  }

  close(): void {
    this.#timer?.cancel();
    this.#queue = [];
    this.#needsKeyFrame = true;
  }

  /** `ticks` on the broadcast's time line; one tick later than the frame before where that has passed already. */
  #push(frame: PacketizedFrame, ticks: number): void {
    this.#videoTicks = Math.max(ticks, this.#videoTicks + 1);
    if (this.#queue.length + frame.payloads.length > limits.packetsWaitingMax) {
      this.#queue = [];
      this.#needsKeyFrame = true;
      return;
    }
    const timestamp = (this.#videoBase + this.#videoTicks) % 2 ** 32;
    for (const [index, payload] of frame.payloads.entries()) {
      const marker = index === frame.payloads.length - 1;
      this.#queue.push(new RtpPacket(new RtpHeader({ timestamp, marker }), payload));
    }
    this.#flush();
  }

  #flush(): void {
    const now = this.#clock.now();
    if (now - this.#burstStartMs >= limits.burstMs) {
      this.#burstStartMs = now;
      this.#burstPackets = 0;
    }
    const room = limits.packetsPerBurstMax - this.#burstPackets;
    const packets = this.#queue.splice(0, room);
    this.#burstPackets += packets.length;
    for (const packet of packets) {
      packet.header.sequenceNumber = this.#videoSequence;
      this.#videoSequence = (this.#videoSequence + 1) & 0xffff;
      this.#send.video(packet);
    }
    if (this.#queue.length === 0) return;
    this.#timer?.cancel();
    this.#timer = this.#clock.after(limits.burstMs, () => this.#flush());
  }
}
