import { Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { limits, systemClock } from '../../../src/base/index.ts';
import { openTcpListener } from '../../../src/relay/tcp/tcp-listener.ts';
import { check, TcpHarness } from '../support/tcp-harness.ts';
import { framed, TcpPeer } from '../support/tcp-peer.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const silent = { datagram: () => {}, closed: () => {} };

function open(hosts: readonly string[], port = 0) {
  return openTcpListener({ hosts, port }, { clock: systemClock }, silent);
}

function send(harness: TcpHarness, connection: number, bytes: Buffer): void {
  harness.listener.send(connection, bytes, 0, bytes.length);
}

describe('a listener for ICE over TCP', () => {
  test('tells where it is bound', async () => {
    await using harness = await TcpHarness.open();
    expect(harness.listener.address.host).toBe('127.0.0.1');
    expect(harness.listener.address.port).toBeGreaterThan(0);
    expect(harness.listener.open).toBe(0);
  });

  test.each(['127.0.0.1', '::1'])('frames of every size pass both ways at %s', async (host) => {
    await using harness = await TcpHarness.open({ hosts: [host] });
    await using viewer = await harness.claimed();
    harness.onFrame = (connection, bytes) => send(harness, connection, bytes);
    for (const size of [1, 2, 20, 1_200, 1_500, limits.tcpFrameBytesMax]) {
      const bytes = Buffer.alloc(size, size % 251);
      await viewer.peer.send(bytes);
      expect((await harness.frames.next()).bytes.equals(bytes)).toBe(true);
      expect((await viewer.peer.next()).equals(bytes)).toBe(true);
    }
    const payload = 1 + 2 + 20 + 1_200 + 1_500 + limits.tcpFrameBytesMax;
    expect(harness.listener.counters).toMatchObject({
      accepted: 1,
      framesIn: 7,
      bytesIn: check.length + payload,
      framesOut: 7,
      bytesOut: check.length + payload,
      unsent: 0,
    });
  });

  test('a frame is told with both ends of its connection', async () => {
    await using harness = await TcpHarness.open();
    await using peer = await TcpPeer.open(harness.listener.address);
    await peer.send(check);
    expect(await harness.frames.next()).toEqual({
      connection: 1,
      remote: peer.address,
      local: harness.listener.address,
      bytes: check,
    });
  });

  test('at `::` it serves IPv4 and IPv6, and calls IPv4 addresses by their own name', async () => {
    await using harness = await TcpHarness.open({ hosts: ['::'] });
    const { port } = harness.listener.address;
    for (const host of ['127.0.0.1', '::1']) {
      await using peer = await TcpPeer.open({ host, port });
      await peer.send(check);
      const { remote, local } = await harness.frames.next();
      expect([remote, local]).toEqual([
        { host, port: peer.address.port },
        { host, port },
      ]);
    }
  });

  test('several hosts share one port', async () => {
    await using harness = await TcpHarness.open({ hosts: ['127.0.0.1', '127.0.0.2', '::1'] });
    const { port } = harness.listener.address;
    expect(harness.listener.address.host).toBe('127.0.0.1');
    for (const host of ['127.0.0.1', '127.0.0.2', '::1']) {
      await using peer = await TcpPeer.open({ host, port });
      await peer.send(check);
      expect((await harness.frames.next()).local).toEqual({ host, port });
    }
  });

  test('frames that the network cut or joined are the frames that were sent', async () => {
    await using harness = await TcpHarness.open();
    await using viewer = await harness.claimed();
    const bodies = ['one', 'two', 'three'].map((text) => Buffer.from(text));
    await viewer.peer.write(framed(...bodies, Buffer.alloc(0), ...bodies));
    for (const body of [...bodies, ...bodies]) expect((await harness.frames.next()).bytes).toEqual(body);
    for (const byte of framed(...bodies)) await viewer.peer.write(Buffer.of(byte));
    for (const body of bodies) expect((await harness.frames.next()).bytes).toEqual(body);
  });

  test('connections have numbers that grow, and frames of their own', async () => {
    await using harness = await TcpHarness.open();
    await using first = await harness.claimed();
    await using second = await harness.claimed();
    expect([first.connection, second.connection]).toEqual([1, 2]);
    expect([harness.listener.open, harness.listener.unclaimed]).toEqual([2, 0]);

    send(harness, 2, Buffer.from('for two'));
    send(harness, 1, Buffer.from('for one'));
    expect((await first.peer.next()).toString()).toBe('for one');
    expect((await second.peer.next()).toString()).toBe('for two');

    await second.peer.send(Buffer.from('from two'));
    expect(await harness.frames.next()).toMatchObject({ connection: 2, remote: second.peer.address });

    harness.listener.release(1);
    await first.peer.gone();
    await using third = await harness.stranger();
    expect(third.connection).toBe(3);
  });

  test('the bytes of a frame may change as soon as it was sent', async () => {
    await using harness = await TcpHarness.open();
    await using viewer = await harness.claimed();
    const bytes = Buffer.from('..first..');
    harness.listener.send(viewer.connection, bytes, 2, 7);
    bytes.fill('x');
    expect((await viewer.peer.next()).toString()).toBe('first');
  });

  test('what one turn sends leaves in one system call, without delay', async () => {
    const noDelay = vi.spyOn(Socket.prototype, 'setNoDelay');
    await using harness = await TcpHarness.open();
    await using viewer = await harness.claimed();
    expect(noDelay.mock.calls.some(([on]) => on === true)).toBe(true);
    const writev = vi.spyOn(Socket.prototype, '_writev');
    for (const round of [1, 2]) {
      for (let n = 0; n < 20; n++) send(harness, viewer.connection, Buffer.alloc(100, n));
      for (let n = 0; n < 20; n++) expect(await viewer.peer.next()).toEqual(Buffer.alloc(100, n));
      expect(writev).toHaveBeenCalledTimes(round);
    }
  });

  test('what cannot be sent is counted and nothing else happens', async () => {
    await using harness = await TcpHarness.open();
    await using viewer = await harness.claimed();
    const { connection, peer } = viewer;
    const large = Buffer.alloc(limits.tcpFrameBytesMax + 1);
    for (const number of [0, -1, connection + 1, 1.5, Number.NaN]) send(harness, number, check);
    for (const [start, end] of [
      [0, large.length],
      [5, 5],
      [5, 4],
      [Number.NaN, 4],
    ] as const) {
      harness.listener.send(connection, large, start, end);
    }
    expect(harness.listener.counters).toMatchObject({ unsent: 9, framesOut: 1 });
    send(harness, connection, Buffer.from('still there'));
    expect((await peer.next()).toString()).toBe('still there');
  });

  test('on a new connection everything is lost that goes before STUN', async () => {
    await using harness = await TcpHarness.open();
    await using viewer = await harness.stranger();
    harness.listener.claim(viewer.connection);
    for (const first of [4, 22, 128]) send(harness, viewer.connection, Buffer.alloc(40, first));
    expect(harness.listener.counters).toMatchObject({ unsent: 3, framesOut: 0 });
    send(harness, viewer.connection, check);
    send(harness, viewer.connection, Buffer.alloc(40, 22));
    expect([await viewer.peer.next(), await viewer.peer.next()]).toEqual([check, Buffer.alloc(40, 22)]);
  });

  test('a connection that was released is gone at once, and nobody is told', async () => {
    await using harness = await TcpHarness.open();
    await using viewer = await harness.claimed();
    harness.listener.release(viewer.connection);
    harness.listener.release(viewer.connection);
    expect(harness.listener.open).toBe(0);
    send(harness, viewer.connection, check);
    expect(harness.listener.counters.unsent).toBe(1);
    expect(await viewer.peer.gone()).toBe('closed');
    expect(harness.listener.counters.closed.released).toBe(1);
    expect(harness.closings.size).toBe(0);
    expect(harness.clock.pending).toBe(0);
  });

  test('one that is released in the middle of its frames tells no more of them', async () => {
    await using harness = await TcpHarness.open();
    await using viewer = await harness.claimed();
    harness.onFrame = (connection) => harness.listener.release(connection);
    await viewer.peer.send(Buffer.from('one'), Buffer.from('two'));
    expect((await harness.frames.next()).bytes.toString()).toBe('one');
    await viewer.peer.gone();
    expect(harness.frames.size).toBe(0);
    expect(harness.listener.counters.framesIn).toBe(2);
    expect(harness.listener.counters.closed['frame-too-long']).toBe(0);
  });

  test('after close every connection is gone, nobody is told, and the address is free', async () => {
    await using harness = await TcpHarness.open();
    await using viewer = await harness.claimed();
    await using stranger = await harness.stranger();
    await Promise.all([harness.listener.close(), harness.listener.close()]);
    expect([await viewer.peer.gone(), await stranger.peer.gone()]).toEqual(['closed', 'closed']);
    expect([harness.listener.open, harness.listener.unclaimed, harness.clock.pending]).toEqual([0, 0, 0]);
    expect(harness.closings.size).toBe(0);
    const again = await open(['127.0.0.1'], harness.listener.address.port);
    expect(again.address).toEqual(harness.listener.address);
    await again.close();
  });

  test('an address that is taken, or is none, is a setting that cannot be used', async () => {
    await using harness = await TcpHarness.open();
    const { port } = harness.listener.address;
    await expect(open(['127.0.0.1'], port)).rejects.toMatchObject({ code: 'settings-invalid' });
    for (const hosts of [[], ['localhost'], ['192.0.2.1'], ['127.0.0.1', 'localhost']]) {
      await expect(open(hosts)).rejects.toMatchObject({ code: 'settings-invalid' });
    }
  });

  test('when one host cannot be bound the others are free again', async () => {
    const first = await open(['127.0.0.1']);
    await first.close();
    await expect(open(['127.0.0.1', '192.0.2.1'], first.address.port)).rejects.toThrow(/192\.0\.2\.1/);
    const again = await open(['127.0.0.1'], first.address.port);
    await again.close();
  });
});
