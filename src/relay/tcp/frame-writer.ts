import type { Socket } from 'node:net';
import { frameHeaderBytes, writeFrameHeader } from '../wire/framing.ts';
import type { TcpCounters } from './counters.ts';
import { SendQueue } from './send-queue.ts';

/**
 * Writes frames to a socket as fast as its reader takes them; the others wait in a `SendQueue`. All that one turn of the
 * event loop sends leaves in one system call. The socket's high-water mark is what Node may hold beside the queue.
 */
export class FrameWriter {
  readonly #socket: Socket;
  readonly #counters: TcpCounters;
  readonly #queue = new SendQueue();
  #gathering = false;

  constructor(socket: Socket, counters: TcpCounters) {
    this.#socket = socket;
    this.#counters = counters;
    socket.on('drain', () => this.#flush());
  }

  /** Sends a copy of the bytes. Returns whether the connection can go on: not when more waits for it than may. */
  send(bytes: Buffer, start: number, end: number): boolean {
    const frame = Buffer.allocUnsafe(frameHeaderBytes + end - start);
    writeFrameHeader(frame, 0, end - start);
    bytes.copy(frame, frameHeaderBytes, start, end);
    if (!this.#socket.writableNeedDrain && this.#queue.frames === 0) {
      this.#write(frame);
      return true;
    }
    const dropped = this.#queue.push(frame);
    if (dropped === 'overflow') return false;
    this.#counters.mediaDropped += dropped;
    return true;
  }

  #write(frame: Buffer): void {
    if (!this.#gathering) {
      this.#gathering = true;
      this.#socket.cork();
      setImmediate(() => {
        this.#gathering = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(frame);
    this.#counters.framesOut++;
    this.#counters.bytesOut += frame.length - frameHeaderBytes;
  }

  #flush(): void {
    while (!this.#socket.writableNeedDrain) {
      const frame = this.#queue.shift();
      if (frame === undefined) return;
      this.#write(frame);
    }
  }
}
