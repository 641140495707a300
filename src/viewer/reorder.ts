import { limits } from '../base/index.ts';

/** What is needed of an RTP packet in order to put pictures together. */
export interface MediaPacket {
  readonly sequenceNumber: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payload: Buffer;
}

/** Gives packets in the order of their sequence numbers, waits a while for those that are missing, and then counts them as lost. */
export class ReorderBuffer {
  readonly #held = new Map<number, MediaPacket>();
  #expected: number | undefined;
  #gapSinceMs = 0;
  lost = 0;

  /**
   * Takes a packet and gives those that are due, in order. `gap` says that some before them never came. A packet that comes
   * twice, or too late, is left out.
   */
  push(packet: MediaPacket, nowMs: number): { packets: MediaPacket[]; gap: boolean } {
    const expected = this.#expected ?? packet.sequenceNumber;
    const sequence = unwrapped(packet.sequenceNumber, expected);
    this.#expected ??= sequence;
    if (sequence < expected) return { packets: [], gap: false };
    if (sequence - expected > limits.packetsReorderedMax) this.#held.clear();
    if (this.#held.size === 0) this.#gapSinceMs = nowMs;
    this.#held.set(sequence, packet);
    const gap = !this.#held.has(expected) && this.#isOver(sequence, expected, nowMs) && this.#skip();
    return { packets: this.#takeDue(nowMs), gap };
  }

  #isOver(sequence: number, expected: number, nowMs: number): boolean {
    return sequence - expected > limits.packetsReorderedMax || nowMs - this.#gapSinceMs > limits.gapMsMax;
  }

  #skip(): true {
    const next = Math.min(...this.#held.keys());
    this.lost += next - (this.#expected ?? next);
    this.#expected = next;
    return true;
  }

  #takeDue(nowMs: number): MediaPacket[] {
    const due: MediaPacket[] = [];
    for (;;) {
      const packet = this.#held.get(this.#expected ?? -1);
      if (packet === undefined) return due;
      this.#held.delete(this.#expected ?? -1);
      this.#expected = (this.#expected ?? 0) + 1;
      this.#gapSinceMs = nowMs;
      due.push(packet);
    }
  }
}

/** The number that is nearest to `near` and equal to `sequence` modulo 2^16. */
function unwrapped(sequence: number, near: number): number {
  const difference = (sequence - near) & 0xffff;
  return near + (difference < 0x8000 ? difference : difference - 0x10000);
}
