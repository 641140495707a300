import { newEngineCells } from '../../../src/relay/engine/counters.ts';
import { Engine } from '../../../src/relay/engine/engine.ts';
import { Ledger } from '../../../src/relay/engine/ledger.ts';
import { BatchedPort } from '../../../src/relay/udp/batched-port.ts';
import { portCellCount, portCountersOf } from '../../../src/relay/udp/port.ts';
import { openUdpSocket } from '../../../src/relay/udp/udp-socket.ts';
import { type Path, pathOf } from '../../../src/relay/wire/path.ts';
import { boundless, hourMs, rtp } from './engine-harness.ts';
import { heapBytesPerCall } from './heap-growth.ts';
import { demandLibc } from './pumped-port.ts';
import { checkOf, iceOf } from './relay-bench.ts';

/**
 * A process that moves RTP from a camera through an engine to a viewer, over real sockets, and says what a packet takes of its
 * heap and of its time. Each packet goes through `turn` three times: the viewer's and the camera's ports are batched as well.
 */
const packetsAtOnce = 64;
const packetBytes = 1_200;
const turns = { stretches: 100, callsPerStretch: 100 };

const libc = await demandLibc();
const at = { host: '127.0.0.1', port: 0, device: null };
const sockets = { relay: openUdpSocket(libc, at), viewer: openUdpSocket(libc, at), camera: openUdpSocket(libc, at) };
const cells = new Float64Array(portCellCount);
const relay = new BatchedPort(libc, sockets.relay, cells);
const viewer = new BatchedPort(libc, sockets.viewer, new Float64Array(portCellCount));
const camera = new BatchedPort(libc, sockets.camera, new Float64Array(portCellCount));
const relayAt = pathTo(sockets.relay.facts.port);

const ledger = new Ledger(new SharedArrayBuffer(Ledger.memoryBytes(1)));
const engine = new Engine({ isOwn: () => false, hashSeed: 1, rates: boundless, ledger, cells: newEngineCells() });
const out = { transmit: relay.send.bind(relay), event() {} };
const advance = () => engine.advance(Date.now(), out);
const receive = (datagram: Parameters<Engine['datagram']>[0]) => void engine.datagram(datagram, out);
advance();
ledger.enliven(0);
engine.open(0, Date.now() + hourMs, ...iceOf(1));
for (const [port, side] of [
  [viewer, 'viewer'],
  [camera, 'camera'],
] as const) {
  const check = checkOf(side, 1);
  port.send(relayAt, 0, check, 0, check.length);
  port.flush();
  relay.turn(true, advance, receive);
}
viewer.turn(true, ignore, ignore);
camera.turn(true, ignore, ignore);

const packet = Buffer.concat([rtp(0), Buffer.alloc(packetBytes)], packetBytes);
const arrived = new Float64Array(1);
const arrive = () => {
  arrived[0] = (arrived[0] ?? 0) + 1;
};
let relayNs = 0n;

function turn(round: number): void {
  for (let n = 0; n < packetsAtOnce; n++) {
    packet.writeUInt16BE((round * packetsAtOnce + n) & 0xffff, 2);
    camera.send(relayAt, 0, packet, 0, packetBytes);
  }
  camera.flush();
  const target = (round + 1) * packetsAtOnce;
  while ((arrived[0] ?? 0) < target) {
    const beganNs = process.hrtime.bigint();
    const count = relay.turn(true, advance, receive);
    relayNs += process.hrtime.bigint() - beganNs;
    if (count === 0) throw new Error('a packet was lost on loopback');
    viewer.turn(true, ignore, arrive);
  }
}

const bytesPerTurn = heapBytesPerCall(turn, turns);
const packets = turns.stretches * turns.callsPerStretch * packetsAtOnce;
const result = {
  packets,
  arrived: arrived[0],
  bytesPerPacket: bytesPerTurn / packetsAtOnce,
  relayNsPerPacket: Number(relayNs) / packets,
  packetsPerReceiveCall: packets / portCountersOf(cells).receiveCalls,
};
process.stdout.write(JSON.stringify(result));
for (const socket of Object.values(sockets)) socket.close(libc);

function ignore(): void {}

function pathTo(port: number): Path {
  const path = pathOf('127.0.0.1', port);
  if (path === undefined) throw new Error(`no port: ${port}`);
  return path;
}
