import { BatchedPort } from '../../../src/relay/udp/batched-port.ts';
import type { Libc } from '../../../src/relay/udp/libc.ts';
import {
  portCellCount,
  portCountersOf,
  type ReceiveDatagram,
  type SendFault,
  type UdpPortCounters,
} from '../../../src/relay/udp/port.ts';
import { openUdpSocket, type UdpSocket } from '../../../src/relay/udp/udp-socket.ts';
import { type Path, type PathDetails, type Place, pathOf } from '../../../src/relay/wire/path.ts';
import { demandLibc } from './pumped-port.ts';

/** A loopback that has not delivered after so many waits of `limits.receiveWaitMs` has lost something. */
const idleTurnsMax = 200;
const pumpMsMax = 10_000;

export interface BatchedPeerSettings {
  readonly host?: string;
  readonly device?: string;
  /** The system's calls, unless told otherwise. */
  readonly libc?: Libc;
}

/** A batched port with its socket, which is asked for datagrams by hand. */
export class BatchedPeer implements Disposable {
  readonly libc: Libc;
  readonly socket: UdpSocket;
  readonly cells = new Float64Array(portCellCount);
  readonly port: BatchedPort;

  private constructor(libc: Libc, socket: UdpSocket) {
    this.libc = libc;
    this.socket = socket;
    this.port = new BatchedPort(libc, socket, this.cells);
  }

  static async open({ host = '127.0.0.1', device, libc }: BatchedPeerSettings = {}): Promise<BatchedPeer> {
    const calls = libc ?? (await demandLibc());
    return new BatchedPeer(calls, openUdpSocket(calls, { host, port: 0, device: device ?? null }));
  }

  get counters(): UdpPortCounters {
    return portCountersOf(this.cells);
  }

  /** The faults that have been counted, and how often; the others are left out. */
  get faults(): Partial<Record<SendFault, number>> {
    return Object.fromEntries(Object.entries(this.counters.sendErrors).filter(([, count]) => count > 0));
  }

  /** Where it is bound; `host` for a socket of every address. */
  place(host = this.socket.facts.host): Place {
    return { host, port: this.socket.facts.port };
  }

  /** The path to it. */
  path(host?: string, details?: PathDetails): Path {
    return pathTo(this.place(host), details);
  }

  /** Takes turns until it is done; throws when nothing comes any more. Returns how many messages there were. */
  receiveUntil(done: () => boolean, receive: ReceiveDatagram): number {
    let messages = 0;
    for (let idle = 0; !done(); idle++) {
      if (idle > idleTurnsMax) throw new Error('the datagrams that were sent do not come');
      const count = this.port.turn(true, () => {}, receive);
      messages += count;
      if (count > 0) idle = 0;
    }
    return messages;
  }

  /** The same beside the event loop, for what others of this thread send. */
  async pumpUntil(done: () => boolean, receive: ReceiveDatagram): Promise<void> {
    for (const start = performance.now(); !done(); ) {
      if (performance.now() - start > pumpMsMax) throw new Error('the datagrams that were sent do not come');
      this.port.turn(false, () => {}, receive);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Receives copies of the next `count` datagrams. */
  take(count: number): Buffer[] {
    const taken: Buffer[] = [];
    this.receiveUntil(
      () => taken.length >= count,
      ({ bytes, start, end }) => taken.push(Buffer.from(bytes.subarray(start, end))),
    );
    return taken;
  }

  /** Sends each of the buffers, in one batch. */
  send(to: Path, ...datagrams: readonly Buffer[]): void {
    for (const bytes of datagrams) this.port.send(to, 0, bytes, 0, bytes.length);
    this.port.flush();
  }

  [Symbol.dispose](): void {
    this.port.close();
    this.socket.close(this.libc);
  }
}

export function pathTo({ host, port }: Place, details?: PathDetails): Path {
  const path = pathOf(host, port, details);
  if (path === undefined) throw new Error(`${host} port ${port} is no place`);
  return path;
}

/** Buffers of `size` bytes, each full of its own number. */
export function numbered(count: number, size: number, first = 0): Buffer[] {
  return Array.from({ length: count }, (_, index) => Buffer.alloc(size, first + index));
}
