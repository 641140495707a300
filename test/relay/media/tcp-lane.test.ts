import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { engineCellCount } from '../../../src/relay/engine/counters.ts';
import { Ledger } from '../../../src/relay/engine/ledger.ts';
import { OnTheWay } from '../../../src/relay/media/frame-batch.ts';
import { Station } from '../../../src/relay/media/station.ts';
import type { TcpLane } from '../../../src/relay/media/tcp-lane.ts';
import type { TcpDeparture } from '../../../src/relay/media/tcp-messages.ts';
import { portCellCount } from '../../../src/relay/udp/port.ts';
import { at, boundless, credentials, hourMs, rtp } from '../support/engine-harness.ts';
import { stun } from '../support/stun-messages.ts';

const nowMs = 1_000_000;
const cameraAt = at(2);
const connection = 1;

describe('a station whose road to the TCP thread is made anew', () => {
  test('sends nothing to a connection of the thread before, whose number another session has now', () => {
    const [station, first] = [newStation(), newRoad()];
    open(station, 1);
    const before = station.joinTcp(first.port, first.onTheWay);
    bring(before, check('viewer', 1));
    fromCamera(station, check('camera', 1));
    station.flush();
    expect(first.departures()).toMatchObject([{ kind: 'claim', connection }, { kind: 'frames' }]);

    const second = newRoad();
    station.joinTcp(second.port, second.onTheWay);
    fromCamera(station, rtp(1));
    station.flush();
    expect(second.departures()).toEqual([]);
  });

  test('takes nothing more from the road before', () => {
    const [station, first] = [newStation(), newRoad()];
    open(station, 1);
    const before = station.joinTcp(first.port, first.onTheWay);
    bring(before);
    const second = newRoad();
    station.joinTcp(second.port, second.onTheWay);
    bring(before, check('viewer', 1));
    fromCamera(station, check('camera', 1));
    station.flush();
    expect([...first.departures(), ...second.departures()]).toEqual([]);
  });
});

function newStation(): Station {
  const settings = {
    rates: boundless,
    hashSeed: 1,
    own: [],
    ledger: new ArrayBuffer(Ledger.memoryBytes(8)),
    engineCells: new Float64Array(engineCellCount),
    portCells: new Float64Array(portCellCount),
  };
  new Ledger(settings.ledger).enliven(1);
  const station = new Station(settings, 3478, { send() {} }, () => {});
  station.advance(nowMs);
  return station;
}

function newRoad(): { port: MessagePort; onTheWay: SharedArrayBuffer; departures(): TcpDeparture[] } {
  const { port1, port2 } = new MessageChannel();
  const departures = () => {
    const all: TcpDeparture[] = [];
    for (let mail = receiveMessageOnPort(port2); mail !== undefined; mail = receiveMessageOnPort(port2)) {
      all.push(mail.message);
    }
    return all;
  };
  return { port: port1, onTheWay: OnTheWay.newMemory(), departures };
}

function open(station: Station, wire: number): void {
  const [viewer, camera] = [credentials('view'), credentials('camr')];
  station.control({ kind: 'open', request: 0, wire, expiresAtMs: nowMs + hourMs, viewer, camera });
}

/** The connection and what comes by it. */
function bring(lane: TcpLane, ...frames: Buffer[]): void {
  const remote = { host: '192.0.2.1', port: 5000 };
  lane.take({ kind: 'connected', connection, remote, local: { host: '192.0.2.99', port: 3478 } });
  for (const bytes of frames) {
    lane.take({ kind: 'frames', bytes: new Uint8Array(bytes), ends: [bytes.length], connections: [connection] });
  }
}

function fromCamera(station: Station, bytes: Buffer): void {
  station.receive({ path: cameraAt, pathAt: 0, bytes, start: 0, end: bytes.length });
}

function check(side: 'viewer' | 'camera', n: number): Buffer {
  const [sender, receiver] = side === 'viewer' ? ['view', 'camr'] : ['camr', 'view'];
  const [from, to] = [credentials(sender as string), credentials(receiver as string)];
  const transaction = Buffer.alloc(12, `${side}${n}`);
  return stun({ transaction, username: `${to.ufrag}:${from.ufrag}`, password: to.password, fingerprint: true });
}
