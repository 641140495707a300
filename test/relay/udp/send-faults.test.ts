import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import type { SendFault } from '../../../src/relay/udp/port.ts';
import type { Datagram } from '../../../src/relay/wire/path.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { BatchedPeer, numbered, pathTo } from '../support/batched-peer.ts';
import { FaultyLibc, type Outcome } from '../support/faulty-libc.ts';
import { demandLibc } from '../support/pumped-port.ts';
import { UdpPeer } from '../support/udp-peer.ts';

const libc = await demandLibc();

/** A port whose calls can be made to fail, and a peer that receives what it sends. */
async function faultyPort() {
  const calls = new FaultyLibc(libc);
  const stack = new DisposableStack();
  const port = stack.use(await BatchedPeer.open({ libc: calls }));
  const peer = stack.use(await BatchedPeer.open());
  return { calls, port, peer, [Symbol.dispose]: () => stack.dispose() };
}

/** Sends ten datagrams that are no run, as ten messages of one call. */
function sendTen(port: BatchedPeer, peer: BatchedPeer): Buffer[] {
  const datagrams = Array.from({ length: 10 }, (_, n) => Buffer.alloc(10 + n, n));
  port.send(peer.path(), ...datagrams);
  return datagrams;
}

describe('a datagram is sent once, or counted once', () => {
  test('when the kernel takes some of a batch', async () => {
    using all = await faultyPort();
    all.calls.nextSends.push(3, 1, 2);
    const sent = sendTen(all.port, all.peer);
    expect(all.peer.take(10)).toEqual(sent);
    expect(all.calls.sends.map(({ count }) => count)).toEqual([10, 7, 6, 4]);
    expect(all.port.faults).toEqual({});
    expect(all.port.counters.sendCalls).toBe(4);
  });

  test.each<[Outcome, SendFault]>([
    ['ENETUNREACH', 'unreachable'],
    ['EHOSTUNREACH', 'unreachable'],
    ['EADDRNOTAVAIL', 'unreachable'],
    ['EAFNOSUPPORT', 'unreachable'],
    ['EINVAL', 'unreachable'],
    ['EPERM', 'denied'],
    ['EACCES', 'denied'],
    ['ENOBUFS', 'full'],
    ['ENOMEM', 'full'],
    ['EMSGSIZE', 'too-large'],
    ['EBADF', 'closed'],
    ['EIO', 'other'],
    ['EPIPE', 'other'],
  ])('when one in the middle fails with %s', async (name, fault) => {
    using all = await faultyPort();
    all.calls.nextSends.push(4, name);
    const sent = sendTen(all.port, all.peer);
    expect(all.peer.take(9)).toEqual(sent.toSpliced(4, 1));
    expect(all.port.faults).toEqual({ [fault]: 1 });
    expect(all.calls.sends.map(({ count }) => count)).toEqual([10, 6, 5]);
  });

  test('when a signal comes: it is asked again', async () => {
    using all = await faultyPort();
    all.calls.nextSends.push('EINTR', 2, 'EINTR', 'EINTR');
    const sent = sendTen(all.port, all.peer);
    expect(all.peer.take(10)).toEqual(sent);
    expect(all.port.faults).toEqual({});
  });

  test('when the buffer is full for a while: it is waited for, with one datagram', async () => {
    using all = await faultyPort();
    all.calls.nextSends.push(2, 'EAGAIN', 'EINTR');
    const sent = sendTen(all.port, all.peer);
    expect(all.peer.take(10)).toEqual(sent);
    expect(all.calls.sends).toEqual([
      { count: 10, waits: false },
      { count: 8, waits: false },
      { count: 1, waits: true },
      { count: 1, waits: true },
      { count: 7, waits: false },
    ]);
    expect(all.port.faults).toEqual({});
  });

  test('when the buffer stays full: one wait for all of a batch, and the next batch has its own', async () => {
    using all = await faultyPort();
    for (const batch of [1, 2]) {
      all.calls.sends.length = 0;
      all.calls.nextSends.push(2, 'EAGAIN', 1, 'EAGAIN');
      const sent = sendTen(all.port, all.peer);
      expect(all.peer.take(3)).toEqual(sent.slice(0, 3));
      expect(all.port.faults).toEqual({ full: 7 * batch });
      expect(all.calls.sends.filter(({ waits }) => waits)).toHaveLength(1);
    }
    all.calls.everySend = 'EAGAIN';
    sendTen(all.port, all.peer);
    expect(all.port.faults).toEqual({ full: 24 });
    all.calls.everySend = undefined;
    expect(sendTen(all.port, all.peer)).toEqual(all.peer.take(10));
  });

  test.each(['EINVAL', 'EMSGSIZE', 'EIO'] as const)('when a run cannot be cut up, with %s', async (name) => {
    using all = await faultyPort();
    const run = [...numbered(5, 100), Buffer.alloc(40, 9)];
    all.calls.nextSends.push(name);
    all.port.send(all.peer.path('127.0.0.1', { local: '127.0.0.1' }), ...run);
    expect(all.peer.take(6)).toEqual(run);
    expect(all.calls.sends.map(({ count }) => count)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(all.port.faults).toEqual({});

    all.port.send(all.peer.path(), ...run);
    expect(all.peer.take(6)).toEqual(run);
    const segmentsStill = name !== 'EIO';
    expect(all.calls.sends.at(-1)?.count).toBe(segmentsStill ? 1 : 6);
  });

  test('when the datagrams of a run fail one by one', async () => {
    using all = await faultyPort();
    const run = numbered(6, 100);
    all.calls.nextSends.push('EINVAL', undefined, 'ENETUNREACH', 'EINTR', undefined, 'EPERM');
    all.port.send(all.peer.path(), ...run);
    expect(all.peer.take(4)).toEqual([0, 2, 4, 5].map((n) => run[n]));
    expect(all.port.faults).toEqual({ unreachable: 1, denied: 1 });
  });

  test('when a run fails as a whole', async () => {
    using all = await faultyPort();
    all.calls.nextSends.push('ENETUNREACH');
    all.port.send(all.peer.path(), ...numbered(6, 100));
    expect(all.port.faults).toEqual({ unreachable: 6 });
    expect(all.calls.sends).toHaveLength(1);
  });

  test('when a run in pieces is taken apart between others', async () => {
    using all = await faultyPort();
    const [before, after] = numbered(2, 300, 50) as [Buffer, Buffer];
    const run = numbered(8, 100);
    using source = await BatchedPeer.open();
    source.send(all.port.path(), ...numbered(4, 100, 4));
    const to = all.peer.path();
    const seen: Buffer[] = [];
    all.calls.nextSends.push(1, 'EIO');
    all.port.port.send(pathTo(all.peer.place()), 0, before, 0, before.length);
    for (const bytes of run.slice(0, 4)) all.port.port.send(to, 0, bytes, 0, bytes.length);
    all.port.receiveUntil(
      () => seen.length === 4,
      ({ bytes, start, end }) => {
        all.port.port.send(to, 0, bytes, start, end);
        if (seen.push(Buffer.from(bytes.subarray(start, end))) === 4) {
          all.port.port.send(pathTo(all.peer.place()), 0, after, 0, after.length);
        }
      },
    );
    expect(all.peer.take(10)).toEqual([before, ...run, after]);
    expect(all.port.faults).toEqual({});
  });

  test.each([1, 2, 3, 4, 5])('whatever the faults, seed %i', async (seed) => {
    using all = await faultyPort();
    const random = seededRandom(seed);
    const outcomes: Outcome[] = ['EINTR', 'EAGAIN', 'ENETUNREACH', 'EPERM', 'EMSGSIZE', 'EINVAL', 'ENOBUFS', 1, 2, 5];
    const pick = (below: number) => Math.floor(random.fraction() * below);
    const places = [all.peer.path(), all.peer.path()];
    let number = 0;
    for (let batch = 0; batch < 300; batch++) {
      const count = 1 + pick(40);
      for (let n = 0; n < 10; n++)
        all.calls.nextSends.push(pick(2) === 0 ? undefined : outcomes[pick(outcomes.length)]);
      for (let n = 0; n < count; n++) {
        const bytes = Buffer.alloc(pick(3) === 0 ? 4 + pick(2_000) : 200);
        bytes.writeUInt32LE(number++);
        all.port.port.send(places[pick(8) === 0 ? 1 : 0] ?? all.peer.path(), 0, bytes, 0, bytes.length);
      }
      const before = total(all.port.faults);
      all.port.port.flush();
      const sent = count - (total(all.port.faults) - before);
      const numbers = all.peer.take(sent).map((bytes) => bytes.readUInt32LE());
      expect(
        numbers.every((each, at) => each >= number - count && each < number && each > (numbers[at - 1] ?? -1)),
      ).toBe(true);
      expect(
        all.peer.port.turn(
          false,
          () => {},
          () => {},
        ),
      ).toBe(0);
    }
  });
});

describe('what the system itself refuses', () => {
  test('in the middle of a batch is counted, and the others leave', async () => {
    using port = await BatchedPeer.open({ host: '::' });
    await using ipv4 = await UdpPeer.open('127.0.0.1');
    await using ipv6 = await UdpPeer.open('::1');
    const foreignIpv6Source = pathTo(ipv6.address, { local: '2001:db8::1' });
    const broadcast = pathTo({ host: '255.255.255.255', port: 9 });
    const foreignSource = pathTo(ipv4.address, { local: '192.0.2.1' });
    const [first, second, third] = numbered(3, 100) as [Buffer, Buffer, Buffer];
    const run = (to: typeof broadcast, count: number) => {
      for (const bytes of numbered(count, 100)) port.port.send(to, 0, bytes, 0, bytes.length);
    };
    port.port.send(pathTo(ipv4.address), 0, first, 0, 100);
    run(foreignIpv6Source, 3);
    port.port.send(pathTo(ipv6.address), 0, second, 0, 100);
    run(broadcast, 1);
    run(foreignSource, 2);
    port.port.send(pathTo(ipv4.address), 0, third, 0, 100);
    port.port.flush();
    expect([await ipv4.next(), await ipv6.next(), await ipv4.next()].map(({ bytes }) => bytes)).toEqual([
      first,
      second,
      third,
    ]);
    expect(port.faults).toEqual({ unreachable: 5, denied: 1 });
  });
});

describe('an interface that has no road there', () => {
  test('is unreachable, and the others leave', async () => {
    using port = await BatchedPeer.open({ host: '::', device: 'lo' });
    using peer = await BatchedPeer.open({ host: '::1' });
    const datagrams = numbered(3, 100);
    for (const bytes of datagrams) {
      port.port.send(peer.path(), 0, bytes, 0, 100);
      port.port.send(pathTo({ host: '2001:db8::1', port: 9 }), 0, bytes, 0, 100);
    }
    port.port.flush();
    expect(peer.take(3)).toEqual(datagrams);
    expect(port.faults).toEqual({ unreachable: 3 });
  });
});

describe('what a caller may not ask', () => {
  test('a datagram that reaches beyond its buffer takes no bytes of others with it', async () => {
    using all = await faultyPort();
    const secret = Buffer.alloc(1_000, 'secret');
    all.port.send(all.peer.path(), secret);
    all.peer.take(1);
    const short = Buffer.from('short');
    for (const [start, end] of [
      [0, 1_000],
      [-1, 3],
      [3, 2],
      [6, 6],
      [0, Number.NaN],
    ] as const) {
      expect(() => all.port.port.send(all.peer.path(), 0, short, start, end)).toThrow('a datagram lies in its buffer');
    }
    all.port.send(all.peer.path(), short);
    expect(all.peer.take(1)).toEqual([short]);
  });

  test('the port’s own memory outside of datagrams is never sent, not even as an empty one', async () => {
    using all = await faultyPort();
    all.peer.send(all.port.path(), Buffer.from('datagram'));
    const headersInstead = ({ bytes }: Datagram) => all.port.port.send(all.peer.path(), 0, bytes, 0, 64);
    expect(() => all.port.receiveUntil(() => false, headersInstead)).toThrow('a datagram lies in the block');
    all.port.port.flush();
    expect(all.calls.sends).toEqual([]);
    all.port.send(all.peer.path(), Buffer.from('next'));
    expect(all.peer.take(1)).toEqual([Buffer.from('next')]);
  });

  test('one that is too large is counted before it is copied', async () => {
    using all = await faultyPort();
    const sizes = [limits.datagramBytesMax + 1, limits.batchCopiesBytesMax + 1];
    for (const size of sizes) all.port.send(all.peer.path(), Buffer.alloc(size));
    expect(all.calls.sends).toEqual([]);
    all.port.send(all.peer.path(), Buffer.from('next'));
    expect(all.peer.take(1)).toEqual([Buffer.from('next')]);
    expect(all.port.faults).toEqual({ 'too-large': 2 });
  });
});

describe('closing a port', () => {
  test('sends what has gathered, and after it nothing', async () => {
    using all = await faultyPort();
    const bytes = Buffer.from('before');
    all.port.port.send(all.peer.path(), 0, bytes, 0, bytes.length);
    all.port.port.close();
    const calls = all.calls.sends.length;
    all.port.send(all.peer.path(), Buffer.from('after'));
    all.port.port.close();
    all.port.port.flush();
    expect(all.peer.take(1)).toEqual([bytes]);
    expect(all.calls.sends).toHaveLength(calls);
    expect(all.port.faults).toEqual({ closed: 1 });
  });
});

function total(faults: BatchedPeer['faults']): number {
  return Object.values(faults).reduce((sum, count) => sum + count, 0);
}
