import { BatchedPort } from '../../../src/relay/udp/batched-port.ts';
import { portCellCount, portCountersOf } from '../../../src/relay/udp/port.ts';
import { openUdpSocket } from '../../../src/relay/udp/udp-socket.ts';
import { type Datagram, type Path, pathOf } from '../../../src/relay/wire/path.ts';
import { rtp } from './engine-harness.ts';
import { demandLibc } from './pumped-port.ts';
import type { SoakAnswer, SoakAsk } from './soak-messages.ts';
import { stun } from './stun-messages.ts';

/**
 * The process that plays the viewers and the cameras of the soak. Two sockets serve all of them: each session's viewer and
 * camera have local addresses of their own out of 127.0.0.0/8, so that the relay sees as many places as there are sessions.
 */
const tickMs = 5;
const checkEveryMs = 5_000;
const latchEveryMs = 100;
const drainMs = 300;
const packetBytes = 1_100;

type Begin = Extract<SoakAsk, { kind: 'begin' }>;

class Session {
  readonly seat: number;
  readonly viewer: Path;
  readonly camera: Path;
  readonly packetsPerSecond: number;
  ice: Begin['ice'];
  sent = 0;
  received = 0;
  viewerHeard = false;
  cameraHeard = false;
  talksSinceMs = 0;
  checkAtMs = 0;
  stopsAtMs = Number.POSITIVE_INFINITY;

  constructor({ seat, port, packetsPerSecond, ice }: Begin) {
    this.seat = seat;
    this.packetsPerSecond = packetsPerSecond;
    this.ice = ice;
    this.viewer = pathFrom(1, seat, port);
    this.camera = pathFrom(2, seat, port);
  }
}

const libc = await demandLibc();
const at = { host: '0.0.0.0', port: 0, device: null };
const viewerCells = new Float64Array(portCellCount);
const cameraCells = new Float64Array(portCellCount);
const viewers = new BatchedPort(libc, openUdpSocket(libc, at), viewerCells);
const cameras = new BatchedPort(libc, openUdpSocket(libc, at), cameraCells);
const sessions = new Map<number, Session>();
const packet = Buffer.concat([rtp(0), Buffer.alloc(packetBytes)], packetBytes);
let serial = 0;

process.on('message', (ask: SoakAsk) => {
  if (ask.kind === 'begin') sessions.set(ask.seat, new Session(ask));
  else if (ask.kind === 'finish') process.exit(0);
  else if (ask.kind === 'stop') stop(ask.seat);
  else renew(ask.seat, ask.ice);
});
process.once('disconnect', () => process.exit(1));
setInterval(tick, tickMs);

function stop(seat: number): void {
  const session = sessions.get(seat);
  if (session !== undefined) session.stopsAtMs = Date.now() + drainMs;
}

function renew(seat: number, ice: Begin['ice']): void {
  const session = sessions.get(seat);
  if (session === undefined) return;
  session.ice = ice;
  session.checkAtMs = 0;
}

function tick(): void {
  const nowMs = Date.now();
  for (const session of sessions.values()) {
    if (nowMs >= session.checkAtMs) check(session, nowMs);
    if (session.talksSinceMs > 0 && session.stopsAtMs === Number.POSITIVE_INFINITY) talk(session, nowMs);
    if (nowMs >= session.stopsAtMs) stopped(session);
  }
  viewers.flush();
  cameras.flush();
  while (viewers.turn(false, ignore, (datagram) => heard(datagram, true)) > 0);
  while (cameras.turn(false, ignore, (datagram) => heard(datagram, false)) > 0);
}

function check(session: Session, nowMs: number): void {
  const [viewer, camera] = session.ice;
  for (const [port, path, own, other] of [
    [viewers, session.viewer, viewer, camera],
    [cameras, session.camera, camera, viewer],
  ] as const) {
    const transaction = Buffer.alloc(12);
    transaction.writeUInt32BE(++serial, 8);
    const username = `${other.ufrag}:${own.ufrag}`;
    const bytes = stun({ transaction, username, password: other.password, useCandidate: true, fingerprint: true });
    port.send(path, 0, bytes, 0, bytes.length);
  }
  session.checkAtMs = nowMs + (session.talksSinceMs > 0 ? checkEveryMs : latchEveryMs);
}

function talk(session: Session, nowMs: number): void {
  const due = Math.floor(((nowMs - session.talksSinceMs) * session.packetsPerSecond) / 1_000);
  for (; session.sent < due; session.sent++) {
    packet.writeUInt16BE(session.sent & 0xffff, 2);
    cameras.send(session.camera, 0, packet, 0, packetBytes);
  }
}

function heard({ path, pathAt, bytes, start }: Datagram, byViewer: boolean): void {
  const session = sessions.get(seatOf(path[pathAt + 10] ?? 0));
  if (session === undefined) return;
  if ((bytes[start] ?? 0) >= 128) {
    session.received++;
    return;
  }
  if (byViewer) session.viewerHeard = true;
  else session.cameraHeard = true;
  if (session.talksSinceMs > 0 || !session.viewerHeard || !session.cameraHeard) return;
  session.talksSinceMs = Date.now();
  session.checkAtMs = session.talksSinceMs + checkEveryMs;
  answer({ kind: 'talking', seat: session.seat });
}

function stopped({ seat, sent, received }: Session): void {
  sessions.delete(seat);
  const notSent = Object.values(portCountersOf(cameraCells).sendErrors).reduce((sum, count) => sum + count);
  const lostHere = portCountersOf(viewerCells).kernelDrops + notSent;
  answer({ kind: 'stopped', seat, sent, received, lostHere });
}

function answer(message: SoakAnswer): void {
  process.send?.(message);
}

function ignore(): void {}

/** The road to the relay from `127.<net>.x.y`. */
function pathFrom(net: number, seat: number, port: number): Path {
  const path = pathOf('127.0.0.1', port, { local: `127.${net}.${seat >> 8}.${seat & 255}` });
  if (path === undefined) throw new Error(`there is no seat ${seat}`);
  return path;
}

/** The seat in the last word of a local address, which lies in the order of the network. */
function seatOf(word: number): number {
  return (((word >>> 16) & 255) << 8) | (word >>> 24);
}
