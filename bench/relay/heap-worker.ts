/**
 * The loop of a media worker in a process of its own, under V8's heap profiler: `heap-worker.ts SESSIONS MILLISECONDS`. Prints a line of
 * JSON that says where it listens; once it has moved packets for a while it profiles for so long, prints what it has seen, and goes on until it is ended.
 */
import { Session } from 'node:inspector';
import { systemClock } from '../../src/base/index.ts';
import { engineCellCount } from '../../src/relay/engine/counters.ts';
import { Ledger } from '../../src/relay/engine/ledger.ts';
import { Station } from '../../src/relay/media/station.ts';
import { BatchedPort } from '../../src/relay/udp/batched-port.ts';
import { loadLibc } from '../../src/relay/udp/libc.ts';
import { portCellCount } from '../../src/relay/udp/port.ts';
import { openUdpSocket } from '../../src/relay/udp/udp-socket.ts';
import { boundless } from '../../test/relay/support/engine-harness.ts';
import { credentialsOf } from './checks.ts';
import { type HeapReport, type ProfileNode, sitesOf } from './heap-report.ts';

const [sessions = 0, profileMs = 0] = process.argv.slice(2).map(Number);
const dayMs = 86_400_000;
const warmPackets = 100_000;

const libc = await loadLibc();
if (typeof libc === 'string') throw new Error(libc);
const socket = openUdpSocket(libc, { host: '127.0.0.1', port: 0, device: null });
const port = new BatchedPort(libc, socket, new Float64Array(portCellCount));
const memory = new ArrayBuffer(Ledger.memoryBytes(sessions));
const station = new Station(
  {
    rates: boundless,
    hashSeed: 1,
    own: [],
    ledger: memory,
    engineCells: new Float64Array(engineCellCount),
    portCells: new Float64Array(portCellCount),
  },
  socket.facts.port,
  port,
  () => {},
);
const ledger = new Ledger(memory);
station.advance(systemClock.now());
for (let wire = 0; wire < sessions; wire++) {
  ledger.enliven(wire);
  const [viewer, camera] = [credentialsOf('viewer', wire), credentialsOf('camera', wire)];
  station.control({ kind: 'open', request: wire, wire, expiresAtMs: Date.now() + dayMs, viewer, camera });
}

let packets = 0;
let turns = 0;
const advance = () => station.advance(Date.now());
const receive: Parameters<BatchedPort['turn']>[2] = (datagram) => {
  packets++;
  station.receive(datagram);
};

/** The clock is looked at now and then, so that what that takes is not seen. */
const receiveRun = station.receiveRun.bind(station);

function run(isOver: () => boolean): void {
  for (let round = 1; round % 1_000 !== 0 || !isOver(); round++) {
    if (port.turn(true, advance, receive, receiveRun) === 0) advance();
    else turns++;
  }
}

say({ port: socket.facts.port });
// A process that reads no events cannot be told to end.
const idleMs = 60_000 + Date.now();
run(() => packets > warmPackets || Date.now() > idleMs);

const session = new Session();
session.connect();
session.post('HeapProfiler.startSampling', {
  samplingInterval: 1_024,
  includeObjectsCollectedByMajorGC: true,
  includeObjectsCollectedByMinorGC: true,
});
packets = 0;
turns = 0;
const end = Date.now() + profileMs;
run(() => Date.now() > end);
session.post('HeapProfiler.stopSampling', (error, result) => {
  if (error !== null) throw error;
  const sites = sitesOf(result.profile.head as ProfileNode);
  const report: HeapReport = { packets, turns, bytes: sites.reduce((sum, { bytes }) => sum + bytes, 0), sites };
  say(report);
});
// The generator measures to its own end, and then this process is ended.
const restMs = 60_000 + Date.now();
run(() => Date.now() > restMs);

function say(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
