import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { BatchedPeer, numbered } from '../support/batched-peer.ts';

/** Hands what the kernel has joined to `receiveRun` until a condition holds; anything else goes to `one`. */
function turnUntil(
  peer: BatchedPeer,
  isDone: () => boolean,
  receiveRun: Parameters<BatchedPeer['port']['turn']>[3],
  one = () => {},
) {
  for (let turns = 0; turns < 200 && !isDone(); turns++) peer.port.turn(true, () => {}, one, receiveRun);
}

async function triple() {
  const [source, port, target] = [await BatchedPeer.open(), await BatchedPeer.open(), await BatchedPeer.open()];
  const dispose = () => {
    for (const peer of [source, port, target]) peer[Symbol.dispose]();
  };
  const received: Buffer[] = [];
  const receive = (count: number) => {
    target.receiveUntil(
      () => received.length === count,
      ({ bytes, start, end }) => received.push(Buffer.from(bytes.subarray(start, end))),
    );
    return received;
  };
  return { source, port, target, receive, [Symbol.dispose]: dispose };
}

describe('what the kernel has joined', () => {
  test.each([
    ['all of one length', 1_200],
    ['the last one shorter', 700],
  ])('is handed on as it came, and leaves as one message: %s', async (_, last) => {
    using all = await triple();
    const run = [...numbered(9, 1_200), Buffer.alloc(last, 9)];
    const to = all.target.path();
    all.source.send(all.port.path(), ...run);
    let steps: number[] = [];
    turnUntil(
      all.port,
      () => steps.length > 0,
      ({ bytes, start, end }, step) => {
        steps = [...steps, step, end - start];
        all.port.port.send(to, 0, bytes, start, end, step);
      },
    );
    expect(steps).toEqual([1_200, 9 * 1_200 + last]);
    expect(all.port.counters.sendCalls).toBe(1);
    expect(all.receive(run.length)).toEqual(run);
  });

  test('is followed in the same message by what fits behind it, and by nothing behind a shorter one', async () => {
    using all = await triple();
    const to = all.target.path();
    for (const [last, messages] of [
      [1_200, 1],
      [700, 2],
    ] as const) {
      const run = [...numbered(3, 1_200), Buffer.alloc(last, 9)];
      all.source.send(all.port.path(), ...run);
      const more = Buffer.alloc(900, 5);
      let isDone = false;
      turnUntil(
        all.port,
        () => isDone,
        ({ bytes, start, end }, step) => {
          all.port.port.send(to, 0, bytes, start, end, step);
          all.port.port.send(to, 0, more, 0, more.length);
          isDone = true;
        },
      );
      const received: Buffer[] = [];
      const count = all.target.receiveUntil(
        () => received.length === run.length + 1,
        ({ bytes, start, end }) => received.push(Buffer.from(bytes.subarray(start, end))),
      );
      expect(received).toEqual([...run, more]);
      expect(count).toBe(messages);
    }
  });

  test('one datagram is no run', async () => {
    using all = await triple();
    all.source.send(all.port.path(), Buffer.alloc(1_200, 1));
    let [ones, runs] = [0, 0];
    turnUntil(
      all.port,
      () => ones + runs > 0,
      () => runs++,
      () => ones++,
    );
    expect([ones, runs]).toEqual([1, 0]);
  });
});

describe('a run from elsewhere', () => {
  test.each([
    ['in other memory', 100, 10],
    ['of datagrams that are not cut up', limits.segmentBytesMax + 1, 3],
    ['of more than a message takes', 9, limits.segmentsPerMessageMax + 5],
  ])('%s arrives as it is', async (_, step, count) => {
    using all = await triple();
    const run = [...numbered(count - 1, step), Buffer.alloc(Math.ceil(step / 2), 9)];
    const bytes = Buffer.concat(run);
    all.port.port.send(all.target.path(), 0, bytes, 0, bytes.length, step);
    all.port.port.flush();
    expect(all.receive(run.length)).toEqual(run);
  });

  test('after the end is counted, each datagram of it', async () => {
    using all = await triple();
    all.port.port.close();
    const bytes = Buffer.alloc(250);
    all.port.port.send(all.target.path(), 0, bytes, 0, bytes.length, 100);
    expect(all.port.faults).toEqual({ closed: 3 });
  });
});
