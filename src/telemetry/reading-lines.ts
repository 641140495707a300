import type { AdmissionReadings, Readings, RelayReadings, SwitchReading, WorkerReadings } from './readings.ts';

/** All readings, as they are at one moment. */
export type Moment = { readonly [Name in keyof Readings]: ReturnType<Readings[Name]> } & {
  readonly build: { readonly version: string; readonly node: string };
};

/** A metric whose truth lies elsewhere. `read` gives every series that it has, at each scrape the same ones. */
export interface Line {
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
  read(from: Moment): readonly Series[];
}

/** A value and, in the order of the labels, their values. */
export type Series = readonly [value: number, ...labels: string[]];

const switchPositions: readonly SwitchReading[] = ['on', 'off', 'off-for'];
const perSide = ['side', 'worker'] as const;

/** One line for each metric that is read at a scrape. */
export const readingLines: Readonly<Record<string, Line>> = {
  latchkey_build_info: {
    type: 'gauge',
    help: 'Always 1; the labels say what runs: versions, the server of HTTP, what moves datagrams.',
    labels: ['version', 'node', 'transport', 'udp'],
    read: ({ build: { version, node, transport, udp } }) => [[1, version, node, transport, udp]],
  },
  latchkey_ready: gauge(
    '1 while this relay takes new work, as /readyz says; 0 while it starts or stops.',
    ({ ready }) => (ready ? 1 : 0),
  ),
  latchkey_draining: gauge('1 from when the relay begins to move everybody elsewhere.', ({ draining }) =>
    draining ? 1 : 0,
  ),
  latchkey_sessions: gauge('Live views that are open.', ({ sessions }) => sessions),
  latchkey_cameras: gauge('Cameras that are registered.', ({ devices }) => devices),
  latchkey_connections: gauge('TCP connections of HTTP and WebSocket.', ({ connections }) => connections),
  latchkey_connections_held: gauge(
    'Connections that are not served yet: cameras with a reconnect ticket wait so while others are.',
    ({ connectionsHeld }) => connectionsHeld,
  ),
  latchkey_capacity: {
    type: 'gauge',
    help: 'For how many there is room: connections of HTTP and WebSocket, live views, requests that wait in one lane of admission.',
    labels: ['of'],
    read: ({ capacity }) => seriesOf({ ...capacity }),
  },
  latchkey_shared_cache_in_use: gauge(
    '1 while questions go to the shared cache; 0 where there is none, it cannot be reached, or it was left out after alarms.',
    ({ sharedCache }) => (sharedCache === true ? 1 : 0),
  ),
  latchkey_shared_cache_configured: gauge('1 where the settings have a shared cache.', ({ sharedCache }) =>
    sharedCache === undefined ? 0 : 1,
  ),
  latchkey_certificate_end_timestamp_seconds: {
    type: 'gauge',
    help: 'When the certificate of the public port ends, as Unix time; absent where a proxy ends TLS. Renew it before.',
    labels: [],
    read: ({ certificateEndsAtMs }) => (certificateEndsAtMs === undefined ? [] : [[certificateEndsAtMs / 1000]]),
  },
  latchkey_audit_pending: gauge('Records of the audit that are not written yet.', ({ audit }) => audit?.pending ?? 0),
  latchkey_audit_writable: {
    type: 'gauge',
    help: '1 while the audit can be written, 0 while it cannot; there is none where it is off.',
    labels: [],
    read: ({ audit }) => (audit === undefined ? [] : [[audit.writable ? 1 : 0]]),
  },
  latchkey_quarantined_devices: gauge(
    'Cameras that an operator has taken out of service.',
    ({ levers }) => levers.quarantined,
  ),
  latchkey_switch_position: {
    type: 'gauge',
    help: '1 at the position where the switch of a feature stands, else 0.',
    labels: ['feature', 'position'],
    read: ({ levers }) =>
      Object.entries(levers.switches).flatMap(([feature, stands]) =>
        switchPositions.map((position): Series => [position === stands ? 1 : 0, feature, position]),
      ),
  },
  latchkey_admission_in_flight: gauge('Verifications under way.', ({ admission }) => admission.inFlight),
  latchkey_admission_waiting: lanes('Requests that wait for their verification.', ({ waiting }) => waiting),
  latchkey_admission_served_per_second: lanes(
    'Verifications per second, as measured while some waited.',
    ({ servedPerSecond }) => servedPerSecond,
  ),
  latchkey_admission_ramp_seconds: lanes(
    'How far ahead those who were sent away have been told to come back.',
    ({ rampSeconds }) => rampSeconds,
  ),
  latchkey_relay_wires: workers('gauge', 'Wires that are open.', [], ({ wires }) => [[wires]]),
  latchkey_relay_packets_total: workers(
    'counter',
    'Datagrams from an address that its side has latched, by the side that sent them.',
    perSide,
    ({ received }) => seriesOf({ viewer: received.viewer.packets, camera: received.camera.packets }),
  ),
  latchkey_relay_bytes_total: workers('counter', 'Payload of the same, in bytes.', perSide, ({ received }) =>
    seriesOf({ viewer: received.viewer.bytes, camera: received.camera.bytes }),
  ),
  latchkey_relay_forwarded_total: workers(
    'counter',
    'Datagrams that were passed on, by the side that sent them.',
    perSide,
    ({ forwarded }) => seriesOf({ viewer: forwarded.viewer.packets, camera: forwarded.camera.packets }),
  ),
  latchkey_relay_forwarded_bytes_total: workers('counter', 'Payload of the same, in bytes.', perSide, ({ forwarded }) =>
    seriesOf({ viewer: forwarded.viewer.bytes, camera: forwarded.camera.bytes }),
  ),
  latchkey_relay_latches_total: workers('counter', 'Addresses that proved themselves.', perSide, ({ latches }) =>
    seriesOf(latches),
  ),
  latchkey_relay_moves_total: workers(
    'counter',
    'Addresses that a valid check took from another side or view.',
    [],
    ({ moves }) => [[moves]],
  ),
  latchkey_relay_dropped_total: workers(
    'counter',
    'Datagrams that went nowhere, and none of which was answered.',
    ['reason', 'worker'],
    ({ drops }) => seriesOf(drops),
  ),
  latchkey_relay_send_errors_total: workers(
    'counter',
    'Datagrams that did not leave.',
    ['reason', 'worker'],
    ({ sendErrors }) => seriesOf(sendErrors),
  ),
  latchkey_relay_receive_errors_total: workers('counter', 'Errors of a media port itself.', [], (from) => [
    [from.receiveErrors],
  ]),
  latchkey_relay_kernel_drops_total: workers(
    'counter',
    'Datagrams that the kernel had no room for: the worker was too slow, or net.core.rmem_max too small.',
    [],
    ({ kernelDrops }) => [[kernelDrops]],
  ),
  latchkey_relay_calls_total: workers(
    'counter',
    'System calls that moved datagrams, many at a time.',
    ['direction', 'worker'],
    ({ receiveCalls, sendCalls }) => seriesOf({ receive: receiveCalls, send: sendCalls }),
  ),
  latchkey_relay_busy_seconds_total: workers(
    'counter',
    'CPU time of the worker’s thread; near 1 a second it is full: set relay.workers higher, or add a relay.',
    [],
    ({ busySeconds }) => [[busySeconds]],
  ),
  latchkey_relay_workers_failed_total: {
    type: 'counter',
    help: 'Threads for media that died and began again, which ends their live views; `tcp` is the one for viewers without UDP.',
    labels: ['worker'],
    read: ({ relay }) => {
      const media = relay.workers.reduce((sum, { failed }) => sum + failed, 0);
      const each = relay.workers.map(({ failed }, worker): Series => [failed, String(worker)]);
      return [...each, [relay.workersFailed - media, 'tcp']];
    },
  },
  latchkey_relay_tcp_connections: gauge(
    'Connections of viewers without UDP, and of strangers.',
    ({ relay }) => relay.tcp.open,
  ),
  latchkey_relay_tcp_accepted_total: tcp('TCP connections that were taken.', [], ({ accepted }) => [[accepted]]),
  latchkey_relay_tcp_refused_total: tcp('TCP connections for which there was no place.', [], ({ refused }) => [
    [refused],
  ]),
  latchkey_relay_tcp_closed_total: tcp('TCP connections that ended.', ['reason'], ({ closed }) => seriesOf(closed)),
  latchkey_relay_tcp_frames_total: tcp('Datagrams over TCP.', ['direction'], ({ framesIn, framesOut }) =>
    seriesOf({ receive: framesIn, send: framesOut }),
  ),
  latchkey_relay_tcp_bytes_total: tcp('Payload of the same, in bytes.', ['direction'], ({ bytesIn, bytesOut }) =>
    seriesOf({ receive: bytesIn, send: bytesOut }),
  ),
  latchkey_relay_tcp_dropped_total: tcp(
    'Datagrams that did not leave by TCP.',
    ['reason'],
    ({ mediaDropped, unsent }) => seriesOf({ 'slow-reader': mediaDropped, 'no-connection': unsent }),
  ),
};

function gauge(help: string, read: (from: Moment) => number): Line {
  return { type: 'gauge', help, labels: [], read: (from) => [[read(from)]] };
}

function lanes(help: string, read: (from: AdmissionReadings) => Readonly<Record<string, number>>): Line {
  return { type: 'gauge', help, labels: ['lane'], read: ({ admission }) => seriesOf(read(admission)) };
}

/** A line of each media worker; `read` gives its series without the worker, whose number comes last. */
function workers(
  type: Line['type'],
  help: string,
  labels: readonly string[],
  read: (from: WorkerReadings) => readonly Series[],
): Line {
  return {
    type,
    help,
    labels: labels.length === 0 ? ['worker'] : labels,
    read: ({ relay }) =>
      relay.workers.flatMap((from, worker) => read(from).map((series): Series => [...series, String(worker)])),
  };
}

function tcp(help: string, labels: readonly string[], read: (from: RelayReadings['tcp']) => readonly Series[]): Line {
  return { type: 'counter', help, labels, read: ({ relay }) => read(relay.tcp) };
}

function seriesOf(numbers: Readonly<Record<string, number>>): Series[] {
  return Object.entries(numbers).map(([label, value]) => [value, label]);
}
