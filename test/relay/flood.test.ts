import { expect, test } from 'vitest';
import { limits, systemClock } from '../../src/base/index.ts';
import { Metrics } from '../../src/telemetry/index.ts';
import { dtls, rtp } from './support/engine-harness.ts';
import { checkOf, RelayBench } from './support/relay-bench.ts';
import { UdpPeer } from './support/udp-peer.ts';

const side = { bitsPerSecondMax: 2_000_000, packetsPerSecondMax: 300 };
const session = { bitsPerSecondMax: 4_000_000, packetsPerSecondMax: 600 };
const talks = 200;
const floodPerTalk = 100;

test('one camera that floods takes nothing from another session on its worker, and is counted', async () => {
  await using bench = await RelayBench.open(systemClock, {}, { udp: 'batched', rates: { side, session } });
  await using peers = new AsyncDisposableStack();
  const peer = async () => peers.use(await UdpPeer.open());
  const [floodedViewer, flooder, viewer, camera] = [await peer(), await peer(), await peer(), await peer()];
  const beganMs = systemClock.now();
  const flooded = await bench.wire();
  const calm = await bench.wire(bench.pair(), bench.session(), 2);
  await bench.latch(floodedViewer, flooder);
  await bench.latch(viewer, camera, 2);

  const flood = Buffer.concat([rtp(1), Buffer.alloc(1_000)]);
  for (let n = 0; n < talks; n++) {
    for (let packet = 0; packet < floodPerTalk; packet++) bench.send(flooder, flood);
    bench.send(camera, rtp(n));
    expect((await viewer.next()).bytes).toEqual(rtp(n));
    if (n % 20 !== 0) continue;
    bench.send(viewer, dtls);
    expect((await camera.next()).bytes).toEqual(dtls);
    const check = checkOf('viewer', n, 2);
    bench.send(viewer, check);
    expect((await camera.next()).bytes).toEqual(check);
  }

  const elapsedS = Math.ceil((systemClock.now() - beganMs + limits.policedBurstMs) / 1_000);
  const { drops, kernelDrops, forwarded } = bench.relay.counters;
  const { camera: stats } = flooded.stats();
  expect(calm.stats()).toMatchObject({ viewer: { policed: 0 }, camera: { policed: 0, rtpPackets: talks } });
  expect(stats.rtpPackets + kernelDrops).toBe(talks * floodPerTalk);
  expect(stats.policed).toBeGreaterThan(stats.rtpPackets - side.packetsPerSecondMax * elapsedS);
  expect(drops['side-packet-rate'] + drops['side-bit-rate']).toBe(stats.policed);
  expect(drops).toMatchObject({ 'session-packet-rate': 0, 'session-bit-rate': 0 });
  // One check of each camera, what was talked, and of the flood what was not policed.
  expect(forwarded.camera.packets).toBe(2 + talks + stats.rtpPackets - stats.policed);

  const metrics = new Metrics('1');
  const { relay } = bench;
  metrics.readFrom({
    sessions: () => 2,
    devices: () => 2,
    draining: () => 0,
    connections: () => 0,
    sharedCache: () => 0,
    wires: () => 2,
    admission: () => ({ inFlight: 0, waiting: {}, servedPerSecond: {}, rampSeconds: {} }),
    relay: () => relay.counters,
  });
  const text = await metrics.text();
  for (const reason of ['side-packet-rate', 'side-bit-rate'] as const) {
    expect(text).toContain(`latchkey_relay_dropped_total{reason="${reason}"} ${drops[reason]}\n`);
  }
});
