import { limits } from '../../base/index.ts';
import { isRtp } from '../wire/rtp.ts';
import type { Frames } from './tcp-messages.ts';

/**
 * How much is on its way between two threads, as both see it: bytes, and `limits.tcpOnTheWayFrameBytes` for each frame. Media
 * may not take all the room, so that what opens and steers a connection comes through.
 */
export class OnTheWay {
  readonly #bytes: Int32Array;
  readonly #place: number;

  /** `place` is 0 for the way to the station, and 1 for the way from it. */
  constructor(memory: SharedArrayBuffer, place: 0 | 1) {
    this.#bytes = new Int32Array(memory);
    this.#place = place;
  }

  static newMemory(): SharedArrayBuffer {
    return new SharedArrayBuffer(8);
  }

  /** Whether the datagram from `start` to `end` may go as well; if so it is on its way. */
  takes(bytes: Buffer, start: number, end: number): boolean {
    const max = isRtp(bytes, start, end) ? limits.tcpOnTheWayMediaBytesMax : limits.tcpOnTheWayBytesMax;
    const more = end - start + limits.tcpOnTheWayFrameBytes;
    if (Atomics.load(this.#bytes, this.#place) + more > max) return false;
    Atomics.add(this.#bytes, this.#place, more);
    return true;
  }

  arrived({ bytes, ends }: Pick<Frames, 'bytes' | 'ends'>): void {
    Atomics.sub(this.#bytes, this.#place, bytes.length + ends.length * limits.tcpOnTheWayFrameBytes);
  }
}

/** Gathers datagrams for one message to another thread: copies of them, as their bytes are somebody else's again soon. */
export class FrameBatch {
  #copies: Buffer[] = [];
  #ends: number[] = [];
  #connections: number[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#copies.length === 0;
  }

  /** Whether it is as much as one message takes: what is in it is read without a pause. */
  get isFull(): boolean {
    return this.#copies.length >= limits.tcpFramesPerMessageMax;
  }

  add(connection: number, bytes: Buffer, start: number, end: number): void {
    this.#copies.push(Buffer.from(bytes.subarray(start, end)));
    this.#bytes += end - start;
    this.#ends.push(this.#bytes);
    this.#connections.push(connection);
  }

  /** All of it, for a message; the batch is empty again. */
  take(): Frames {
    const bytes = new Uint8Array(this.#bytes);
    let at = 0;
    for (const copy of this.#copies) {
      bytes.set(copy, at);
      at += copy.length;
    }
    const frames: Frames = { kind: 'frames', bytes, ends: this.#ends, connections: this.#connections };
    this.#copies = [];
    this.#ends = [];
    this.#connections = [];
    this.#bytes = 0;
    return frames;
  }
}
