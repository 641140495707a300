import { describe, expect, test } from 'vitest';
import { Waker } from '../../../src/relay/media/waker.ts';
import { BatchedPort } from '../../../src/relay/udp/batched-port.ts';
import { portCellCount } from '../../../src/relay/udp/port.ts';
import { openUdpSocket } from '../../../src/relay/udp/udp-socket.ts';
import { demandLibc } from '../support/pumped-port.ts';
import { UdpPeer } from '../support/udp-peer.ts';

const libc = await demandLibc();

describe.each(['127.0.0.1', '::1', '::'] as const)('a station at %s', (host) => {
  test('is woken by a waker, and hears nothing of it; anybody else’s datagram it hears', async () => {
    const socket = openUdpSocket(libc, { host, port: 0, device: null });
    const waker = await Waker.open();
    const port = new BatchedPort(libc, socket, new Float64Array(portCellCount));
    await using peer = await UdpPeer.open(host === '::1' ? '::1' : '127.0.0.1');
    const heard: string[] = [];
    const turn = () =>
      port.turn(
        false,
        () => {},
        ({ bytes, start, end }) => heard.push(bytes.toString('utf8', start, end)),
      );
    const arrives = () => expect.poll(turn).toBe(1);
    try {
      socket.wakenBy(waker.ports);
      const at = { host: socket.facts.ownHost, port: socket.facts.port };
      waker.wake(at);
      await arrives();
      socket.wake(libc);
      await arrives();
      expect(heard).toEqual([]);
      peer.send(Buffer.from('hello'), at);
      await arrives();
      expect(heard).toEqual(['hello']);

      socket.wakenBy([]);
      waker.wake(at);
      await arrives();
      expect(heard).toHaveLength(2);
    } finally {
      waker.close();
      port.close();
      socket.close(libc);
    }
  });
});
