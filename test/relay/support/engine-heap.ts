import { countersOf } from '../../../src/relay/engine/counters.ts';
import type { DropReason } from '../../../src/relay/engine/drops.ts';
import { at, boundless } from './engine-harness.ts';
import { EngineTraffic } from './engine-traffic.ts';
import { heapBytesPerCall } from './heap-growth.ts';

/**
 * A process that says what a datagram takes of the heap and of its time on each road through an engine, and how many of five
 * million went there. It is a process of its own: what a test runner makes of the code would be measured instead.
 */
const slow = { bitsPerSecondMax: 10_000_000, packetsPerSecondMax: 300 };
const [rtp, dtls, rtcpLike] = [0x80, 22, 0xbf];

const left = (traffic: EngineTraffic) => traffic.left[0] ?? 0;
const dropped = (reason: DropReason) => (traffic: EngineTraffic) => countersOf(traffic.cells).drops[reason];

const roads = {
  'one session': () => measured(latched(1), rtp, left),
  'four sessions': () => measured(latched(4), rtp, left),
  'a hundred sessions': () => measured(latched(100), rtp, left),
  DTLS: () => measured(latched(4), dtls, left),
  'media of another version': () => measured(latched(4), rtcpLike, left),
  unlatched: () => measured(new EngineTraffic(4), rtp, dropped('unlatched')),
  'class-quic': () => measured(new EngineTraffic(4), 0xc0, dropped('class-quic')),
  'class-zrtp': () => measured(new EngineTraffic(4), 16, dropped('class-zrtp')),
  'class-turn-channel': () => measured(new EngineTraffic(4), 64, dropped('class-turn-channel')),
  'class-unassigned': () => measured(new EngineTraffic(4), 4, dropped('class-unassigned')),
  'side-packet-rate': () => measured(latched(2, { ...boundless, side: slow }), rtp, dropped('side-packet-rate')),
  'session-packet-rate': () =>
    measured(latched(2, { ...boundless, session: slow }), rtp, dropped('session-packet-rate')),
};
export type Road = keyof typeof roads;

const results = Object.entries(roads).map(([road, measure]) => [road, measure()]);
process.stdout.write(JSON.stringify(Object.fromEntries(results)));

function measured(traffic: EngineTraffic, firstByte: number, count: (traffic: EngineTraffic) => number) {
  const before = count(traffic);
  // What is read of an engine may not make it more costly: V8 gives records of the same names one shape.
  traffic.ledger.stats(0);
  const beganNs = process.hrtime.bigint();
  const bytes = heapBytesPerCall((round) => traffic.packet(round, firstByte));
  return { bytes, ns: Number(process.hrtime.bigint() - beganNs) / 5_000_000, went: count(traffic) - before };
}

function latched(sessions: number, rates = boundless): EngineTraffic {
  const traffic = new EngineTraffic(sessions, rates);
  for (let n = 0; n < sessions; n++) traffic.latch(n, at(1, 10_000 + n), at(2, 10_000 + n));
  return traffic;
}
