import { limits } from '../../base/index.ts';
import type { Frames } from './tcp-messages.ts';

/** Bytes that are on their way between two threads, as both see them. */
export class OnTheWay {
  readonly memory: SharedArrayBuffer;
  readonly #bytes: Int32Array;
  readonly #place: number;

  /** `place` is 0 for the way to the station, and 1 for the way from it. */
  constructor(memory: SharedArrayBuffer, place: 0 | 1) {
    this.memory = memory;
    this.#bytes = new Int32Array(memory);
    this.#place = place;
  }

  static newMemory(): SharedArrayBuffer {
    return new SharedArrayBuffer(8);
  }

  /** Whether so many more may go; if so they are on their way. */
  takes(bytes: number): boolean {
    if (Atomics.load(this.#bytes, this.#place) + bytes > limits.tcpOnTheWayBytesMax) return false;
    Atomics.add(this.#bytes, this.#place, bytes);
    return true;
  }

  arrived(bytes: number): void {
    Atomics.sub(this.#bytes, this.#place, bytes);
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
