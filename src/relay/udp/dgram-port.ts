import { createSocket, type Socket } from 'node:dgram';
import { canonicalHost, LatchkeyError, limits } from '../../base/index.ts';
import { type Datagram, type Place, pathOf, placeOf, remoteKey } from '../wire/path.ts';
import { countPort, countSendFault, type OpenUdpPort, portCell, type SendFault } from './port.ts';

/** A port on `node:dgram`: one system call for each datagram, on every platform that Node runs on. */
export const openDgramPort: OpenUdpPort = async (at, receive, cells) => {
  const host = canonicalHost(at.host);
  if (host === undefined) throw new LatchkeyError('settings-invalid', `relay: ${at.host} is not an IP address`);
  const ipv6 = host.includes(':');
  const socket = createSocket({ type: ipv6 ? 'udp6' : 'udp4', ipv6Only: false, lookup: noLookup });
  await bound(socket, host, at.port);

  const scopes = new Scopes();
  const datagram: Datagram = { path: new Uint32Array(), pathAt: 0, bytes: Buffer.alloc(0), start: 0, end: 0 };
  let closing: Promise<void> | undefined;
  socket.on('error', () => countPort(cells, portCell.receiveErrors));
  socket.on('message', (bytes, { address, port }) => {
    countPort(cells, portCell.receiveCalls);
    const path = pathOf(address, port, { scope: scopes.numberIn(address) });
    if (path === undefined) {
      countPort(cells, portCell.receiveErrors);
      return;
    }
    datagram.path = path;
    datagram.bytes = bytes;
    datagram.end = bytes.length;
    receive(datagram);
  });
  const sent = (error: Error | null) => {
    if (error !== null) countSendFault(cells, faultOf(error));
  };
  const places = new Map<string, Place>();
  const placeAt = (to: Uint32Array, toAt: number): Place => {
    const key = remoteKey(to, toAt);
    const known = places.get(key);
    if (known !== undefined) return known;
    const { host: plain, port } = placeOf(to, toAt);
    const place = { host: ipv6 && !plain.includes(':') ? `::ffff:${plain}` : scopes.named(plain), port };
    if (places.size >= limits.placesWrittenMax) places.clear();
    places.set(key, place);
    return place;
  };

  const sendOne = (to: Place, bytes: Buffer, start: number, end: number) => {
    if (closing !== undefined) countSendFault(cells, 'closed');
    else if (end - start > limits.datagramBytesMax) countSendFault(cells, 'too-large');
    else if (isFull(socket)) countSendFault(cells, 'full');
    else {
      countPort(cells, portCell.sendCalls);
      socket.send(bytes, start, end - start, to.port, to.host, sent);
    }
  };

  return {
    address: { host, port: socket.address().port },
    ...kernelBuffers(socket),
    send(to, toAt, bytes, start, end, step = end - start) {
      const place = placeAt(to, toAt);
      let at = start;
      do {
        sendOne(place, bytes, at, Math.min(at + step, end));
        at += step;
      } while (at < end);
    },
    close() {
      closing ??= new Promise((resolve) => socket.close(() => resolve()));
      return closing;
    },
  };
};

/** The names of links, such as `eth0`, by numbers of this port's own: Node tells the names alone. */
class Scopes {
  readonly #names: string[] = [];

  /** The number of the scope in an address; 0 where it has none, or there are too many. */
  numberIn(address: string): number {
    const at = address.indexOf('%');
    if (at < 0) return 0;
    const name = address.slice(at + 1);
    const known = this.#names.indexOf(name);
    if (known >= 0) return known + 1;
    return this.#names.length < limits.linksMax ? this.#names.push(name) : 0;
  }

  /** An address with its scope by name. */
  named(host: string): string {
    const [address = '', scope] = host.split('%');
    return scope === undefined ? address : `${address}%${this.#names[Number(scope) - 1] ?? scope}`;
  }
}

const faults = new Map<string, SendFault>([
  ['ENETUNREACH', 'unreachable'],
  ['EHOSTUNREACH', 'unreachable'],
  ['EADDRNOTAVAIL', 'unreachable'],
  ['EINVAL', 'unreachable'],
  ['EPERM', 'denied'],
  ['EACCES', 'denied'],
  ['EAGAIN', 'full'],
  ['ENOBUFS', 'full'],
  ['EMSGSIZE', 'too-large'],
]);

function faultOf(error: NodeJS.ErrnoException): SendFault {
  return faults.get(error.code ?? '') ?? 'other';
}

/** Whether the kernel takes so little that datagrams pile up in the process. */
function isFull(socket: Socket): boolean {
  return socket.getSendQueueSize() > limits.udpSendQueueBytesMax;
}

/** Addresses here are numbers already; Node would otherwise take a turn of the event loop to find that out. */
function noLookup(host: string, _options: unknown, done: (error: null, address: string, family: number) => void): void {
  done(null, host, host.includes(':') ? 6 : 4);
}

function bound(socket: Socket, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => {
      socket.close();
      const what = `relay: UDP ${host} port ${port} cannot be bound: ${error.message}`;
      reject(new LatchkeyError('settings-invalid', what, { cause: error }));
    };
    socket.once('error', refuse);
    socket.bind({ address: host, port }, () => {
      socket.off('error', refuse);
      resolve();
    });
  });
}

/** Asks for buffers that hold a burst of key frames; the kernel may give less, and some kernels refuse instead. */
function kernelBuffers(socket: Socket): { receiveBufferBytes: number; sendBufferBytes: number } {
  try {
    socket.setRecvBufferSize(limits.udpBufferBytes);
    socket.setSendBufferSize(limits.udpBufferBytes);
  } catch {
    // The sizes that are read back say what became of it.
  }
  return { receiveBufferBytes: socket.getRecvBufferSize(), sendBufferBytes: socket.getSendBufferSize() };
}
