import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import type { Datagram } from '../../../src/relay/wire/path.ts';
import { BatchedPeer, numbered, pathTo } from '../support/batched-peer.ts';
import { UdpPeer } from '../support/udp-peer.ts';

describe('a run of datagrams to one place', () => {
  test.each(['127.0.0.1', '::1'])('is one message on the way in and out, at %s', async (host) => {
    using source = await BatchedPeer.open({ host });
    using port = await BatchedPeer.open({ host });
    using target = await BatchedPeer.open({ host });
    const run = [...numbered(9, 1_200), Buffer.alloc(700, 9)];
    source.send(port.path(), ...run);
    expect(source.counters.sendCalls).toBe(1);

    const to = target.path();
    let seen = 0;
    const messages = port.receiveUntil(
      () => seen === run.length,
      ({ bytes, start, end }) => {
        expect(Buffer.from(bytes.subarray(start, end))).toEqual(run[seen++]);
        port.port.send(to, 0, bytes, start, end);
      },
    );
    expect(messages).toBe(1);
    expect(port.counters).toMatchObject({ receiveCalls: 1, sendCalls: 1 });

    const received: Buffer[] = [];
    const joined = target.receiveUntil(
      () => received.length === run.length,
      ({ bytes, start, end }) => received.push(Buffer.from(bytes.subarray(start, end))),
    );
    expect(joined).toBe(1);
    expect(received).toEqual(run);
  });

  test('reaches a socket that joins nothing as so many datagrams', async () => {
    using port = await BatchedPeer.open();
    await using peer = await UdpPeer.open();
    const run = [...numbered(9, 1_200), Buffer.alloc(700, 9)];
    port.send(pathTo(peer.address), ...run);
    expect(port.counters.sendCalls).toBe(1);
    for (const bytes of run) expect((await peer.next()).bytes).toEqual(bytes);
  });

  /** How many messages arrive for datagrams of these sizes that are sent in one batch; they arrive as they were. */
  test.each<[string, readonly number[], number]>([
    ['equal ones are one message', [100, 100, 100], 1],
    ['a shorter one ends it', [100, 100, 50, 100, 100], 2],
    ['a longer one begins another', [100, 100, 200, 200], 2],
    ['an empty one is a message of its own', [100, 100, 0, 100, 100], 3],
    ['empty ones are never joined', [0, 0, 0], 3],
    ['one of a byte ends it', [100, 100, 1, 1], 2],
    ['the largest that is cut up', [limits.segmentBytesMax, limits.segmentBytesMax], 1],
    ['larger ones go alone', [limits.segmentBytesMax + 1, limits.segmentBytesMax + 1], 2],
    ['a shorter one does not follow a larger one', [limits.segmentBytesMax + 1, 100], 2],
    ['as many as one message may have', Array(limits.segmentsPerMessageMax).fill(9), 1],
    ['one more than that', Array(limits.segmentsPerMessageMax + 1).fill(9), 2],
    // The network device takes less in one go than a message may have, and then cuts it up by itself.
    ['as many bytes as the loopback takes in one go', [...Array(46).fill(1_423), 1], 1],
    ['as many bytes as one message may have', [...Array(46).fill(1_423), 49], 47],
    ['one byte more than that', [...Array(46).fill(1_423), 50], 2],
  ])('%s', async (_, sizes, messages) => {
    using source = await BatchedPeer.open();
    using target = await BatchedPeer.open();
    const datagrams = sizes.map((size, n) => Buffer.alloc(size, n + 1));
    source.send(target.path(), ...datagrams);
    const received: Buffer[] = [];
    const count = target.receiveUntil(
      () => received.length === sizes.length,
      ({ bytes, start, end }) => received.push(Buffer.from(bytes.subarray(start, end))),
    );
    expect(received).toEqual(datagrams);
    expect(count).toBe(messages);
    expect(source.counters.sendCalls).toBe(1);
  });

  test('is a run only where the path is the same, and was not changed', async () => {
    using source = await BatchedPeer.open();
    using first = await BatchedPeer.open();
    using second = await BatchedPeer.open();
    const [a, b] = [first.path(), second.path()];
    const datagrams = numbered(6, 100);
    for (const [n, bytes] of datagrams.entries()) source.port.send(n % 2 === 0 ? a : b, 0, bytes, 0, 100);
    source.port.flush();
    expect(first.take(3)).toEqual([0, 2, 4].map((n) => datagrams[n]));
    expect(second.take(3)).toEqual([1, 3, 5].map((n) => datagrams[n]));
  });

  test('does not go on in the next batch', async () => {
    using source = await BatchedPeer.open();
    using target = await BatchedPeer.open();
    const to = target.path();
    source.send(to, ...numbered(3, 100));
    source.send(to, ...numbered(3, 100, 3));
    expect(target.take(6)).toEqual(numbered(6, 100));
    expect(source.counters.sendCalls).toBe(2);
  });
});

describe('more than fits into a batch', () => {
  test('messages', async () => {
    using source = await BatchedPeer.open();
    using target = await BatchedPeer.open();
    const datagrams = Array.from({ length: 3 * limits.batchMessagesMax + 5 }, (_, n) => Buffer.alloc(1 + n, n));
    source.send(target.path(), ...datagrams);
    expect(target.take(datagrams.length)).toEqual(datagrams);
    expect(source.counters.sendCalls).toBe(4);
  });

  test.each([0, 1, 30])('pieces, the last message begun after %i others', async (others) => {
    using source = await BatchedPeer.open();
    using port = await BatchedPeer.open();
    using target = await BatchedPeer.open();
    const count = 2 * limits.batchPiecesMax;
    const to = target.path();
    const own = Buffer.from(Array.from({ length: 2 * count }, (_, n) => n % 253));
    source.send(port.path(), own);
    let done = false;
    port.receiveUntil(
      () => done,
      ({ bytes, start }) => {
        for (let n = 0; n < others; n++) port.port.send(target.path(), 0, bytes, start + n, start + n + 1);
        // Every second byte: no two of them lie side by side, so that each is a piece.
        for (let n = 0; n < count; n++) port.port.send(to, 0, bytes, start + 2 * n, start + 2 * n + 1);
        done = true;
      },
    );
    const expected = [...own.subarray(0, others), ...Array.from({ length: count }, (_, n) => own[2 * n])];
    expect(target.take(others + count).map((bytes) => bytes[0])).toEqual(expected);
    expect(port.counters.sendCalls).toBe(others === 0 ? 2 : 3);
  });

  test('datagrams, but not pieces: side by side they are one', async () => {
    using source = await BatchedPeer.open();
    using target = await BatchedPeer.open();
    const bytes = Buffer.from(Array.from({ length: 2 * limits.batchPiecesMax }, (_, n) => n % 253));
    const to = target.path();
    for (const n of bytes.keys()) source.port.send(to, 0, bytes, n, n + 1);
    source.port.flush();
    expect(Buffer.concat(target.take(bytes.length))).toEqual(bytes);
    expect(source.counters.sendCalls).toBe(1);
  });

  test.each([
    ['copies', 60_000, 12],
    [
      'copies and messages at once',
      limits.batchCopiesBytesMax / limits.batchMessagesMax - limits.batchMessagesMax,
      300,
    ],
    ['copies and messages, nearly at once', limits.batchCopiesBytesMax / limits.batchMessagesMax - 20, 300],
  ])('%s, and the one at hand is not written over', async (_, size, count) => {
    using source = await BatchedPeer.open();
    using target = await BatchedPeer.open();
    const to = target.path();
    const datagrams = Array.from({ length: count }, (_, n) => Buffer.alloc(size + (n % 64), n));
    const received: Buffer[] = [];
    const receive = ({ bytes, start, end }: Datagram) => received.push(Buffer.from(bytes.subarray(start, end)));
    for (const bytes of datagrams) {
      source.port.send(to, 0, bytes, 0, bytes.length);
      // What a full batch has let go is taken at once: all of it may be more than a socket holds.
      target.port.turn(false, () => {}, receive);
    }
    source.port.flush();
    target.receiveUntil(() => received.length === count, receive);
    expect(received.every((bytes, n) => bytes.equals(datagrams[n] ?? Buffer.of()))).toBe(true);
    expect(source.counters.sendCalls).toBeLessThanOrEqual(Math.ceil((count * (size + 64)) / (200 * 1024)));
  });
});
