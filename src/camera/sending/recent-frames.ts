import { limits } from '../../base/index.ts';

/** One picture in packets. */
export interface PacketizedFrame {
  readonly key: boolean;
  readonly payloads: readonly Buffer[];
  /** Milliseconds on the time line of the broadcast, never falling. */
  readonly atMs: number;
}

/**
 * The last key frame and all that followed: what somebody who comes now, or lost something, needs in order to see the
 * present picture at once, without an encoder being asked. Past its bounds it holds nothing until the next key frame.
 */
export class RecentFrames {
  #frames: PacketizedFrame[] = [];
  #bytes = 0;

  get frames(): readonly PacketizedFrame[] {
    return this.#frames;
  }

  push(frame: PacketizedFrame): void {
    if (frame.key) this.clear();
    else if (this.#frames.length === 0) return;
    this.#frames.push(frame);
    this.#bytes += frame.payloads.reduce((sum, payload) => sum + payload.length, 0);
    if (this.#frames.length > limits.framesHeldMax || this.#bytes > limits.framesHeldBytesMax) this.clear();
  }

  clear(): void {
    this.#frames = [];
    this.#bytes = 0;
  }
}
