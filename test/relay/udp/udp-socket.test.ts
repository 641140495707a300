import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import type { Libc } from '../../../src/relay/udp/libc.ts';
import { openUdpSocket, whyNoDualStack } from '../../../src/relay/udp/udp-socket.ts';
import { copyOfPath, type Datagram, localHostOf, placeOf } from '../../../src/relay/wire/path.ts';
import { BatchedPeer, numbered, pathTo } from '../support/batched-peer.ts';
import { FaultyLibc } from '../support/faulty-libc.ts';
import { demandLibc } from '../support/pumped-port.ts';
import { UdpPeer } from '../support/udp-peer.ts';

const libc = await demandLibc();
const nothing = () => {};

afterEach(() => vi.restoreAllMocks());

describe('opening a socket', () => {
  test.each([
    ['a port that is taken', 'EADDRINUSE', () => ({ host: '127.0.0.1', port: taken.socket.facts.port, device: null })],
    ['an address of another machine', 'EADDRNOTAVAIL', () => ({ host: '192.0.2.1', port: 0, device: null })],
    ['an IPv6 address of another machine', 'EADDRNOTAVAIL', () => ({ host: '2001:db8::1', port: 0, device: null })],
    ['a link-local address without its link', 'EINVAL', () => ({ host: 'fe80::1', port: 0, device: null })],
    ['an interface that is none', 'ENODEV', () => ({ host: '::', port: 0, device: 'none' })],
    ['an interface, and an address of another', 'EADDRNOTAVAIL', () => ({ host: '192.0.2.1', port: 0, device: 'lo' })],
    ['no port', 'port 65536 is none', () => ({ host: '::', port: 65_536, device: null })],
    ['no address', 'not an IP address', () => ({ host: 'localhost', port: 0, device: null })],
  ])('fails for %s with its name, and leaves no descriptor', (_, name, at) => {
    const before = descriptors();
    expect(() => openUdpSocket(libc, at())).toThrow(
      expect.objectContaining({ code: 'settings-invalid', message: expect.stringContaining(name) }),
    );
    expect(descriptors()).toEqual(before);
  });

  test.each<[string, Partial<Libc>]>([
    ['a socket', { socket: () => -1 }],
    ['both families', { setsockopt: (_, level, option) => (level === 41 && option === 26 ? -1 : 0) }],
    ['a name', { getsockname: () => -1 }],
  ])('fails when %s cannot be had, and leaves no descriptor', (_, broken) => {
    const before = descriptors();
    const calls: Libc = Object.assign(new FaultyLibc(libc), broken, { errno: () => 24 });
    expect(() => openUdpSocket(calls, { host: '::', port: 0, device: null })).toThrow('EMFILE');
    expect(descriptors()).toEqual(before);
  });

  test('and closing it a thousand times leaves no descriptor', () => {
    const before = descriptors();
    for (let n = 0; n < 1_000; n++) openUdpSocket(libc, { host: '::', port: 0, device: null }).close(libc);
    expect(whyNoDualStack(libc)).toBeUndefined();
    expect(descriptors()).toEqual(before);
  });

  test('says why there is none for both families', () => {
    const calls: Libc = Object.assign(new FaultyLibc(libc), { socket: () => -1, errno: () => 97 });
    expect(whyNoDualStack(calls)).toBe('this machine has no IPv6 sockets: EAFNOSUPPORT');
  });

  test('reads back what the kernel gives, whatever was asked for', () => {
    const socket = openUdpSocket(libc, { host: '::', port: 0, device: null });
    const option = Buffer.alloc(4);
    for (const [name, bytes] of [
      [8, socket.facts.receiveBufferBytes],
      [7, socket.facts.sendBufferBytes],
    ] as const) {
      expect(libc.getsockopt(socket.descriptor, 1, name, option, Buffer.of(4, 0, 0, 0))).toBe(0);
      expect(option.readInt32LE()).toBe(bytes);
    }
    socket.close(libc);

    const modest: Libc = Object.assign(new FaultyLibc(libc), {
      setsockopt: (...[descriptor, level, name, value, bytes]: Parameters<Libc['setsockopt']>) =>
        name >= 32 && name <= 33 && level === 1 ? -1 : libc.setsockopt(descriptor, level, name, value, bytes),
    });
    const granted = openUdpSocket(modest, { host: '::', port: 0, device: null });
    // The kernel says twice what it was asked for, for its own part.
    const most = (name: string) => Number(readFileSync(`/proc/sys/net/core/${name}`, 'utf8'));
    expect(granted.facts.receiveBufferBytes).toBe(2 * Math.min(limits.udpBufferBytes, most('rmem_max')));
    expect(granted.facts.sendBufferBytes).toBe(2 * Math.min(limits.udpBufferBytes, most('wmem_max')));
    granted.close(libc);
  });

  test('gives each call its time', () => {
    const socket = openUdpSocket(libc, { host: '::', port: 0, device: null });
    const time = Buffer.alloc(16);
    for (const [name, ms] of [
      [20, limits.receiveWaitMs],
      [21, limits.sendWaitMs],
    ] as const) {
      expect(libc.getsockopt(socket.descriptor, 1, name, time, Buffer.of(16, 0, 0, 0))).toBe(0);
      expect(time.readBigInt64LE(0)).toBe(0n);
      // The kernel counts in ticks, and rounds up: one of them is 10 ms at most.
      expect(Number(time.readBigInt64LE(8))).toBeGreaterThanOrEqual(ms * 1_000);
      expect(Number(time.readBigInt64LE(8))).toBeLessThan(ms * 1_000 + 10_000);
    }
    socket.close(libc);
  });

  test('on one interface serves both families there', async () => {
    using port = await BatchedPeer.open({ host: '::', device: 'lo' });
    for (const host of ['127.0.0.1', '::1'] as const) {
      using peer = await BatchedPeer.open({ host });
      peer.send(port.path(host), Buffer.from(host));
      answerNext(port);
      expect(peer.take(1)).toEqual([Buffer.from(host)]);
    }
  });
});

describe('datagrams that the kernel has no room for', () => {
  test('are counted, each of them', async () => {
    using port = await BatchedPeer.open();
    using flood = await BatchedPeer.open();
    const small = Buffer.alloc(4);
    small.writeInt32LE(20_000);
    libc.setsockopt(port.socket.descriptor, 1, 8, small, 4);
    const to = port.path();
    const sent = 5_000;
    for (const bytes of numbered(sent, 200)) flood.send(to, bytes);
    let received = 0;
    while (port.port.turn(true, nothing, () => received++) > 0);
    expect(received).toBeGreaterThan(0);
    expect(received).toBeLessThan(sent / 2);

    // How many were lost is told with the next one that is not.
    flood.send(to, Buffer.from('and now?'));
    port.take(1);
    expect(port.counters.kernelDrops).toBe(sent - received);
    expect(flood.faults).toEqual({});
  });
});

describe('a socket of every address', () => {
  test('answers from the address that was asked', async () => {
    using port = await BatchedPeer.open({ host: '::' });
    await using peer = await UdpPeer.open();
    for (const host of ['127.0.0.2', '127.255.0.7', '127.0.0.1']) {
      peer.send(Buffer.from(host), port.place(host));
      const seen: string[] = [];
      await port.pumpUntil(
        () => seen.length > 0,
        (datagram) => {
          seen.push(localHostOf(datagram.path, datagram.pathAt));
          answer(port, datagram);
        },
      );
      expect(seen).toEqual([host]);
      expect(await peer.next()).toEqual({ bytes: Buffer.from(host), from: port.place(host) });
    }
  });

  test('answers with a run from the address that was asked', async () => {
    using port = await BatchedPeer.open({ host: '::' });
    await using peer = await UdpPeer.open();
    const run = numbered(5, 100);
    port.send(pathTo(peer.address, { local: '127.0.0.9' }), ...run);
    for (const bytes of run) expect(await peer.next()).toEqual({ bytes, from: port.place('127.0.0.9') });
    expect(port.counters.sendCalls).toBe(1);
  });

  test('leaves the choice to the kernel where no address is named', async () => {
    using port = await BatchedPeer.open({ host: '::' });
    await using peer = await UdpPeer.open();
    port.send(pathTo(peer.address), Buffer.from('from where?'));
    expect((await peer.next()).from).toEqual(port.place('127.0.0.1'));
  });

  test('of IPv4 alone serves no IPv6', async () => {
    using port = await BatchedPeer.open({ host: '0.0.0.0' });
    using ipv6 = await BatchedPeer.open({ host: '::1' });
    using ipv4 = await BatchedPeer.open();
    ipv6.send(port.path('::1'), Buffer.from('lost'));
    ipv4.send(port.path('127.0.0.3'), Buffer.from('here'));
    const seen: string[] = [];
    port.receiveUntil(
      () => seen.length > 0,
      ({ path, pathAt }) => seen.push(placeOf(path, pathAt).host, localHostOf(path, pathAt)),
    );
    expect(seen).toEqual(['127.0.0.1', '127.0.0.3']);
  });
});

describe('a socket’s own datagrams', () => {
  test.each(['127.0.0.1', '127.0.0.5', '::1', '::', '0.0.0.0'])('are swallowed at %s, and no others', async (host) => {
    using port = await BatchedPeer.open({ host });
    const reachable = port.socket.facts.ownHost;
    using other = await BatchedPeer.open({ host: reachable });
    const seen: number[] = [];
    const receive = ({ path, pathAt }: Datagram) => seen.push(placeOf(path, pathAt).port);
    port.socket.wake(libc);
    expect(port.port.turn(true, nothing, receive)).toBe(1);
    port.send(port.path(reachable), Buffer.from('to itself'));
    expect(port.port.turn(true, nothing, receive)).toBe(1);
    expect(seen).toEqual([]);

    other.send(port.path(reachable), Buffer.of(0x40));
    port.receiveUntil(() => seen.length > 0, receive);
    expect(seen).toEqual([other.socket.facts.port]);
    expect(port.counters.receiveErrors).toBe(0);
  });

  test('from another address of the machine with the same port are another’s', async () => {
    using port = await BatchedPeer.open({ host: '127.0.0.1' });
    const other = createSocket('udp4');
    other.bind(port.socket.facts.port, '127.0.0.6');
    await once(other, 'listening');
    other.send(Buffer.of(0x40), port.socket.facts.port, '127.0.0.1');
    const seen: string[] = [];
    await port.pumpUntil(
      () => seen.length > 0,
      ({ path, pathAt }) => seen.push(placeOf(path, pathAt).host),
    );
    expect(seen).toEqual(['127.0.0.6']);
    other.close();
    await once(other, 'close');
  });
});

const taken = await BatchedPeer.open();

function descriptors(): string[] {
  return readdirSync('/proc/self/fd').filter((each) => Number(each) > 2);
}

function answerNext(port: BatchedPeer): void {
  let answered = false;
  port.receiveUntil(
    () => answered,
    (datagram) => {
      answer(port, datagram);
      answered = true;
    },
  );
}

function answer(port: BatchedPeer, { path, pathAt, bytes, start, end }: Datagram): void {
  port.port.send(copyOfPath(path, pathAt), 0, bytes, start, end);
}
