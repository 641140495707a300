import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { countersOf, newEngineCells, sizesOf } from '../../../src/relay/engine/counters.ts';
import { Ledger } from '../../../src/relay/engine/ledger.ts';
import { OnTheWay } from '../../../src/relay/media/frame-batch.ts';
import type { Report } from '../../../src/relay/media/messages.ts';
import { Station } from '../../../src/relay/media/station.ts';
import { portCellCount } from '../../../src/relay/udp/port.ts';
import { copyOfPath, type Path } from '../../../src/relay/wire/path.ts';
import { at, boundless, credentials, dtls, emptySizes, hourMs, rtp } from '../support/engine-harness.ts';
import { answerOf, checkOf, iceOf } from '../support/relay-bench.ts';

const viewerAt = at(1);
const cameraAt = at(2);
const local = { host: '192.0.2.200', port: 443 };

describe('a station', () => {
  test('passes on nothing of a wire that is dead in the ledger, whatever comes and whoever sends it', () => {
    const station = new StationByHand();
    station.open(0);
    station.latch(0, viewerAt, cameraAt);
    station.receive(viewerAt, checkOf('viewer', 3));
    station.receive(cameraAt, rtp(1));
    expect(station.takeSent()).toHaveLength(2);

    station.ledger.kill(0);
    const everything = [
      rtp(2),
      dtls,
      checkOf('camera', 4),
      answerOf('camera', 3),
      Buffer.from('80c80001deadbeef', 'hex'),
    ];
    for (const bytes of everything) station.receive(cameraAt, bytes);
    for (const bytes of [rtp(1), dtls, checkOf('viewer', 5)]) station.receive(viewerAt, bytes);
    // From an address that is nobody's yet: what it holds, or latches, goes nowhere either.
    station.receive(at(3), checkOf('viewer', 6));
    expect(station.takeSent()).toEqual([]);
    expect(station.counters.drops.ended).toBe(9);
    expect(station.counters.latches).toEqual({ viewer: 1, camera: 1 });
    expect(station.ledger.stats(0).camera).toMatchObject({ packets: 2, rtpPackets: 1 });

    station.reports.length = 0;
    station.control({ kind: 'end', wire: 0 });
    expect(station.reports).toEqual([{ kind: 'ended', wire: 0, reason: undefined }]);
    expect(station.sizes).toEqual(emptySizes);
  });

  test('leaves other wires alone when one is dead', () => {
    const station = new StationByHand();
    station.open(0);
    station.open(1, 2);
    station.latch(0, viewerAt, cameraAt);
    station.latch(1, at(3), at(4));
    station.ledger.kill(0);
    station.receive(cameraAt, rtp(1));
    station.receive(at(4), rtp(1));
    expect(station.takeSent()).toEqual([{ to: at(3), bytes: rtp(1) }]);
  });

  test('gives a number that has ended to another wire, with figures of its own', () => {
    const station = new StationByHand();
    station.open(0);
    station.latch(0, viewerAt, cameraAt);
    station.control({ kind: 'end', wire: 0 });
    station.open(0, 2);
    expect(station.ledger.stats(0)).toEqual(new Ledger(new ArrayBuffer(Ledger.memoryBytes(1))).stats(0));
    station.receive(cameraAt, rtp(1));
    expect(station.takeSent()).toEqual([]);
  });

  test('ends a wire by itself: tells why, and marks it dead', () => {
    const station = new StationByHand();
    station.open(0, 1, 1_000);
    expect(station.nextDeadlineMs).toBe(1_000);
    station.wait(1_000);
    expect(station.reports).toEqual([
      { kind: 'done', request: 0 },
      { kind: 'ended', wire: 0, reason: 'expired' },
    ]);
    expect(station.ledger.isAlive(0)).toBe(false);
  });

  test('leaves what comes too late: a wire that it no longer has is no fault', () => {
    const station = new StationByHand();
    station.open(0, 1, 1_000);
    station.wait(1_000);
    station.reports.length = 0;
    station.control({ kind: 'extend', wire: 0, expiresAtMs: station.nowMs + hourMs });
    station.control({ kind: 'end', wire: 0 });
    station.control({ kind: 'restart', request: 7, wire: 0, viewer: credentials('vie9'), camera: credentials('cam9') });
    expect(station.reports).toEqual([{ kind: 'done', request: 7 }]);
    expect(station.sizes).toEqual(emptySizes);
  });

  test('answers each question once, and says why it refuses', () => {
    const station = new StationByHand();
    station.open(0);
    station.open(1);
    station.control({
      kind: 'restart',
      request: 2,
      wire: 0,
      viewer: { ufrag: 'a', password: 'b' },
      camera: iceOf(1)[1],
    });
    expect(station.reports).toMatchObject([
      { kind: 'done', request: 0 },
      { kind: 'refused', request: 1, code: 'sdp-no-ice', detail: 'the ICE credentials are in use already' },
      { kind: 'refused', request: 2, code: 'sdp-no-ice' },
    ]);
    expect(station.sizes.wires).toBe(1);
  });

  test('ends all it has when it closes', () => {
    const station = new StationByHand();
    for (const wire of [0, 1, 2]) station.open(wire, wire + 1);
    station.latch(1, viewerAt, cameraAt);
    station.reports.length = 0;
    station.control({ kind: 'close' });
    expect(station.reports).toEqual([0, 1, 2].map((wire) => ({ kind: 'ended', wire, reason: undefined })));
    expect(station.sizes).toEqual(emptySizes);
  });

  test('knows its own addresses by the port that it got', () => {
    const station = new StationByHand();
    station.open(0);
    for (const own of ['192.0.2.200', '::ffff:192.0.2.200']) station.receive(at(own, 4_000), checkOf('viewer', 1));
    station.receive(at('192.0.2.201', 4_444), checkOf('viewer', 1));
    expect(station.counters.drops['own-address']).toBe(3);
    station.receive(at('192.0.2.200', 4_001), checkOf('viewer', 1));
    station.receive(at('192.0.2.201', 4_000), checkOf('viewer', 2));
    expect(station.counters.drops['own-address']).toBe(3);
    expect(station.sizes.latches).toBe(2);
  });

  test('sends by TCP what goes to a connection, and says which connections belong to a session', () => {
    const station = new StationByHand();
    const { port1, port2 } = new MessageChannel();
    const lane = station.station.joinTcp(port1, OnTheWay.newMemory());
    const told = () => {
      station.station.flush();
      const departures: unknown[] = [];
      for (let mail = receiveMessageOnPort(port2); mail !== undefined; mail = receiveMessageOnPort(port2)) {
        departures.push(mail.message);
      }
      return departures;
    };
    const arrives = (bytes: Buffer) => lane.take({ kind: 'frames', bytes, ends: [bytes.length], connections: [7] });
    const leaves = (bytes: Buffer) => ({
      kind: 'frames',
      bytes: new Uint8Array(bytes),
      ends: [bytes.length],
      connections: [7],
    });
    station.open(0);
    lane.take({ kind: 'connected', connection: 7, remote: { host: '192.0.2.9', port: 6_000 }, local });
    arrives(checkOf('viewer', 1));
    expect(told()).toEqual([{ kind: 'claim', connection: 7 }]);
    station.receive(cameraAt, checkOf('camera', 2));
    station.takeSent();
    expect(told()).toEqual([leaves(checkOf('camera', 2))]);
    station.receive(cameraAt, rtp(1));
    expect(station.takeSent()).toEqual([]);
    station.control({ kind: 'end', wire: 0 });
    expect(told()).toEqual([leaves(rtp(1)), { kind: 'release', connection: 7 }]);
    port1.close();
  });
});

/** A station whose time, messages and datagrams come from a test. Its own port is 4000. */
class StationByHand {
  readonly ledger: Ledger;
  readonly reports: Report[] = [];
  readonly station: Station;
  nowMs = 1_000_000;
  readonly #cells = newEngineCells();
  #sent: { to: Path; bytes: Buffer }[] = [];
  #requests = 0;

  constructor() {
    const ledger = new ArrayBuffer(Ledger.memoryBytes(16));
    this.ledger = new Ledger(ledger);
    const settings = {
      rates: boundless,
      hashSeed: 1,
      own: [
        { host: '192.0.2.200', port: 0 },
        { host: '192.0.2.201', port: 4_444 },
        { host: 'no address', port: 0 },
      ],
      ledger,
      engineCells: this.#cells,
      portCells: new Float64Array(portCellCount),
    };
    const udp = {
      send: (to: Uint32Array, toAt: number, bytes: Buffer, start: number, end: number) =>
        void this.#sent.push({ to: copyOfPath(to, toAt), bytes: Buffer.from(bytes.subarray(start, end)) }),
    };
    this.station = new Station(settings, 4_000, udp, (report) => this.reports.push(report));
    this.station.advance(this.nowMs);
  }

  get counters() {
    return countersOf(this.#cells);
  }

  get sizes() {
    return sizesOf(this.#cells);
  }

  /** From now. */
  get nextDeadlineMs(): number {
    return this.station.nextDeadline() - this.nowMs;
  }

  control(message: Parameters<Station['control']>[0]): void {
    this.station.control(message);
  }

  /** Opens the wire of that number with the credentials of the session `n`, as the door would. */
  open(wire: number, n = 1, forMs = hourMs): void {
    const [viewer, camera] = iceOf(n);
    this.ledger.enliven(wire);
    this.control({ kind: 'open', request: this.#requests++, wire, expiresAtMs: this.nowMs + forMs, viewer, camera });
  }

  latch(wire: number, viewer: Path, camera: Path): void {
    const n = wire + 1;
    this.receive(viewer, checkOf('viewer', 201, n));
    this.receive(camera, checkOf('camera', 202, n));
    this.#sent = [];
  }

  receive(from: Path, bytes: Buffer): void {
    this.station.receive({ path: from, pathAt: 0, bytes, start: 0, end: bytes.length });
  }

  wait(ms: number): void {
    this.nowMs += ms;
    this.station.advance(this.nowMs);
  }

  takeSent(): { to: Path; bytes: Buffer }[] {
    const sent = this.#sent;
    this.#sent = [];
    return sent;
  }
}
