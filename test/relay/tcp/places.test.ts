import { Socket } from 'node:net';
import { describe, expect, it, test } from 'vitest';
import { type Clock, limits } from '../../../src/base/index.ts';
import { connectionNumberMax, nextConnectionNumber, TcpConnections } from '../../../src/relay/tcp/connections.ts';
import type { TcpSettings } from '../../../src/relay/tcp/tcp-listener.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { TcpHarness } from '../support/tcp-harness.ts';
import { TcpPeer } from '../support/tcp-peer.ts';

const share = limits.tcpConnectionsUnclaimedPerAddressMax;

/** A socket that has addresses and nothing behind them, so that a whole table of them costs nothing. */
function socketFrom(remoteAddress: string | undefined): Socket {
  const addresses = { remoteAddress, remotePort: 5_000, localAddress: '127.0.0.1', localPort: 6_000 };
  const socket = new Socket();
  for (const [name, value] of Object.entries(addresses)) Object.defineProperty(socket, name, { value });
  return socket;
}

function accepting(settings: Partial<TcpSettings> = {}, clock: Clock = new ManualClock()) {
  const connections = new TcpConnections({ hosts: [], port: 0, ...settings }, clock, {
    datagram: () => {},
    closed: () => {},
  });
  return {
    connections,
    /** How many of so many found a place. */
    accept(count: number, host: string | undefined): number {
      const before = connections.open;
      for (let n = 0; n < count; n++) connections.accept(socketFrom(host));
      return connections.open - before;
    },
  };
}

describe('the places of a listener', () => {
  test('for strangers are so many, whoever they are', () => {
    const { connections, accept } = accepting({ unclaimedMax: Number.POSITIVE_INFINITY });
    expect(accept(limits.tcpConnectionsUnclaimedMax + 1, '127.0.0.1')).toBe(limits.tcpConnectionsUnclaimedMax);
    expect(connections.counters).toMatchObject({ accepted: limits.tcpConnectionsUnclaimedMax, refused: 1 });
    expect(accept(1, '192.0.2.1')).toBe(0);
    connections.claim(7);
    expect(connections.unclaimed).toBe(limits.tcpConnectionsUnclaimedMax - 1);
    expect(accept(2, '127.0.0.1')).toBe(1);
    connections.release(8);
    expect(accept(2, '127.0.0.1')).toBe(1);
  });

  test('are so many in all, claimed or not', () => {
    const { connections, accept } = accepting({ connectionsMax: Number.POSITIVE_INFINITY });
    for (let number = 1; number <= limits.tcpConnectionsMax; number++) {
      expect(accept(1, '127.0.0.1')).toBe(1);
      connections.claim(number);
    }
    expect(accept(1, '127.0.0.1')).toBe(0);
    connections.release(1);
    expect(accept(2, '127.0.0.1')).toBe(1);
    connections.releaseAll();
    expect([connections.open, connections.unclaimed]).toEqual([0, 0]);
  });

  test('can be fewer', () => {
    const { connections, accept } = accepting({ connectionsMax: 3, unclaimedMax: 2 });
    expect(accept(3, '127.0.0.1')).toBe(2);
    for (const number of [1, 2]) connections.claim(number);
    expect(accept(3, '127.0.0.1')).toBe(1);
  });

  test('are shared out among strangers’ addresses', () => {
    const { connections, accept } = accepting();
    expect(accept(share + 1, '192.0.2.1')).toBe(share);
    expect(accept(1, '::ffff:192.0.2.1')).toBe(0);
    expect(accept(1, '192.0.2.2')).toBe(1);
    expect(accept(share + 1, '2001:db8::1')).toBe(share);
    expect(accept(1, '2001:db8::ffff:0:0:2')).toBe(0);
    connections.claim(1);
    expect(accept(2, '192.0.2.1')).toBe(1);
  });

  test('are not for a connection that is gone already', () => {
    const { connections, accept } = accepting();
    expect(accept(1, undefined)).toBe(0);
    expect(connections.counters.refused).toBe(1);
  });

  test('come back in time, though a timer may come before its time', () => {
    const steady = new ManualClock();
    let lateMs = 0;
    const clock: Clock = { now: () => steady.now() - lateMs, after: (delayMs, run) => steady.after(delayMs, run) };
    const { connections, accept } = accepting({}, clock);
    accept(1, '192.0.2.1');
    lateMs = 5;
    steady.advance(limits.tcpUnclaimedMsMax + lateMs - 1);
    expect(connections.open).toBe(1);
    steady.advance(1);
    expect(connections.open).toBe(0);
  });

  test('are refused by a reset, and nobody is told', async () => {
    await using harness = await TcpHarness.open({ connectionsMax: 1 });
    await using viewer = await harness.claimed();
    await using refused = await TcpPeer.open(harness.listener.address);
    expect(await refused.gone()).toBe('reset');
    expect([refused.bytesRead, harness.closings.size]).toEqual([0, 0]);
    harness.listener.release(viewer.connection);
    await using next = await harness.stranger();
    expect(next.connection).toBe(2);
  });
});

describe('the number of a connection', () => {
  const none = () => false;

  it('grows by one, and begins again after the largest of 31 bits', () => {
    expect([0, 1, 41].map((last) => nextConnectionNumber(last, none))).toEqual([1, 2, 42]);
    expect(nextConnectionNumber(connectionNumberMax - 1, none)).toBe(2_147_483_647);
    expect(nextConnectionNumber(connectionNumberMax, none)).toBe(1);
  });

  it('is none that is open', () => {
    const open = new Set([connectionNumberMax, 1, 2, 4]);
    expect(nextConnectionNumber(connectionNumberMax - 1, (number) => open.has(number))).toBe(3);
  });
});
