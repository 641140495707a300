import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Place } from '../wire/path.ts';

/**
 * Wakes stations of this machine that wait for datagrams, by a datagram: from sockets of its own. A thread that sent on a station’s socket
 * could do so when that is closed, and its descriptor somebody else’s.
 */
export class Waker {
  readonly #ipv4: Socket | undefined;
  readonly #ipv6: Socket | undefined;

  private constructor(ipv4: Socket | undefined, ipv6: Socket | undefined) {
    this.#ipv4 = ipv4;
    this.#ipv6 = ipv6;
  }

  static async open(): Promise<Waker> {
    return new Waker(await bound('udp4'), await bound('udp6'));
  }

  get ports(): readonly number[] {
    return [this.#ipv4, this.#ipv6].flatMap((socket) => socket?.address().port ?? []);
  }

  wake({ host, port }: Place): void {
    const socket = host.includes(':') ? this.#ipv6 : this.#ipv4;
    socket?.send(wakeByte, port, host, () => {});
  }

  close(): void {
    this.#ipv4?.close();
    this.#ipv6?.close();
  }
}

const wakeByte = Buffer.of(0x40);

/** Undefined on a machine without that family. */
async function bound(type: 'udp4' | 'udp6'): Promise<Socket | undefined> {
  const socket = createSocket({ type, ipv6Only: type === 'udp6' });
  try {
    socket.bind();
    await once(socket, 'listening');
    socket.on('error', () => {});
    return socket;
  } catch {
    socket.close();
    return undefined;
  }
}
