import type { EventEmitter } from 'node:events';
import { Server } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { stun, stunTypes } from '../support/stun-messages.ts';
import { check, TcpHarness } from '../support/tcp-harness.ts';
import { framed, TcpPeer } from '../support/tcp-peer.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const transaction = Buffer.alloc(12, 9);
const dtls = Buffer.from('16fefd00000000000000000050010000', 'hex');

function withByte(bytes: Buffer, at: number, value: number): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt8(value, at);
  return changed;
}

describe('a connection that nobody has claimed', () => {
  test.each<[string, Buffer]>([
    ['an answer', stun({ type: stunTypes.success, transaction })],
    ['an indication', stun({ type: stunTypes.indication, transaction })],
    ['another method', stun({ type: 0x0003, transaction })],
    ['another cookie', withByte(check, 4, 0x22)],
    ['DTLS', dtls],
    ['media', Buffer.concat([Buffer.of(0x80, 96), Buffer.alloc(40)])],
    ['a check that is cut off', check.subarray(0, 19)],
    ['a byte', Buffer.of(0)],
  ])('may not begin with %s', async (_, bytes) => {
    await using harness = await TcpHarness.open();
    await using peer = await TcpPeer.open(harness.listener.address);
    await peer.send(bytes, check);
    expect(await harness.closings.next()).toEqual([1, 'unclaimed-no-check']);
    expect(await peer.gone()).toBe('reset');
    expect(peer.bytesRead).toBe(0);
    expect(harness.frames.size).toBe(0);
    expect([harness.listener.open, harness.listener.unclaimed, harness.clock.pending]).toEqual([0, 0, 0]);
  });

  test('may not go on with anything else either, until it is claimed', async () => {
    await using harness = await TcpHarness.open();
    await using stranger = await harness.stranger();
    await using viewer = await harness.claimed();
    await viewer.peer.send(dtls);
    expect((await harness.frames.next()).bytes).toEqual(dtls);
    await stranger.peer.send(dtls);
    expect(await harness.closings.next()).toEqual([stranger.connection, 'unclaimed-no-check']);
    expect(harness.frames.size).toBe(0);
  });

  test('may begin with the shortest check there is', async () => {
    await using harness = await TcpHarness.open();
    await using peer = await TcpPeer.open(harness.listener.address);
    await peer.send(stun({ transaction }));
    expect((await harness.frames.next()).bytes).toHaveLength(20);
  });

  test.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: relay\r\n\r\n')],
    ['TLS', Buffer.from('16030102000100', 'hex')],
    ['noise', Buffer.alloc(100, 0xff)],
  ])('that speaks %s is reset without a word', async (_, bytes) => {
    await using harness = await TcpHarness.open();
    await using peer = await TcpPeer.open(harness.listener.address);
    await peer.write(bytes);
    expect(await harness.closings.next()).toEqual([1, 'frame-too-long']);
    expect(await peer.gone()).toBe('reset');
    expect(peer.bytesRead).toBe(0);
  });

  test('is sent nothing, whatever it brought', async () => {
    await using harness = await TcpHarness.open();
    harness.onFrame = (connection, bytes) => harness.listener.send(connection, bytes, 0, bytes.length);
    await using stranger = await harness.stranger();
    expect(harness.listener.counters).toMatchObject({ unsent: 1, framesOut: 0 });
    harness.listener.claim(stranger.connection);
    await stranger.peer.send(check);
    expect(await stranger.peer.next()).toEqual(check);
  });

  test('may be claimed from within its first frame, and answered', async () => {
    await using harness = await TcpHarness.open();
    harness.onFrame = (connection, bytes) => {
      harness.listener.claim(connection);
      harness.listener.send(connection, bytes, 0, bytes.length);
    };
    await using peer = await TcpPeer.open(harness.listener.address);
    await peer.send(check, dtls);
    expect([await peer.next(), await peer.next()]).toEqual([check, dtls]);
  });

  test('may bring so many checks, and no more', async () => {
    await using harness = await TcpHarness.open();
    await using peer = await TcpPeer.open(harness.listener.address);
    const small = stun({ transaction });
    for (let n = 0; n < limits.tcpUnclaimedFramesMax; n++) {
      await peer.send(small);
      await harness.frames.next();
    }
    expect(harness.listener.open).toBe(1);
    await peer.send(small);
    expect(await harness.closings.next()).toEqual([1, 'unclaimed-too-much']);
    expect(harness.frames.size).toBe(0);
  });

  test('may bring so many bytes, and no more, even of filler', async () => {
    await using harness = await TcpHarness.open();
    await using peer = await TcpPeer.open(harness.listener.address);
    const small = framed(stun({ transaction }));
    await peer.write(Buffer.alloc(limits.tcpUnclaimedBytesMax - small.length));
    await peer.write(small);
    expect((await harness.frames.next()).connection).toBe(1);
    await peer.write(Buffer.of(0));
    expect(await harness.closings.next()).toEqual([1, 'unclaimed-too-much']);
  });

  test('may bring what it likes once it is claimed', async () => {
    await using harness = await TcpHarness.open();
    await using viewer = await harness.claimed();
    const count = limits.tcpUnclaimedBytesMax / 1_024 + limits.tcpUnclaimedFramesMax;
    for (let n = 0; n < count; n++) await viewer.peer.send(Buffer.alloc(1_024, n));
    for (let n = 0; n < count; n++) expect((await harness.frames.next()).bytes).toEqual(Buffer.alloc(1_024, n));
  });
});

describe('time', () => {
  test('a stranger that drips bytes, or checks that are worth nothing, is waited for so long and no longer', async () => {
    await using harness = await TcpHarness.open();
    await using dripping = await TcpPeer.open(harness.listener.address);
    await using insisting = await harness.stranger();
    for (let at = 0; at < limits.tcpUnclaimedMsMax; at += 1_000) {
      harness.clock.advance(at === 0 ? 999 : 1_000);
      await dripping.write(framed(check).subarray(at / 1_000, at / 1_000 + 1));
      await insisting.peer.send(check);
      await harness.frames.next();
    }
    expect(harness.listener.open).toBe(2);
    harness.clock.advance(1);
    expect(harness.listener.open).toBe(0);
    expect([await harness.closings.next(), await harness.closings.next()].sort()).toEqual([
      [1, 'unclaimed'],
      [2, 'unclaimed'],
    ]);
    expect([await dripping.gone(), await insisting.peer.gone()]).toEqual(['reset', 'reset']);
    expect(harness.clock.pending).toBe(0);
  });

  test('one that is claimed at the last moment stays, and is heard as of then', async () => {
    await using harness = await TcpHarness.open();
    await using viewer = await harness.stranger();
    harness.clock.advance(limits.tcpUnclaimedMsMax - 1);
    harness.listener.claim(viewer.connection);
    harness.clock.advance(limits.sideSilentMsMax - 1);
    expect(harness.listener.open).toBe(1);
    harness.clock.advance(1);
    expect(harness.listener.open).toBe(0);
    expect(await harness.closings.next()).toEqual([viewer.connection, 'silent']);
  });

  test('a frame, and nothing less, keeps a claimed connection', async () => {
    await using harness = await TcpHarness.open();
    await using viewer = await harness.claimed();
    await using other = await harness.claimed();
    harness.clock.advance(limits.sideSilentMsMax - 1);
    await viewer.peer.send(dtls);
    await other.peer.write(framed(Buffer.alloc(0), dtls).subarray(0, -1));
    await harness.frames.next();
    harness.clock.advance(1);
    expect(await harness.closings.next()).toEqual([other.connection, 'silent']);
    harness.listener.claim(viewer.connection);
    harness.clock.advance(limits.sideSilentMsMax - 2);
    expect(harness.listener.open).toBe(1);
    harness.clock.advance(1);
    expect(await harness.closings.next()).toEqual([viewer.connection, 'silent']);
    expect(harness.clock.pending).toBe(0);
  });

  test('each connection has its own deadline', async () => {
    await using harness = await TcpHarness.open();
    await using first = await harness.stranger();
    harness.clock.advance(1_000);
    await using second = await harness.stranger();
    harness.clock.advance(limits.tcpUnclaimedMsMax - 1_000);
    expect(await harness.closings.next()).toEqual([first.connection, 'unclaimed']);
    expect(harness.listener.open).toBe(1);
    harness.clock.advance(1_000);
    expect(await harness.closings.next()).toEqual([second.connection, 'unclaimed']);
  });
});

describe('an end', () => {
  test.each<[string, (peer: TcpPeer) => void, string]>([
    ['half a close', (peer) => peer.end(), 'peer-closed'],
    ['a reset', (peer) => peer.reset(), 'error'],
  ])('by %s is told once', async (_, end, reason) => {
    await using harness = await TcpHarness.open();
    await using viewer = await harness.claimed();
    const told = vi.spyOn(harness, 'onClosed');
    end(viewer.peer);
    expect(await harness.closings.next()).toEqual([viewer.connection, reason]);
    await viewer.peer.gone();
    expect(told).toHaveBeenCalledTimes(1);
    expect(harness.listener.open).toBe(0);
    expect(harness.listener.counters.closed).toMatchObject({ [reason]: 1 });
  });

  test('comes for a frame that is too long, after what came before it', async () => {
    await using harness = await TcpHarness.open();
    await using viewer = await harness.claimed();
    await viewer.peer.send(dtls, Buffer.alloc(limits.tcpFrameBytesMax + 1), dtls);
    expect(await harness.closings.next()).toEqual([viewer.connection, 'frame-too-long']);
    expect((await harness.frames.next()).bytes).toEqual(dtls);
    expect(harness.frames.size).toBe(0);
    expect(await viewer.peer.gone()).toBe('reset');
  });

  test('a fault of the operating system in accepting is counted, and the port lives on', async () => {
    const servers: EventEmitter[] = [];
    const listen = Server.prototype.listen;
    vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server, ...parameters: unknown[]) {
      servers.push(this);
      return Reflect.apply(listen, this, parameters);
    });
    await using harness = await TcpHarness.open();
    for (const server of servers) server.emit('error', new Error('accept EMFILE'));
    expect(harness.listener.counters.acceptErrors).toBe(1);
    await using viewer = await harness.stranger();
    expect(viewer.connection).toBe(1);
  });
});
