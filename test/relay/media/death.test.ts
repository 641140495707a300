import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import type { RelaySettings, Wire } from '../../../src/relay/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { breakSocket, socketDescriptors } from '../support/broken-socket.ts';
import { rtp } from '../support/engine-harness.ts';
import { iceOf, RelayBench } from '../support/relay-bench.ts';
import { ThreadWatch } from '../support/thread-watch.ts';
import { UdpPeer } from '../support/udp-peer.ts';

const kinds = ['batched', 'dgram'] as const;
const spoiled = "died Cannot read properties of null (reading 'kind')";

/** A relay whose door has a clock that stands still at the present: workers begin again when a test says so. */
function open(settings: Partial<RelaySettings>) {
  return RelayBench.open(new ManualClock(Date.now()), {}, { host: '127.0.0.1', ...settings });
}

type Bench = Awaited<ReturnType<typeof open>>;

describe.each(kinds)('a media worker on %s that fails', (udp) => {
  test('takes its own sessions along and no others, and serves again at the same port', async () => {
    using watch = new ThreadWatch();
    await using bench = await open({ udp, workers: 2 });
    const [lostPort, keptPort] = bench.relay.addresses.map(({ port }) => port);
    await using lost = await View.open(bench, 1, lostPort);
    await using kept = await View.open(bench, 2, keptPort);
    await lost.talk();
    const before = bench.relay.counters;
    const beforeGauges = bench.relay.gauges;
    const going = kept.talkUntilStopped();

    watch.spoil('extend', 0);
    lost.wire.extend(bench.pair());
    await bench.happened('ended relay-failed');
    expect(bench.told.filter((line) => !line.startsWith('latched') && !line.startsWith('media'))).toEqual([
      spoiled,
      'observed relay-failed',
      'ended relay-failed',
    ]);
    expect(lost.wire.stats().camera.rtpPackets).toBe(1);
    await expect(lost.wire.restart(...iceOf(3))).rejects.toMatchObject({ code: 'peer-gone' });
    bench.clock.advance(limits.workerRestartMs);
    await watch.serves(2);
    const passed = await kept.stopped(going);

    expect(passed).toBeGreaterThan(0);
    expect(bench.told).not.toContain('ended relay-failed 2');
    expect(shrunk(before, bench.relay.counters)).toEqual([]);
    expect(bench.relay.counters).toMatchObject({ workersFailed: 1, wiresOpened: 2, wiresEnded: 1 });
    expect(bench.relay.gauges).toEqual({
      ...beforeGauges,
      wires: 1,
      latches: 2,
      usernames: 2,
      deadlines: 1,
      transactions: 2,
      streams: 1,
    });
    expect(bench.relay.addresses.map(({ port }) => port)).toEqual([lostPort, keptPort]);

    await using fresh = await View.open(bench, 3, lostPort);
    await fresh.talk();
    expect(fresh.wire.stats().camera.rtpPackets).toBe(1);
    fresh.wire.end();
    kept.wire.end();
    await bench.happened('finished', 3);
    expect(bench.relay.counters).toMatchObject({ wiresOpened: 3, wiresEnded: 3 });
    expect(bench.relay.gauges.wires).toBe(0);
  });

  test('refuses what it was asked and has not answered, and what it is asked before it begins again', async () => {
    using watch = new ThreadWatch();
    await using bench = await open({ udp });
    const wire = await bench.wire();
    const place = bench.reserve();
    watch.withhold('open');
    watch.withhold('restart');
    watch.spoil('extend');
    const refused = expect.objectContaining({ code: 'overloaded' });
    const opening = expect(bench.openAt(bench.reserve(), 2)).rejects.toEqual(refused);
    const restarting = expect(wire.restart(...iceOf(4))).rejects.toEqual(refused);
    wire.extend(bench.pair());
    await Promise.all([opening, restarting]);
    await expect(bench.openAt(place, 3)).rejects.toEqual(refused);

    bench.clock.advance(limits.workerRestartMs);
    await watch.serves(1);
    await bench.wire(bench.pair(), bench.session(), 2);
    expect(bench.relay.gauges).toMatchObject({ wires: 1, usernames: 2 });
  });

  test('tells every session, though a listener throws', async () => {
    using watch = new ThreadWatch();
    await using bench = await open({ udp });
    const failed = Promise.withResolvers<unknown>();
    // What a listener throws is the program's to handle.
    const handlers = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException').once('uncaughtException', failed.resolve);
    const fault = new Error('a listener failed');
    const throwing = () => {
      throw fault;
    };
    await bench.reserve().open(...iceOf(2), { ended: throwing });
    const wire = await bench.wire();
    watch.spoil('extend');
    wire.extend(bench.pair());
    await bench.happened('ended relay-failed');
    expect(await failed.promise).toBe(fault);
    for (const handler of handlers) process.on('uncaughtException', handler);

    bench.clock.advance(limits.workerRestartMs);
    await watch.serves(1);
    await bench.wire();
  });

  test('tries again for as long as its port is taken', async () => {
    using watch = new ThreadWatch();
    await using bench = await open({ udp });
    const { port } = bench;
    const wire = await bench.wire();
    watch.spoil('extend');
    wire.extend(bench.pair());
    await bench.happened('ended relay-failed');

    const taker = await UdpPeer.open('127.0.0.1', port);
    const message = `relay: UDP 127.0.0.1 port ${port} cannot be bound`;
    for (const times of [1, 2]) {
      bench.clock.advance(limits.workerRestartMs);
      await bench.noted((line) => line.startsWith('died') && line.includes(message), times);
      expect(() => bench.reserve()).toThrow(expect.objectContaining({ code: 'overloaded' }));
    }
    await taker[Symbol.asyncDispose]();
    bench.clock.advance(limits.workerRestartMs);
    // On the batched port it is the door that finds the port taken, before there is a thread.
    await watch.serves(udp === 'batched' ? 1 : 3);
    await using fresh = await View.open(bench, 2, port);
    await fresh.talk();
    expect(bench.relay.counters.workersFailed).toBe(3);
  });

  test('does not begin again once the relay closes', async () => {
    using watch = new ThreadWatch();
    await using bench = await open({ udp });
    const wire = await bench.wire();
    watch.spoil('extend');
    wire.extend(bench.pair());
    await bench.happened('ended relay-failed');
    expect(bench.clock.pending).toBe(1);
    await bench.relay.close();
    expect(bench.clock.pending).toBe(0);
    expect(watch.threads).toHaveLength(1);
  });

  test('is ended and begins again when it does not answer in time', async () => {
    using watch = new ThreadWatch();
    await using bench = await open({ udp });
    const { port } = bench;
    await bench.wire();
    watch.withhold('open');
    const opening = expect(bench.openAt(bench.reserve(), 2)).rejects.toMatchObject({ code: 'overloaded' });
    bench.clock.advance(limits.workerAnswerMsMax - 1);
    expect(bench.log).not.toContain('finished');
    bench.clock.advance(1);
    await opening;
    expect(bench.told).toEqual([
      'died the media worker’s thread ended with code 1',
      'observed relay-failed',
      'ended relay-failed',
    ]);

    bench.clock.advance(limits.workerRestartMs);
    await watch.serves(1);
    await using fresh = await View.open(bench, 2, port);
    await fresh.talk();
    expect(bench.clock.pending).toBe(0);
  });

  test('is left alone when it answers at the last moment', async () => {
    using watch = new ThreadWatch();
    await using bench = await open({ udp });
    const letGo = watch.withhold('open');
    const place = bench.reserve();
    const other = bench.reserve();
    const opening = bench.openAt(place, 2);
    bench.clock.advance(limits.workerAnswerMsMax - 1);
    letGo();
    await bench.openAt(other, 3);
    await opening;
    bench.clock.advance(limits.workerAnswerMsMax);
    await bench.wire();
    expect(bench.relay.gauges.wires).toBe(3);
    expect(bench.told).toEqual([]);
  });

  test('is ended and begins again when it does not even begin to serve in time', async () => {
    using watch = new ThreadWatch();
    await using bench = await open({ udp });
    const wire = await bench.wire();
    watch.spoil('extend');
    wire.extend(bench.pair());
    await bench.happened('ended relay-failed');

    bench.clock.advance(limits.workerRestartMs);
    bench.clock.advance(limits.workerAnswerMsMax);
    await bench.noted((line) => line.startsWith('died the media worker’s thread ended with code'));
    bench.clock.advance(limits.workerRestartMs);
    await watch.serves(2);
    await bench.wire();
    expect(bench.relay.counters.workersFailed).toBe(2);
  });
});

test('a media worker whose socket breaks begins again with a new one', async () => {
  using watch = new ThreadWatch();
  const before = socketDescriptors();
  await using bench = await open({ udp: 'batched' });
  const { port } = bench;
  const [descriptor = -1] = socketDescriptors().filter((each) => !before.includes(each));
  await using lost = await View.open(bench, 1, port);
  await lost.talk();
  breakSocket(descriptor);
  await bench.happened('ended relay-failed');
  expect(bench.told).toContain('died Something went wrong inside the relay. (recvmmsg: ENOTSOCK)');

  bench.clock.advance(limits.workerRestartMs);
  await watch.serves(1);
  await using fresh = await View.open(bench, 2, port);
  await fresh.talk();
});

/** A session with a viewer and a camera, who have latched. */
class View implements AsyncDisposable {
  readonly wire: Wire;
  readonly #bench: Bench;
  readonly #port: number;
  readonly #viewer: UdpPeer;
  readonly #camera: UdpPeer;
  #sent = 0;
  #stopped = false;

  private constructor(bench: Bench, wire: Wire, port: number, viewer: UdpPeer, camera: UdpPeer) {
    this.#bench = bench;
    this.wire = wire;
    this.#port = port;
    this.#viewer = viewer;
    this.#camera = camera;
  }

  static async open(bench: Bench, n: number, port = 0): Promise<View> {
    const place = bench.reserve();
    expect(place.addresses[0]?.port).toBe(port);
    const wire = await bench.openAt(place, n);
    const [viewer, camera] = [await UdpPeer.open(), await UdpPeer.open()];
    await bench.latch(viewer, camera, n, port);
    return new View(bench, wire, port, viewer, camera);
  }

  /** One packet of the camera reaches the viewer. */
  async talk(): Promise<void> {
    const packet = rtp(this.#sent++);
    this.#bench.send(this.#camera, packet, this.#port);
    expect((await this.#viewer.next()).bytes).toEqual(packet);
  }

  /** One packet after the other, none of them lost. Resolves to how many. */
  async talkUntilStopped(): Promise<number> {
    while (!this.#stopped) await this.talk();
    return this.#sent;
  }

  stopped(going: Promise<number>): Promise<number> {
    this.#stopped = true;
    return going;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#viewer[Symbol.asyncDispose](), this.#camera[Symbol.asyncDispose]()]);
  }
}

/** The counters that are less than before, by their names. */
function shrunk(before: object, after: object): string[] {
  return Object.entries(before).flatMap(([name, value]) => {
    const now: unknown = Object.entries(after).find(([other]) => other === name)?.[1];
    if (typeof value === 'object' && typeof now === 'object' && now !== null) return shrunk(value, now);
    return typeof now === 'number' && now >= value ? [] : [name];
  });
}
