import { limits } from '../../base/index.ts';

/** What goes before each frame on a TCP stream: its length in 16 bits (RFC 4571 section 2). */
export const frameHeaderBytes = 2;

/** Writes the header of a frame of `length` bytes, 0 to 65535, at `at`. */
export function writeFrameHeader(bytes: Buffer, at: number, length: number): void {
  bytes.writeUInt16BE(length, at);
}

/** Takes one frame: `bytes` from `start` to `end`, which are somebody else's again when the call returns. */
export type TakeFrame = (bytes: Buffer, start: number, end: number) => void;

/**
 * Finds the frames in a TCP stream, however the network has cut it (RFC 4571 section 2). Holds at most one unfinished frame
 * of `limits.tcpFrameBytesMax`. A frame without bytes is filler and is skipped.
 */
export class Deframer {
  #state: 'length-high' | 'length-low' | 'body' | 'ended' = 'length-high';
  #length = 0;
  #kept: Buffer = nothing;
  #keptBytes = 0;

  /** How much memory it holds, in bytes. */
  get heldBytes(): number {
    return this.#kept.length;
  }

  /**
   * Reads on, and gives every frame that is now complete to `take`: one that lies whole in `chunk` as a part of it. Returns
   * whether the stream can be read on; it cannot after a frame longer than `limits.tcpFrameBytesMax`, or after `end`.
   * Never throws for what it reads. `take` may call `end`, but not `push`.
   */
  push(chunk: Buffer, take: TakeFrame): boolean {
    let at = 0;
    while (at < chunk.length && this.#state !== 'ended') {
      switch (this.#state) {
        case 'length-high':
          this.#length = chunk.readUInt8(at++) << 8;
          this.#state = 'length-low';
          break;
        case 'length-low':
          this.#length |= chunk.readUInt8(at++);
          this.#state = this.#length === 0 ? 'length-high' : 'body';
          if (this.#length > limits.tcpFrameBytesMax) this.end();
          break;
        case 'body':
          at = this.#body(chunk, at, take);
      }
    }
    return this.#state !== 'ended';
  }

  /** Reads nothing more, and lets go of what it holds. */
  end(): void {
    this.#state = 'ended';
    this.#kept = nothing;
  }

  /** Returns where in the chunk the frame, or the part of it that is there, ends. */
  #body(chunk: Buffer, start: number, take: TakeFrame): number {
    const end = Math.min(start + this.#length - this.#keptBytes, chunk.length);
    if (end - start === this.#length) {
      this.#state = 'length-high';
      take(chunk, start, end);
      return end;
    }
    if (this.#kept.length < this.#length) this.#kept = Buffer.allocUnsafeSlow(this.#length);
    this.#keptBytes += chunk.copy(this.#kept, this.#keptBytes, start, end);
    if (this.#keptBytes === this.#length) {
      this.#keptBytes = 0;
      this.#state = 'length-high';
      take(this.#kept, 0, this.#length);
    }
    return end;
  }
}

const nothing = Buffer.alloc(0);
