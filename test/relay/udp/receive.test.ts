import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import type { Libc } from '../../../src/relay/udp/libc.ts';
import { copyOfPath, type Datagram, type Path, remoteWords } from '../../../src/relay/wire/path.ts';
import { BatchedPeer, numbered } from '../support/batched-peer.ts';
import { FaultyLibc } from '../support/faulty-libc.ts';
import { demandLibc } from '../support/pumped-port.ts';

const libc = await demandLibc();
const nothing = () => {};

async function portAndPeer() {
  const stack = new DisposableStack();
  const calls = new FaultyLibc(libc);
  const port = stack.use(await BatchedPeer.open({ host: '::', libc: calls }));
  const peer = stack.use(await BatchedPeer.open());
  return { calls, port, peer, to: port.path('127.0.0.1'), [Symbol.dispose]: () => stack.dispose() };
}

test('a batch is told of before its first datagram, with the places that all of it has come from', async () => {
  using all = await portAndPeer();
  using other = await BatchedPeer.open();
  const senders = [all.peer, other, all.peer];
  for (const sender of senders) sender.send(all.to, Buffer.from('one'));
  const told: Path[] = [];
  const came: Path[] = [];
  while (came.length < senders.length) {
    all.port.port.turn(
      true,
      (words, at, step, count) => {
        expect(told).toHaveLength(came.length);
        for (let index = 0; index < count; index++) told.push(copyOfPath(words, at + index * step));
      },
      ({ path, pathAt }) => came.push(copyOfPath(path, pathAt)),
    );
  }
  const remotes = (paths: readonly Path[]) => paths.map((path) => [...path.subarray(0, remoteWords)]);
  expect(remotes(told)).toEqual(remotes(came));
  expect(new Set(remotes(told).map(String)).size).toBe(2);
});

describe('a receive that fails', () => {
  test.each(['EAGAIN', 'EINTR'] as const)('with %s is none', async (name) => {
    using all = await portAndPeer();
    all.calls.nextReceives.push(name);
    all.peer.send(all.to, Buffer.from('one'));
    expect(all.port.port.turn(true, nothing, nothing)).toBe(0);
    expect(all.port.take(1)).toEqual([Buffer.from('one')]);
    expect(all.port.counters).toMatchObject({ receiveErrors: 0, receiveCalls: 1 });
  });

  test.each(['ECONNREFUSED', 'ENOBUFS', 'ENOMEM', 'ENETDOWN', 'EIO'] as const)(
    'with %s is counted, and passes',
    async (name) => {
      using all = await portAndPeer();
      all.calls.nextReceives.push(name, name);
      all.peer.send(all.to, Buffer.from('one'));
      expect(all.port.take(1)).toEqual([Buffer.from('one')]);
      expect(all.port.counters.receiveErrors).toBe(2);
    },
  );

  test.each(['EBADF', 'ENOTSOCK', 'EFAULT', 'EINVAL', 'ENOSYS', 'EPERM'] as const)(
    'with %s throws: it would fail for ever',
    async (name) => {
      using all = await portAndPeer();
      all.calls.everyReceive = name;
      for (const round of [1, 2]) {
        expect(() => all.port.port.turn(true, nothing, nothing)).toThrow(
          expect.objectContaining({ code: 'internal', message: expect.stringContaining(name) }),
        );
        expect(all.port.counters.receiveErrors).toBe(round);
      }
    },
  );

  test('throws for a descriptor that the system does not know', async () => {
    const peer = await BatchedPeer.open();
    peer.socket.close(libc);
    expect(() => peer.port.turn(false, nothing, nothing)).toThrow('recvmmsg: EBADF');
  });

  test('waits no longer than it should when nothing comes', async () => {
    using peer = await BatchedPeer.open();
    const start = performance.now();
    expect(peer.port.turn(true, nothing, nothing)).toBe(0);
    expect(performance.now() - start).toBeGreaterThanOrEqual(limits.receiveWaitMs - 1);
  });
});

describe('a message that the port cannot use', () => {
  /** Calls that write into the header, or the path, of the first message received. */
  function disturbing(disturb: (header: Buffer, path: Buffer) => void): Libc {
    const calls = new FaultyLibc(libc);
    let memory: Buffer = Buffer.alloc(0);
    return Object.assign(calls, {
      address(block: Uint8Array) {
        memory = Buffer.from(block.buffer);
        return libc.address(block);
      },
      recvmmsg(...all: Parameters<Libc['recvmmsg']>) {
        const count = libc.recvmmsg(...all);
        const base = libc.address(memory);
        const header = memory.subarray(Number(all[1] - base));
        const path = memory.subarray(Number(header.readBigUInt64LE(0) - base));
        if (count > 0) disturb(header, path);
        return count;
      },
    });
  }

  test.each<[string, (header: Buffer, path: Buffer) => void]>([
    ['was cut off', (header) => header.writeUInt32LE(0x20, 48)],
    ['has lost control messages', (header) => header.writeUInt32LE(0x08, 48)],
    ['has no port to answer to', (_, path) => path.writeUInt16BE(0, 2)],
  ])('for it %s, is counted, and the next ones are handed on', async (_, disturb) => {
    using port = await BatchedPeer.open({ libc: disturbing(disturb) });
    using peer = await BatchedPeer.open();
    const [first, ...others] = Array.from({ length: 3 }, (_, n) => Buffer.alloc(10 + n, n));
    peer.send(port.path(), first ?? Buffer.of(), ...others);
    expect(port.take(2)).toEqual(others);
    expect(port.counters.receiveErrors).toBe(1);
  });
});

describe('a receiver that throws', () => {
  test('leaves the port as it was, and what it sent leaves with its own bytes', async () => {
    using all = await portAndPeer();
    const first = numbered(10, 100, 1);
    all.peer.send(all.to, ...first);
    let seen = 0;
    const failing = ({ bytes, start, end }: Datagram) => {
      all.port.port.send(all.peer.path(), 0, bytes, start, end);
      if (++seen === 5) throw new Error('a receiver’s own');
    };
    expect(() => all.port.receiveUntil(() => false, failing)).toThrow('a receiver’s own');

    // The same places in memory, with other bytes. Their paths must have a local address again, for which there must be room.
    const second = numbered(10, 100, 101);
    all.peer.send(all.to, ...second);
    expect(all.port.take(10)).toEqual(second);
    expect(all.port.counters.receiveErrors).toBe(0);
    expect(all.peer.take(5)).toEqual(first.slice(0, 5));
  });

  test('may do so before the first datagram', async () => {
    using all = await portAndPeer();
    all.peer.send(all.to, Buffer.from('lost'));
    const failing = () => {
      throw new Error('begin’s own');
    };
    expect(() => {
      for (;;) all.port.port.turn(true, failing, nothing);
    }).toThrow('begin’s own');
    all.peer.send(all.to, Buffer.from('next'));
    expect(all.port.take(1)).toEqual([Buffer.from('next')]);
  });
});

describe('within a turn', () => {
  test('a receiver may send, flush and close; after the close it gets nothing', async () => {
    using all = await portAndPeer();
    all.peer.send(all.to, ...numbered(10, 100), ...Array.from({ length: 10 }, (_, n) => Buffer.alloc(200 + n, n)));
    const seen: number[] = [];
    all.port.receiveUntil(
      () => seen.length >= 3,
      ({ bytes, start, end }) => {
        seen.push(bytes[start] ?? -1);
        all.port.port.send(all.peer.path(), 0, bytes, start, end);
        if (seen.length === 1) all.port.port.flush();
        if (seen.length === 3) all.port.port.close();
      },
    );
    expect(seen).toEqual([0, 1, 2]);
    expect(all.peer.take(3)).toEqual(numbered(3, 100));
    const { receiveCalls } = all.port.counters;
    all.peer.send(all.to, Buffer.from('too late'));
    expect(all.port.port.turn(true, nothing, nothing)).toBe(0);
    expect(all.port.counters.receiveCalls).toBe(receiveCalls);
  });

  test('no other turn may begin', async () => {
    using all = await portAndPeer();
    all.peer.send(all.to, Buffer.from('one'));
    expect(() =>
      all.port.receiveUntil(
        () => false,
        () => all.port.port.turn(false, nothing, nothing),
      ),
    ).toThrow('a turn within a turn');
    all.peer.send(all.to, Buffer.from('two'));
    expect(all.port.take(1)).toEqual([Buffer.from('two')]);
  });

  test('what a receiver does to the datagram it is shown changes nothing for the next', async () => {
    using all = await portAndPeer();
    all.peer.send(all.to, ...numbered(5, 100));
    const seen: number[] = [];
    all.port.receiveUntil(
      () => seen.length >= 5,
      (datagram) => {
        seen.push(datagram.bytes[datagram.start] ?? -1);
        datagram.end = datagram.start;
        datagram.pathAt = 0;
      },
    );
    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });
});
