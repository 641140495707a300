import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import { asLatchkeyError, limits, systemClock } from '../../base/index.ts';
import { tcpCellsFrom } from '../tcp/counters.ts';
import { openTcpListener, type TcpListener } from '../tcp/tcp-listener.ts';
import { loadLibc } from '../udp/libc.ts';
import { boundUnsent } from '../udp/udp-socket.ts';
import { FrameBatch, OnTheWay } from './frame-batch.ts';
import { Mailbox } from './mailbox.ts';
import type {
  Frames,
  StationRoad,
  TcpArrival,
  TcpControl,
  TcpDeparture,
  TcpReport,
  TcpThreadSettings,
} from './tcp-messages.ts';
import { Waker } from './waker.ts';

/** One station, as this thread reaches it. */
class Road {
  readonly #road: StationRoad;
  readonly #arriving: OnTheWay;
  readonly #mailbox: Mailbox;
  readonly #waker: Waker;
  readonly #batch = new FrameBatch();
  /** Connections that the station knows of. */
  readonly #known = new Set<number>();

  constructor(road: StationRoad, waker: Waker) {
    this.#road = road;
    this.#arriving = new OnTheWay(road.onTheWay, 0);
    this.#mailbox = new Mailbox(road.mailbox);
    this.#waker = waker;
  }

  add(connection: number, origin: Origin, bytes: Buffer, start: number, end: number): void {
    if (!this.#arriving.takes(bytes, start, end)) return;
    if (!this.#known.has(connection)) {
      this.#known.add(connection);
      this.#post({ kind: 'connected', connection, ...origin });
    }
    this.#batch.add(connection, bytes, start, end);
    if (this.#batch.isFull) this.flush();
  }

  flush(): void {
    if (!this.#batch.isEmpty) this.#post(this.#batch.take());
  }

  /** Another station has it, or it is no more. */
  forget(connection: number): void {
    this.flush();
    if (this.#known.delete(connection)) this.#post({ kind: 'closed', connection });
  }

  close(): void {
    this.#road.port.close();
  }

  #post(arrival: TcpArrival): void {
    this.#road.port.postMessage(arrival);
    if (this.#mailbox.announce() && this.#road.wakeAt !== undefined) this.#waker.wake(this.#road.wakeAt);
  }
}

type Origin = Pick<Extract<TcpArrival, { kind: 'connected' }>, 'remote' | 'local'>;

/**
 * The file that the TCP thread runs: it has the connections, and no session. A connection that no station has claimed yet shows its
 * checks to all of them; whoever finds one valid has it from then on.
 */
assert(parentPort !== null, 'this file runs in a thread of its own');
const door = parentPort;
const settings = workerData as TcpThreadSettings;
const loaded = await loadLibc();
const libc = typeof loaded === 'string' ? undefined : loaded;
const waker = await Waker.open();
const roads = new Map<number, Road>();
const owners = new Map<number, number>();
let flushing = false;
let listener: TcpListener | undefined;

const report = (message: TcpReport) => door.postMessage(message);

try {
  listener = await openTcpListener(
    settings,
    { clock: systemClock, prepare },
    {
      datagram(connection, remote, local, bytes, start, end) {
        const owner = owners.get(connection);
        for (const [station, road] of roads) {
          if (owner === undefined || owner === station) road.add(connection, { remote, local }, bytes, start, end);
        }
        flushSoon();
      },
      closed: (connection) => forget(connection),
    },
  );
  // What is counted is copied for others to read, once a second.
  setInterval(keepCells, limits.tcpCountedMs).unref();
  report({ kind: 'ready', port: listener.address.port, wakerPorts: waker.ports });
} catch (error) {
  report({ kind: 'refused', detail: asLatchkeyError(error).detail });
  waker.close();
  door.close();
}

door.on('message', (control: TcpControl) => {
  if (control.kind === 'station') addStation(control);
  else listener?.close().then(end);
});

function prepare(descriptor: number): void {
  if (libc !== undefined) boundUnsent(libc, descriptor, limits.tcpUnsentBytesMax);
}

function addStation(road: StationRoad): void {
  roads.get(road.station)?.close();
  for (const [connection, station] of owners) {
    if (station !== road.station) continue;
    listener?.release(connection);
    forget(connection);
  }
  roads.set(road.station, new Road(road, waker));
  const leaving = new OnTheWay(road.onTheWay, 1);
  road.port.on('message', (departure: TcpDeparture) => depart(road.station, departure, leaving));
}

function depart(station: number, departure: TcpDeparture, leaving: OnTheWay): void {
  switch (departure.kind) {
    case 'frames':
      leaving.arrived(departure);
      send(station, departure);
      return;
    case 'claim':
      claim(station, departure.connection);
      return;
    case 'release':
      if (owners.get(departure.connection) !== station) return;
      listener?.release(departure.connection);
      forget(departure.connection);
  }
}

function send(station: number, { bytes, ends, connections }: Frames): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let start = 0;
  for (const [index, end] of ends.entries()) {
    const connection = connections[index] ?? 0;
    if (owners.get(connection) === station) listener?.send(connection, buffer, start, end);
    start = end;
  }
}

/** The first valid check decides whose a connection is; in that station it may go from one session to another. */
function claim(station: number, connection: number): void {
  const owner = owners.get(connection);
  if (owner === station) return;
  if (owner !== undefined) {
    roads.get(station)?.forget(connection);
    return;
  }
  owners.set(connection, station);
  listener?.claim(connection);
  for (const [other, road] of roads) if (other !== station) road.forget(connection);
}

function forget(connection: number): void {
  owners.delete(connection);
  for (const road of roads.values()) road.forget(connection);
}

/** Once for all that one turn of the event loop has read. */
function flushSoon(): void {
  if (flushing) return;
  flushing = true;
  setImmediate(() => {
    flushing = false;
    for (const road of roads.values()) road.flush();
  });
}

function keepCells(): void {
  if (listener !== undefined) tcpCellsFrom(listener, settings.cells);
}

function end(): void {
  keepCells();
  waker.close();
  for (const road of roads.values()) road.close();
  door.close();
}
