import { expect, test } from 'vitest';
import { limits, newSessionId } from '../../../src/base/index.ts';
import { cell, engineCellCount } from '../../../src/relay/engine/counters.ts';
import { Ledger } from '../../../src/relay/engine/ledger.ts';
import { MediaWorker, type WireListener } from '../../../src/relay/media/media-worker.ts';
import type { Control, StationSettings } from '../../../src/relay/media/messages.ts';
import type { StationListener } from '../../../src/relay/media/station-link.ts';
import { portCell, portCellCount } from '../../../src/relay/udp/port.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { boundless } from '../support/engine-harness.ts';
import { iceOf } from '../support/relay-bench.ts';

test('what the kernel dropped is counted on, though each station has a socket that counts from 0', () => {
  const bench = new WorkerBench();
  bench.settings.portCells[portCell.kernelDrops] = 5;
  expect(bench.worker.counters.kernelDrops).toBe(5);
  bench.die();
  expect(bench.worker.counters.kernelDrops).toBe(5);
  bench.settings.portCells[portCell.kernelDrops] = 2;
  expect(bench.worker.counters.kernelDrops).toBe(7);
  bench.die();
  expect(bench.worker.counters.kernelDrops).toBe(7);
});

test('the CPU time of threads, one after the other, is counted on, and so is how many died', () => {
  const bench = new WorkerBench();
  bench.busySeconds = 3;
  expect(bench.worker.figures).toMatchObject({ busySeconds: 3, failed: 0, wires: 0, kernelDrops: 0 });
  bench.die();
  bench.busySeconds = 0.5;
  expect(bench.worker.figures).toMatchObject({ busySeconds: 3.5, failed: 1 });
});

test('the wires of a station that died count as ended, and what it held as gone', () => {
  const bench = new WorkerBench();
  bench.settings.engineCells.set([9, 6], cell.wiresOpened);
  bench.settings.engineCells.fill(3, cell.wires, cell.drops);
  bench.settings.engineCells[cell.drops] = 4;
  bench.die();
  expect(bench.worker.counters).toMatchObject({ wiresOpened: 9, wiresEnded: 9, drops: { empty: 4 } });
  expect(Object.values(bench.worker.sizes).every((size) => size === 0)).toBe(true);
});

test('the number of a wire is given again when its end has been told, and not before', async () => {
  const bench = new WorkerBench();
  expect([await bench.open(), await bench.open()]).toEqual([0, 1]);
  bench.worker.end(0);
  expect(await bench.open()).toBe(2);
  bench.listener.report({ kind: 'ended', wire: 0, reason: undefined });
  bench.listener.report({ kind: 'ended', wire: 0, reason: undefined });
  expect([await bench.open(), await bench.open()]).toEqual([0, 3]);
  expect(bench.ended).toEqual([undefined]);
});

test('a number that a station refused is given again', async () => {
  const bench = new WorkerBench();
  bench.answers = 'refused';
  await expect(bench.open()).rejects.toMatchObject({ code: 'sdp-no-ice' });
  bench.answers = 'done';
  expect(await bench.open()).toBe(0);
  expect(bench.ended).toEqual([]);
});

test('nothing is told of a wire between its end and the news that it has ended', async () => {
  const bench = new WorkerBench();
  const wire = await bench.open();
  bench.listener.report({ kind: 'latched', wire, side: 'viewer' });
  bench.worker.end(wire);
  bench.listener.report({ kind: 'latched', wire, side: 'camera' });
  bench.listener.report({ kind: 'media', wire, side: 'camera' });
  expect(bench.told).toEqual(['latched viewer']);
});

test('a station that could not start at all is not tried again: whoever wanted it hears why', () => {
  const start = () => {
    throw new Error('no socket');
  };
  const clock = new ManualClock();
  expect(() => new MediaWorker(newSettings(), start, clock, { moved() {}, died() {} })).toThrow('no socket');
  expect(clock.pending).toBe(0);
});

test('a station that cannot start again is tried until it can', () => {
  const bench = new WorkerBench();
  bench.startFault = new Error('no socket');
  bench.die();
  for (const times of [2, 3]) {
    bench.clock.advance(limits.workerRestartMs);
    expect(bench.deaths).toHaveLength(times);
    expect(bench.worker.serves).toBe(false);
  }
  bench.startFault = undefined;
  bench.clock.advance(limits.workerRestartMs);
  expect(bench.worker.serves).toBe(true);
  expect(bench.deaths.map(({ message }) => message)).toEqual(['it died', 'no socket', 'no socket']);
  expect(bench.clock.pending).toBe(0);
});

function newSettings(): StationSettings {
  return {
    rates: boundless,
    hashSeed: 1,
    own: [],
    ledger: new SharedArrayBuffer(Ledger.memoryBytes(16)),
    engineCells: new Float64Array(engineCellCount),
    portCells: new Float64Array(portCellCount),
  };
}

/** A media worker whose station is a test: it serves at once, and answers each question as it is told to. */
class WorkerBench {
  readonly clock = new ManualClock();
  readonly settings = newSettings();
  readonly deaths: Error[] = [];
  readonly told: string[] = [];
  readonly ended: unknown[] = [];
  readonly worker: MediaWorker;
  answers: 'done' | 'refused' = 'done';
  /** What the thread that runs now has taken. */
  busySeconds = 0;
  startFault: Error | undefined;
  #listener: StationListener | undefined;

  constructor() {
    const busySeconds = () => this.busySeconds;
    const start = (_settings: StationSettings, listener: StationListener) => {
      if (this.startFault !== undefined) throw this.startFault;
      this.#listener = listener;
      listener.report({ kind: 'ready', port: 1, receiveBufferBytes: 1 });
      return {
        waking: { mailbox: new SharedArrayBuffer(8), wakeAt: undefined },
        get busySeconds() {
          return busySeconds();
        },
        post: (message: Control) => this.#answer(message),
        connect() {},
        close: async () => {},
        destroy() {},
      };
    };
    this.worker = new MediaWorker(this.settings, start, this.clock, {
      moved() {},
      died: (error) => this.deaths.push(error),
    });
  }

  get listener(): StationListener {
    if (this.#listener === undefined) throw new Error('no station');
    return this.#listener;
  }

  die(): void {
    this.listener.died(new Error('it died'));
    if (this.startFault === undefined) this.clock.advance(limits.workerRestartMs);
  }

  open(): Promise<number> {
    const listener: WireListener = {
      session: newSessionId(seededRandom(1)),
      latched: (side) => this.told.push(`latched ${side}`),
      media: (side) => this.told.push(`media ${side}`),
      ended: (reason) => this.ended.push(reason),
    };
    return this.worker.open(this.clock.now() + 1_000, ...iceOf(1), listener);
  }

  #answer(message: Control): void {
    if (message.kind !== 'open') return;
    const { request } = message;
    if (this.answers === 'done') this.listener.report({ kind: 'done', request });
    else this.listener.report({ kind: 'refused', request, code: 'sdp-no-ice', detail: undefined });
  }
}
