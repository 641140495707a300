import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { TcpGateway } from '../../../src/relay/media/tcp-gateway.ts';
import type { TcpReport } from '../../../src/relay/media/tcp-messages.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** Threads that do nothing by themselves, and whether there can be another one. */
const threads = vi.hoisted(() => [] as unknown[]) as FakeThread[];
const system = vi.hoisted(() => ({ isFull: false }));

class FakeThread extends EventEmitter {
  readonly messages: unknown[] = [];
  terminated = false;

  constructor() {
    super();
    threads.push(this);
  }

  postMessage(message: unknown): void {
    this.messages.push(message);
  }

  async terminate(): Promise<number> {
    this.terminated = true;
    this.emit('exit', 1);
    return 1;
  }

  report(report: TcpReport): void {
    this.emit('message', report);
  }
}

vi.mock('node:worker_threads', async (original) => ({
  ...(await original<typeof import('node:worker_threads')>()),
  Worker: class {
    constructor() {
      if (system.isFull) throw new Error('no more threads');
      // biome-ignore lint/correctness/noConstructorReturn: the class under test makes its threads with `new`.
      return new FakeThread();
    }
  },
}));

beforeEach(() => {
  threads.length = 0;
  system.isFull = false;
});

async function serving() {
  const clock = new ManualClock();
  const deaths: string[] = [];
  const settings = { hosts: ['127.0.0.1'], port: 0, cells: new Float64Array(0) };
  const opening = TcpGateway.open(settings, clock, ({ message }) => deaths.push(message));
  threads[0]?.report({ kind: 'ready', port: 4_000, wakerPorts: [] });
  return { clock, deaths, gateway: await opening };
}

describe('a TCP thread that dies', () => {
  test('begins again on its port, until it can', async () => {
    const { clock, deaths } = await serving();
    threads[0]?.emit('exit', 1);
    clock.advance(limits.workerRestartMs);
    threads[1]?.report({ kind: 'refused', detail: 'taken' });
    threads[1]?.emit('exit', 0);
    await settled();
    clock.advance(limits.workerRestartMs);
    expect(threads).toHaveLength(3);
    expect(deaths).toEqual(['the TCP thread ended with code 1', expect.stringContaining('taken')]);
  });

  test('begins again later when there can be no thread now', async () => {
    const { clock, deaths } = await serving();
    threads[0]?.emit('exit', 1);
    system.isFull = true;
    clock.advance(limits.workerRestartMs);
    await settled();
    system.isFull = false;
    clock.advance(limits.workerRestartMs);
    expect(threads).toHaveLength(2);
    expect(deaths).toEqual(['the TCP thread ended with code 1', 'no more threads']);
  });

  test('does not begin again when the relay has stopped meanwhile', async () => {
    const { clock, deaths, gateway } = await serving();
    threads[0]?.emit('exit', 1);
    clock.advance(limits.workerRestartMs);
    const closed = gateway.close();
    threads[1]?.report({ kind: 'refused', detail: 'taken' });
    threads[1]?.emit('exit', 0);
    await closed;
    await settled();
    clock.advance(60_000);
    expect(threads).toHaveLength(2);
    expect(deaths).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});

test('a TCP thread that does not go when it is asked to is ended', async () => {
  const { clock, gateway } = await serving();
  const closed = gateway.close();
  expect(threads[0]?.messages).toEqual([{ kind: 'close' }]);
  clock.advance(limits.workerAnswerMsMax);
  await closed;
  expect(threads[0]?.terminated).toBe(true);
  expect(clock.pending).toBe(0);
});

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
