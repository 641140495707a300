import { describe, expect, test } from 'vitest';
import { limits, systemClock } from '../../src/base/index.ts';
import type { RelaySettings, Reservation } from '../../src/relay/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { dtls, emptySizes, rtp } from './support/engine-harness.ts';
import { freePorts } from './support/free-ports.ts';
import { answerOf, checkOf, RelayBench } from './support/relay-bench.ts';
import { relayContract } from './support/relay-contract.ts';
import { ThreadWatch } from './support/thread-watch.ts';
import { UdpPeer } from './support/udp-peer.ts';

const kinds = ['batched', 'dgram'] as const;

/** A relay whose door has a clock that stands still at the present. The time of its threads goes on. */
function open(settings: Partial<RelaySettings>) {
  return RelayBench.open(new ManualClock(Date.now()), {}, { host: '127.0.0.1', ...settings });
}

for (const udp of kinds) {
  relayContract(`in threads on ${udp}`, (settings) => RelayBench.open(systemClock, {}, { udp, ...settings }));
}

describe.each(kinds)('a thread on %s', (udp) => {
  test('ends a wire when its pair expires, by its own clock', async () => {
    await using bench = await RelayBench.open(systemClock, {}, { udp });
    await bench.wire(bench.pair(500));
    await bench.happened('finished');
    expect(bench.told).toEqual(['observed expired', 'ended expired']);
    expect(bench.relay.gauges).toEqual(emptySizes);
  });

  test('lets a wire that was extended live on', async () => {
    await using bench = await RelayBench.open(systemClock, {}, { udp });
    const longer = await bench.wire(bench.pair(1_000));
    await bench.wire(bench.pair(1_000), bench.session(), 2);
    longer.extend(bench.pair());
    await bench.happened('ended expired 2');
    expect(bench.told).toEqual(['observed expired', 'ended expired 2']);
    expect(bench.relay.gauges.wires).toBe(1);
  });

  test('passes on nothing of a wire from its end on, though it has not heard of that', async () => {
    using watch = new ThreadWatch();
    await using bench = await open({ udp });
    await using viewer = await UdpPeer.open();
    await using camera = await UdpPeer.open();
    await using otherViewer = await UdpPeer.open();
    await using otherCamera = await UdpPeer.open();
    const wire = await bench.wire();
    const other = await bench.wire(bench.pair(), bench.session(), 2);
    await bench.latch(viewer, camera);
    await bench.latch(otherViewer, otherCamera, 2);
    bench.send(viewer, checkOf('viewer', 3));
    await camera.next();
    const letGo = watch.withhold('end');

    const before = bench.relay.counters;
    wire.end();
    const late = [rtp(1), dtls, checkOf('camera', 4), answerOf('camera', 3)];
    for (const bytes of late) bench.send(camera, bytes);
    bench.send(viewer, rtp(1));
    bench.send(viewer, checkOf('viewer', 5));
    bench.send(otherCamera, rtp(1));
    expect((await otherViewer.next()).bytes).toEqual(rtp(1));

    const { forwarded, drops } = bench.relay.counters;
    expect(forwarded.viewer).toEqual(before.forwarded.viewer);
    expect(forwarded.camera.packets).toBe(before.forwarded.camera.packets + 1);
    expect(drops.ended).toBe(late.length + 2);
    expect(bench.told).not.toContain('media camera');

    letGo();
    other.extend(bench.pair());
    await bench.happened('finished');
    bench.send(camera, rtp(2));
    bench.send(otherCamera, rtp(2));
    expect((await otherViewer.next()).bytes).toEqual(rtp(2));
    expect(bench.relay.counters.drops).toMatchObject({ ended: late.length + 2, unlatched: 1 });
    expect(bench.relay.gauges).toMatchObject({ wires: 1, latches: 2 });
    expect(wire.stats().camera.latches).toBe(1);
  });
});

describe('a session’s place', () => {
  test('is at the address of its worker, whose port follows that of the one before', async () => {
    const base = await freePorts(3);
    await using bench = await open({ workers: 3, port: base });
    expect(bench.relay.addresses.map(({ port }) => port)).toEqual([base, base + 1, base + 2]);
    for (const n of [1, 2, 3]) {
      await using viewer = await UdpPeer.open();
      await using camera = await UdpPeer.open();
      const place = bench.reserve();
      expect(place.addresses).toEqual([{ host: '127.0.0.1', port: base + n - 1, transport: 'udp' }]);
      await bench.openAt(place, n);
      bench.send(viewer, checkOf('viewer', 1, n), portOf(place) === base ? base + 1 : base);
      await bench.latch(viewer, camera, n, portOf(place));
      bench.send(camera, rtp(n), portOf(place));
      const media = await viewer.next();
      expect(media).toEqual({ bytes: rtp(n), from: { host: '127.0.0.1', port: portOf(place) } });
    }
    expect(bench.relay.counters.drops['username-unknown']).toBe(3);
  });

  test('is with each worker in turn while none of them moves anything', async () => {
    await using bench = await open({ workers: 3 });
    const ports = bench.relay.addresses.map(({ port }) => port);
    const taken: number[] = [];
    for (let n = 1; n <= 12; n++) {
      const place = bench.reserve();
      taken.push(portOf(place));
      await bench.openAt(place, n);
      // Now and then what each was given is forgotten, and what it has is all that counts.
      if (n % 4 === 0) bench.clock.advance(limits.loadSampleMs);
    }
    expect(taken).toEqual([...ports, ...ports, ...ports, ...ports]);
  });

  test('is not with a worker that moves much', async () => {
    await using bench = await open({ workers: 3 });
    await using viewer = await UdpPeer.open();
    await using camera = await UdpPeer.open();
    const [busy, ...idle] = bench.relay.addresses.map(({ port }) => port);
    await bench.wire();
    await bench.latch(viewer, camera);
    bench.clock.advance(limits.loadSampleMs);
    bench.reserve().release();
    const packets = 1_000;
    for (let n = 0; n < packets; n++) {
      bench.send(camera, rtp(n));
      await viewer.next();
    }
    bench.clock.advance(limits.loadSampleMs);

    const taken = Array.from({ length: 8 }, () => portOf(bench.reserve()));
    expect(taken).not.toContain(busy);
    expect(idle.map((port) => taken.filter((each) => each === port).length)).toEqual([4, 4]);
    bench.clock.advance(limits.loadSampleMs);
    expect(portOf(bench.reserve())).not.toBe(busy);
    bench.clock.advance(limits.loadSampleMs);
    const later = Array.from({ length: 3 }, () => portOf(bench.reserve()));
    expect(later).toContain(busy);
  });

  test('is found by load again at once after the clock was set back', async () => {
    await using bench = await open({ workers: 2 });
    const ports = bench.relay.addresses.map(({ port }) => port);
    for (const n of [1, 2]) await bench.openAt(bench.reserve(), n);
    bench.reserve().release();
    bench.clock.advance(-limits.loadSampleMs);
    expect(portOf(bench.reserve())).toBe(ports[0]);
  });

  test('is with no worker that is dead, and when all are, there is none', async () => {
    using watch = new ThreadWatch();
    await using bench = await open({ workers: 2 });
    const [first, second] = bench.relay.addresses.map(({ port }) => port);
    const wires = [await bench.openAt(bench.reserve(), 1), await bench.openAt(bench.reserve(), 2)];
    watch.spoil('extend', 0);
    watch.spoil('extend', 1);
    wires[0]?.extend(bench.pair());
    await bench.happened('ended relay-failed');
    for (let n = 0; n < 5; n++) expect(portOf(bench.reserve())).toBe(second);

    wires[1]?.extend(bench.pair());
    await bench.happened('ended relay-failed 2');
    expect(() => bench.reserve()).toThrow(expect.objectContaining({ code: 'overloaded' }));
    bench.clock.advance(Math.max(limits.workerRestartMs, limits.loadSampleMs));
    await Promise.all([watch.serves(2), watch.serves(3)]);
    expect([bench.reserve(), bench.reserve()].map(portOf).sort()).toEqual([first, second].sort());
  });
});

function portOf({ addresses }: Reservation): number {
  return addresses[0]?.port ?? 0;
}
