import { networkInterfaces } from 'node:os';
import { type Clock, type EndReason, LatchkeyError, limits, type RandomSource, type SessionId } from '../base/index.ts';
import { announcedAddresses, ownPlaces, servedHosts, tcpAddresses } from './addresses.ts';
import { Door, type DoorParts, type Seat } from './door.ts';
import { engineCellCount } from './engine/counters.ts';
import { Ledger } from './engine/ledger.ts';
import type { WireRates } from './engine/leg.ts';
import type { Relay, WireStats } from './index.ts';
import { MediaWorker } from './media/media-worker.ts';
import type { StationSettings } from './media/messages.ts';
import { besideTheDoor, inThread, type StartStation } from './media/station-link.ts';
import { TcpGateway } from './media/tcp-gateway.ts';
import { tcpCellCount, tcpNumbersOf } from './tcp/counters.ts';
import { type Libc, loadLibc } from './udp/libc.ts';
import { type OpenUdpPort, portCellCount } from './udp/port.ts';
import { whyNoDualStack } from './udp/udp-socket.ts';
import type { Place } from './wire/path.ts';

export interface RelaySettings {
  /** The IP address to bind; `::` for all, IPv4 as well. */
  readonly host: string;
  /** The network interface to serve alone, such as `eth0`; null for all. */
  readonly device: string | null;
  /** The UDP port of the first media worker, the next ones’ follow it. 0 for any that are free. */
  readonly port: number;
  /** The TCP port for viewers whose network blocks UDP: `same` as the UDP port, none, or another. */
  readonly tcpPort: 'same' | 'off' | number;
  /** Threads that move media, each with a UDP port of its own: 1 to `limits.workersMax`. */
  readonly workers: number;
  /** What moves datagrams: `batched` or `dgram`, or the first of them that can be had here. */
  readonly udp: 'auto' | 'batched' | 'dgram';
  /** Where clients are told to go, as `address` or `address:port`, where that differs from this machine's own; else empty. */
  readonly announced: readonly string[];
  readonly rates: WireRates;
  /** A wire ends as `idle` whose camera has sent no media (RTP) for so long, in milliseconds; undefined: none does. */
  readonly idleMsMax?: number | undefined;
}

export interface RelayPowers {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Has the station run beside the door, on a port that this opens, instead of in threads. */
  readonly openPort?: OpenUdpPort;
  /** For how many wires a worker has room, where that is fewer than `limits.wiresPerWorkerMax`. */
  readonly wiresMax?: number;
  /** The IP addresses of this machine, of one interface where it is named; the operating system's answer unless told otherwise. */
  readonly machineAddresses?: (device: string | null) => readonly string[];
}

/** What the relay has to tell, for logs and histograms. Numbers are in `counters` and `gauges`. */
export interface RelayObserver {
  /** What moves datagrams, and why it is not the faster way. */
  serving?(udp: 'batched' | 'dgram', why: string | undefined): void;
  /** The kernel gives a port smaller buffers than were asked for, in bytes. */
  smallBuffer?(gotBytes: number): void;
  /** A wire ended by itself. */
  ended?(session: SessionId, reason: EndReason): void;
  /** A wire is over, however it ended. */
  finished?(stats: WireStats): void;
  /**
   * A valid check took an address from one session to another: a reused NAT port, or a spoofed source. Told once for each session
   * that one comes to; `counters.moves` has them all.
   */
  moved?(from: SessionId, to: SessionId): void;
  /** A media worker died and begins again. */
  workerDied?(error: Error): void;
}

/** Opens the relay's ports and starts its media workers. Throws `settings-invalid` when a port cannot be bound or announced. */
export async function createRelay(
  settings: RelaySettings,
  powers: RelayPowers,
  observer: RelayObserver = {},
): Promise<Relay> {
  demandPorts(settings);
  await using started = new AsyncDisposableStack();
  const machine = (powers.machineAddresses ?? machineAddresses)(settings.device);
  const libc = powers.openPort === undefined ? await batchedCalls(settings, observer) : undefined;
  let workersFailed = 0;
  const died = (error: Error) => {
    workersFailed++;
    observer.workerDied?.(error);
  };
  const tcpCells = sharedNumbers(tcpCellCount);
  const tcp = await openTcp(settings, machine, tcpCells, powers.clock, died);
  if (tcp !== undefined) started.defer(() => tcp.close());
  const seats: Seat[] = [];
  for (let index = 0; index < settings.workers; index++) {
    const at = { ...settings, port: settings.port === 0 ? 0 : settings.port + index };
    const worker = new MediaWorker(
      stationSettings(settings, powers, ownPlaces(settings.announced, at.host, machine, index)),
      stationAt(at, powers, libc),
      powers.clock,
      {
        started: (link) => tcp?.connect(index, link),
        moved: (from, to) => observer.moved?.(from, to),
        died,
      },
    );
    started.defer(() => worker.close());
    const { port, receiveBufferBytes } = await worker.ready;
    if (receiveBufferBytes < wholeBufferBytes) observer.smallBuffer?.(receiveBufferBytes);
    const addresses = announcedAddresses(settings.announced, { host: at.host, port }, machine, index);
    const overTcp = tcp === undefined ? [] : tcpAddresses(settings, machine, tcp.port);
    seats.push({ worker, addresses: [...addresses, ...overTcp] });
  }
  const running = started.move();
  const parts: DoorParts = {
    seats,
    workersFailed: () => workersFailed,
    tcp: () => tcpNumbersOf(tcpCells),
    closePorts: () => running.disposeAsync(),
    idleMsMax: settings.idleMsMax,
  };
  return new Door(parts, powers.clock, observer);
}

/** The system's calls for the batched port, where it is wanted and can be had; tells what serves instead. */
async function batchedCalls({ udp }: RelaySettings, observer: RelayObserver): Promise<Libc | undefined> {
  const libc = udp === 'dgram' ? 'the settings say so' : await loadLibc();
  const why = typeof libc === 'string' ? libc : whyNoDualStack(libc);
  if (why !== undefined && udp === 'batched') throw new LatchkeyError('settings-invalid', `relay.udp: ${why}`);
  observer.serving?.(why === undefined ? 'batched' : 'dgram', why);
  return typeof libc === 'string' || why !== undefined ? undefined : libc;
}

/** What the system says of a buffer that it gave whole: Linux counts its own bookkeeping in, and says twice as much (`socket(7)`). */
const wholeBufferBytes = (process.platform === 'linux' ? 2 : 1) * limits.udpBufferBytes;

function demandPorts({ port, workers }: RelaySettings): void {
  if (port + workers - 1 <= 65_535) return;
  throw new LatchkeyError('settings-invalid', `relay: there are no ${workers} UDP ports from ${port} on`);
}

/** How the station of one worker is started. */
function stationAt(at: RelaySettings, powers: RelayPowers, libc: Libc | undefined): StartStation {
  if (powers.openPort !== undefined) return besideTheDoor(powers.openPort, at, powers.clock);
  if (libc === undefined && at.device !== null) {
    throw new LatchkeyError('settings-invalid', 'relay.interface: needs the batched port, which cannot be had here');
  }
  return inThread(at, libc);
}

/** The TCP thread, where the settings want one. It listens where the UDP sockets do. */
async function openTcp(
  { host, device, port, tcpPort }: RelaySettings,
  machine: readonly string[],
  cells: Float64Array,
  clock: Clock,
  died: (error: Error) => void,
): Promise<TcpGateway | undefined> {
  if (tcpPort === 'off') return undefined;
  const hosts = device === null ? [host] : servedHosts(host, machine);
  return TcpGateway.open({ hosts, port: tcpPort === 'same' ? port : tcpPort, cells }, clock, died);
}

function stationSettings(
  { rates }: RelaySettings,
  { random, wiresMax = limits.wiresPerWorkerMax }: RelayPowers,
  own: readonly Place[],
): StationSettings {
  return {
    rates,
    hashSeed: random.bytes(4).readUInt32LE(),
    own,
    ledger: new SharedArrayBuffer(Ledger.memoryBytes(Math.min(wiresMax, limits.wiresPerWorkerMax))),
    engineCells: sharedNumbers(engineCellCount),
    portCells: sharedNumbers(portCellCount),
  };
}

function sharedNumbers(count: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(count * Float64Array.BYTES_PER_ELEMENT));
}

function machineAddresses(device: string | null): string[] {
  const interfaces = networkInterfaces();
  const served = device === null ? Object.values(interfaces) : [interfaces[device]];
  return served.flatMap((all) => (all ?? []).map(({ address }) => address));
}
