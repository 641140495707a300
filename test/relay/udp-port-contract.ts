import { describe, expect, test } from 'vitest';
import { limits } from '../../src/base/index.ts';
import {
  type OpenUdpPort,
  portCellCount,
  portCountersOf,
  type ReceiveDatagram,
  type UdpPort,
  type UdpPortCounters,
} from '../../src/relay/udp/port.ts';
import {
  copyOfPath,
  type Datagram,
  type Path,
  type Place,
  pathOf,
  pathWords,
  placeOf,
} from '../../src/relay/wire/path.ts';
import { UdpPeer } from './support/udp-peer.ts';

/** What every implementation of `UdpPort` keeps. */
export function udpPortContract(name: string, open: OpenUdpPort): void {
  describe(`${name} keeps the contract of a UDP port`, () => {
    test('it tells where it is bound, and what the kernel gives it', async () => {
      await using port = await opened({ host: '127.0.0.1', port: 0 });
      expect(port.address.host).toBe('127.0.0.1');
      expect(port.address.port).toBeGreaterThan(0);
      expect(port.receiveBufferBytes).toBeGreaterThan(limits.datagramBytesMax);
      expect(port.sendBufferBytes).toBeGreaterThan(limits.datagramBytesMax);
    });

    test.each(['127.0.0.1', '::1'] as const)('datagrams of every size pass both ways at %s', async (host) => {
      await using port = await echo({ host, port: 0 });
      await using peer = await UdpPeer.open(host);
      for (const size of [1, 20, 1_200, 1_472, 9_000, 65_000]) {
        const bytes = Buffer.alloc(size, size % 251);
        peer.send(bytes, port.address);
        const received = await peer.next();
        expect(received.bytes.equals(bytes)).toBe(true);
        expect(received.from).toEqual(port.address);
      }
      expect(faults(port.counters)).toBe(0);
      expect(port.counters.receiveErrors).toBe(0);
    });

    test('a burst comes through whole and in order', async () => {
      await using port = await echo({ host: '127.0.0.1', port: 0 });
      await using peer = await UdpPeer.open();
      const count = 50;
      for (let n = 0; n < count; n++) peer.send(Buffer.alloc(100, n), port.address);
      for (let n = 0; n < count; n++) expect((await peer.next()).bytes).toEqual(Buffer.alloc(100, n));
    });

    test('bytes that are several datagrams leave as so many', async () => {
      await using port = await opened({ host: '127.0.0.1', port: 0 });
      await using peer = await UdpPeer.open();
      const bytes = Buffer.from(Array.from({ length: 250 }, (_, n) => n));
      port.send(pathTo(peer.address), 0, bytes, 0, bytes.length, 100);
      port.send(pathTo(peer.address), 0, bytes, 10, 20, 100);
      for (const [start, end] of [
        [0, 100],
        [100, 200],
        [200, 250],
        [10, 20],
      ]) {
        expect((await peer.next()).bytes).toEqual(bytes.subarray(start, end));
      }
    });

    test('a path lies anywhere in its words, which may be another’s when the call is over', async () => {
      await using port = await echo({ host: '127.0.0.1', port: 0 });
      await using first = await UdpPeer.open();
      await using second = await UdpPeer.open();
      const words = new Uint32Array(3 * pathWords);
      // One of the port's own receive calls, so that all that is sent in it may leave at once.
      const done = Promise.withResolvers<void>();
      await using asked = await opened({ host: '127.0.0.1', port: 0 }, ({ bytes, start, end }) => {
        for (const peer of [first, second, first, first]) {
          words.set(pathTo(peer.address), pathWords);
          asked.send(words, pathWords, bytes, start, end);
        }
        words.fill(0);
        done.resolve();
      });
      first.send(Buffer.from('to whom?'), asked.address);
      await done.promise;
      for (const peer of [first, second, first, first]) expect((await peer.next()).from).toEqual(asked.address);
      for (const peer of [first, second]) {
        peer.send(Buffer.from('and nothing more'), port.address);
        expect((await peer.next()).bytes.toString()).toBe('and nothing more');
      }
    });

    test('an empty datagram is received as one', async () => {
      const sizes: number[] = [];
      await using port = await opened({ host: '127.0.0.1', port: 0 }, (datagram) => {
        sizes.push(datagram.end - datagram.start);
        sendText(port, copyOfPath(datagram.path, datagram.pathAt), 'seen');
      });
      await using peer = await UdpPeer.open();
      peer.send(Buffer.alloc(0), port.address);
      await peer.next();
      expect(sizes).toEqual([0]);
    });

    test('at `::` it serves IPv4 and IPv6, and calls IPv4 addresses by their own name', async () => {
      const sources: Place[] = [];
      await using port = await opened({ host: '::', port: 0 }, (datagram) => {
        sources.push(placeOf(datagram.path, datagram.pathAt));
        answer(port, datagram);
      });
      await using ipv4 = await UdpPeer.open('127.0.0.1');
      await using ipv6 = await UdpPeer.open('::1');
      for (const peer of [ipv4, ipv6]) {
        const to = { host: peer.address.host, port: port.address.port };
        peer.send(Buffer.from('hello'), to);
        expect((await peer.next()).from).toEqual(to);
      }
      expect(sources).toEqual([ipv4.address, ipv6.address]);
    });

    test('what cannot be sent is counted and nothing else happens', async () => {
      await using port = await echo({ host: '127.0.0.1', port: 0 });
      await using peer = await UdpPeer.open();
      const large = Buffer.alloc(limits.datagramBytesMax + 1);
      port.send(pathTo(peer.address), 0, large, 0, large.length);
      sendText(port, pathTo({ host: '2001:db8::1', port: 9 }), 'no IPv6 here');
      peer.send(Buffer.from('still there?'), port.address);
      expect((await peer.next()).bytes.toString()).toBe('still there?');
      expect(port.counters.sendErrors['too-large']).toBe(1);
      expect(faults(port.counters)).toBe(2);
    });

    test('after close nothing is sent or received, and the address is free', async () => {
      const received: Buffer[] = [];
      const cells = new Float64Array(portCellCount);
      const port = await open(
        { host: '127.0.0.1', port: 0 },
        ({ bytes, start, end }) => received.push(Buffer.from(bytes.subarray(start, end))),
        cells,
      );
      await using peer = await UdpPeer.open();
      peer.send(Buffer.from('too late'), port.address);
      await Promise.all([port.close(), port.close()]);
      sendText(port, pathTo(peer.address), 'too late');

      expect(portCountersOf(cells).sendErrors.closed).toBe(1);
      await using again = await echo(port.address);
      peer.send(Buffer.from('in time'), again.address);
      expect((await peer.next()).bytes.toString()).toBe('in time');
      expect(received).toEqual([]);
    });

    test('an address that is taken, or is none, is a setting that cannot be used', async () => {
      await using port = await echo({ host: '127.0.0.1', port: 0 });
      for (const at of [port.address, { host: 'localhost', port: 0 }, { host: '192.0.2.1', port: 0 }]) {
        await expect(open(at, () => {}, new Float64Array(portCellCount))).rejects.toMatchObject({
          code: 'settings-invalid',
        });
      }
    });
  });

  async function opened(
    at: { host: string; port: number },
    receive: ReceiveDatagram = () => {},
  ): Promise<UdpPort & AsyncDisposable & { readonly counters: UdpPortCounters }> {
    const cells = new Float64Array(portCellCount);
    const port = await open(at, receive, cells);
    return {
      ...port,
      get counters() {
        return portCountersOf(cells);
      },
      [Symbol.asyncDispose]: () => port.close(),
    };
  }

  async function echo(at: { host: string; port: number }) {
    const port = await opened(at, (datagram) => answer(port, datagram));
    return port;
  }
}

/** Sends a datagram back from where it lies. */
function answer(port: UdpPort, { path, pathAt, bytes, start, end }: Datagram): void {
  port.send(copyOfPath(path, pathAt), 0, bytes, start, end);
}

function sendText(port: UdpPort, to: Path, text: string): void {
  port.send(to, 0, Buffer.from(text), 0, text.length);
}

function faults({ sendErrors }: UdpPortCounters): number {
  return Object.values(sendErrors).reduce((sum, count) => sum + count);
}

function pathTo({ host, port }: Place): Path {
  const path = pathOf(host, port);
  if (path === undefined) throw new Error('a peer without an address');
  return path;
}
