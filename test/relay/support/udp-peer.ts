import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Place } from '../../../src/relay/index.ts';

export interface Received {
  readonly bytes: Buffer;
  readonly from: Place;
}

/** A plain UDP socket on loopback, with what it received in order. */
export class UdpPeer implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #received: Received[] = [];
  readonly #waiting: ((received: Received) => void)[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (bytes, { address, port }) => {
      const received = { bytes, from: { host: address, port } };
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#received.push(received);
      else waiting(received);
    });
  }

  /** On a free port, unless told otherwise. Rejects when that is taken. */
  static async open(host: '127.0.0.1' | '::1' = '127.0.0.1', port = 0): Promise<UdpPeer> {
    const socket = createSocket(host === '::1' ? 'udp6' : 'udp4');
    socket.bind(port, host);
    await once(socket, 'listening');
    return new UdpPeer(socket);
  }

  get address(): Place {
    const { address, port } = this.#socket.address();
    return { host: address, port };
  }

  send(bytes: Buffer, to: Place): void {
    this.#socket.send(bytes, to.port, to.host);
  }

  /** The next datagram that was or will be received. */
  next(): Promise<Received> {
    const received = this.#received.shift();
    if (received !== undefined) return Promise.resolve(received);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }
}
