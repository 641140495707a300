import { limits } from '../../../src/base/index.ts';
import type { Wire } from '../../../src/relay/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { at, rtp } from './engine-harness.ts';
import { MemoryPort } from './memory-port.ts';
import { checkOf, iceOf, RelayBench } from './relay-bench.ts';
import { ThreadWatch } from './thread-watch.ts';
import { UdpPeer } from './udp-peer.ts';

/**
 * A process, with its collector in reach, that opens sessions and has them end in every way there is, and says what is left:
 * `beside` the door with a clock that stands still, or in a `thread`.
 */
const ways = ['end', 'expiry', 'silence', 'refused', 'restart', 'released', 'moved', 'unlatched', 'died'] as const;
type Way = (typeof ways)[number];

const minuteMs = 60_000;
const batch = 100;

const [place, sessions = 0] = [process.argv[2], Number(process.argv[3])];
const result = place === 'thread' ? await inThread() : await besideTheDoor();
process.stdout.write(JSON.stringify(result));

async function besideTheDoor() {
  const port = new MemoryPort();
  const bench = await RelayBench.open(new ManualClock(), { openPort: port.open });
  const round = async () => {
    const counts = new Map<Way, Wire[]>();
    for (let n = 0; n < batch; n++) {
      const way = ways[n % ways.length] ?? 'end';
      const wire = await begin(bench, n, way);
      if (wire === undefined) continue;
      counts.set(way, [...(counts.get(way) ?? []), wire]);
      if (way === 'unlatched') continue;
      const [viewer, camera] = [at(1, 10_000 + n), at(2, 10_000 + n)];
      port.receive(viewer, checkOf('viewer', 1, n + 1));
      port.receive(viewer, rtp(1));
      port.receive(camera, checkOf('camera', 2, n + 1));
      for (let packet = 0; packet < 5; packet++) port.receive(camera, rtp(packet, packet));
      port.receive(viewer, checkOf('viewer', 3, n + 1));
      // The next session but eight takes this one’s address.
      if (way === 'moved') port.receive(viewer, checkOf('viewer', 4, Math.max(1, n - 8 + 1)));
      if (way === 'restart') await wire.restart(...iceOf(n + 1_001));
    }
    for (const way of ['end', 'restart', 'moved', 'died'] as const)
      for (const wire of counts.get(way) ?? []) wire.end();
    bench.clock.advance(Math.max(minuteMs, limits.sideSilentMsMax));
    bench.log.length = 0;
  };
  return measured(bench, round);
}

async function inThread() {
  using watch = new ThreadWatch();
  const bench = await RelayBench.open(new ManualClock(Date.now()), {}, { udp: 'batched', host: '127.0.0.1' });
  const [viewer, camera] = [await UdpPeer.open(), await UdpPeer.open()];
  const round = async () => {
    const wires: Wire[] = [];
    for (let n = 0; n < batch; n++) {
      const way = ways[n % ways.length] ?? 'end';
      const wire = await begin(bench, n, way === 'expiry' || way === 'silence' ? 'end' : way);
      if (wire === undefined) continue;
      wires.push(wire);
      // All share two addresses: those of one session are the next one’s.
      if (way !== 'unlatched') await bench.latch(viewer, camera, n + 1);
      if (way === 'restart') await wire.restart(...iceOf(n + 1_001));
    }
    const finished = bench.happened('finished', wires.length);
    for (const wire of wires.slice(wires.length / 2)) wire.end();
    watch.spoil('extend');
    wires[0]?.extend(bench.pair());
    await finished;
    watch.forget();
    bench.clock.advance(limits.workerRestartMs);
    await watch.serves(0);
    bench.log.length = 0;
  };
  const result = await measured(bench, round);
  for (const peer of [viewer, camera]) await peer[Symbol.asyncDispose]();
  return { ...result, running: watch.running.length };
}

/** Opens a session that will end in a way, unless that is not to open. */
async function begin(bench: RelayBench<ManualClock>, n: number, way: Way): Promise<Wire | undefined> {
  const pair = bench.pair(way === 'expiry' ? minuteMs / 4 : 60 * minuteMs);
  const reservation = bench.relay.reserve(pair, bench.session());
  if (way === 'released') {
    reservation.release();
    return undefined;
  }
  if (way === 'refused') {
    const [viewer, camera] = iceOf(n + 1);
    await reservation.open({ ...viewer, password: 'short' }, camera, { ended() {} }).catch(() => {});
    return undefined;
  }
  return bench.openAt(reservation, n + 1);
}

/** Goes through half of the sessions to warm up, then through all, then closes with some open. */
async function measured(bench: RelayBench<ManualClock>, round: () => Promise<void>) {
  for (let n = 0; n < sessions / 2; n += batch) await round();
  const before = heapBytes();
  for (let n = 0; n < sessions; n += batch) await round();
  const heapGrownBytes = heapBytes() - before;
  const { gauges, counters } = bench.relay;
  const open = await Promise.all([1, 2, 3].map((n) => bench.openAt(bench.reserve(), n)));
  await bench.relay.close();
  return {
    heapGrownBytes,
    gauges,
    counters,
    gaugesClosed: bench.relay.gauges,
    openAtClose: open.length,
    toldAtClose: bench.told,
    timers: bench.clock.pending,
  };
}

function heapBytes(): number {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc');
  for (let n = 0; n < 3; n++) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
