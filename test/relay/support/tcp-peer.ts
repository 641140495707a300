import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Deframer, frameHeaderBytes, writeFrameHeader } from '../../../src/relay/wire/framing.ts';
import type { Place } from '../../../src/relay/wire/path.ts';
import { Inbox } from './inbox.ts';

/** The bodies as frames, one after the other. */
export function framed(...bodies: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    bodies.flatMap((body) => {
      const header = Buffer.alloc(frameHeaderBytes);
      writeFrameHeader(header, 0, body.length);
      return [header, body];
    }),
  );
}

/** The other end of a TCP connection on loopback, with the frames that it received in order. */
export class TcpPeer implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #received = new Inbox<Buffer>();
  readonly #closed: Promise<unknown>;
  #error: NodeJS.ErrnoException | undefined;
  bytesRead = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#closed = once(socket, 'close').catch(() => undefined);
    const deframer = new Deframer();
    socket.on('data', (chunk) => {
      this.bytesRead += chunk.length;
      deframer.push(chunk, (bytes, start, end) => this.#received.push(Buffer.from(bytes.subarray(start, end))));
    });
    socket.on('error', (error) => {
      this.#error = error;
    });
  }

  static async open(to: Place): Promise<TcpPeer> {
    const socket = connect({ host: to.host, port: to.port, noDelay: true });
    const peer = new TcpPeer(socket);
    await Promise.race([once(socket, 'connect').catch(() => undefined), peer.#closed]);
    return peer;
  }

  get address(): Place {
    return { host: this.#socket.localAddress ?? '', port: this.#socket.localPort ?? 0 };
  }

  /** Sends bytes as they are, and resolves when the operating system has them. */
  write(bytes: Buffer): Promise<void> {
    return new Promise((resolve) => this.#socket.write(bytes, () => resolve()));
  }

  send(...bodies: readonly Uint8Array[]): Promise<void> {
    return this.write(framed(...bodies));
  }

  /** The next frame that was or will be received. */
  next(): Promise<Buffer> {
    return this.#received.next();
  }

  /** Closes its own half. */
  end(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  stopReading(): void {
    this.#socket.pause();
  }

  readOn(): void {
    this.#socket.resume();
  }

  /** Resolves when the connection is gone: how it went. */
  async gone(): Promise<'closed' | 'reset'> {
    await this.#closed;
    return this.#error === undefined ? 'closed' : 'reset';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.#closed;
  }
}
