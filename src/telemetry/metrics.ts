import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

type Side = 'viewer' | 'camera';

interface Traffic {
  readonly packets: number;
  readonly bytes: number;
}

/** What the relay counts by itself, read at each scrape. */
export interface RelayReadings {
  readonly received: Readonly<Record<Side, Traffic>>;
  readonly forwarded: Readonly<Record<Side, Traffic>>;
  readonly latches: Readonly<Record<Side, number>>;
  readonly moves: number;
  readonly drops: Readonly<Record<string, number>>;
  readonly sendErrors: Readonly<Record<string, number>>;
  readonly receiveErrors: number;
  readonly kernelDrops: number;
  readonly receiveCalls: number;
  readonly sendCalls: number;
  readonly workersFailed: number;
  readonly tcp: {
    readonly open: number;
    readonly accepted: number;
    readonly refused: number;
    readonly closed: Readonly<Record<string, number>>;
    readonly framesIn: number;
    readonly framesOut: number;
    readonly mediaDropped: number;
    readonly unsent: number;
  };
}

/** What is known of one side of a live view when it is over. Times are in milliseconds. */
interface SideQuality {
  readonly rtpPackets: number;
  readonly lost: number;
  readonly jitterMs: number;
  readonly longestSilenceMs: number;
}

/** What is known of a live view’s media when it is over. */
export interface Quality extends Readonly<Record<Side, SideQuality>> {
  readonly firstMediaMs: number | undefined;
}

/** Who waits to be let in. */
export interface AdmissionReadings {
  readonly inFlight: number;
  readonly waiting: Tally;
  readonly servedPerSecond: Tally;
  readonly rampSeconds: Tally;
}

/** Gauges that somebody else knows the value of. */
export interface Readings {
  sessions(): number;
  devices(): number;
  connections(): number;
  /** 1 while everybody is moved elsewhere, else 0. */
  draining(): number;
  /** 1 while questions go to the shared cache, else 0. */
  sharedCache(): number;
  wires(): number;
  admission(): AdmissionReadings;
  relay(): RelayReadings;
}

/**
 * Latchkey's metrics. Labels come from closed sets; no device, subject or address is ever a label.
 * Names follow Prometheus' conventions: base units, `_total` for counters.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #histograms = new Map<string, Histogram>();

  constructor(version: string) {
    collectDefaultMetrics({ register: this.#registry });
    const build = new Gauge({
      name: 'latchkey_build_info',
      help: 'Always 1; the labels say what runs.',
      labelNames: ['version', 'node'],
      registers: [this.#registry],
    });
    build.set({ version, node: process.version }, 1);
    for (const [name, { help, labels }] of Object.entries(counters)) {
      const counter = new Counter({ name, help, labelNames: [...labels], registers: [this.#registry] });
      this.#counters.set(name, counter);
    }
    for (const [name, { help, buckets, labels }] of Object.entries(histograms)) {
      const about = { name, help, buckets: [...buckets], labelNames: [...labels], registers: [this.#registry] };
      this.#histograms.set(name, new Histogram(about));
    }
  }

  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;

  count(name: CounterName, labels: Readonly<Record<string, string>> = {}): void {
    this.#counters.get(name)?.inc(labels);
  }

  /** Takes a duration in milliseconds; it is kept in seconds. */
  took(name: HistogramName, ms: number, labels: Readonly<Record<string, string>> = {}): void {
    this.#observe(name, labels, ms / 1000);
  }

  /** Reads the rest from whoever knows it, at each scrape. */
  readFrom(readings: Readings): void {
    this.#gauge('latchkey_sessions', 'Live views that are open.', () => readings.sessions());
    this.#gauge('latchkey_cameras', 'Cameras that are registered.', () => readings.devices());
    this.#gauge('latchkey_connections', 'TCP connections of HTTP and WebSocket.', () => readings.connections());
    this.#gauge('latchkey_draining', '1 from when the relay begins to move everybody elsewhere.', () =>
      readings.draining(),
    );
    this.#gauge(
      'latchkey_shared_cache_in_use',
      '1 while questions go to the shared cache; 0 where there is none, it cannot be reached, or it was left out after alarms.',
      () => readings.sharedCache(),
    );
    this.#gauge('latchkey_relay_wires', 'Wires that are open.', () => readings.wires());
    this.#readAdmission(() => readings.admission());
    const relay = (name: string, help: string, label: string | undefined, read: (from: RelayReadings) => Tally) =>
      this.#tallied(name, help, label, () => read(readings.relay()));
    const packets = 'Datagrams from an address that its side has latched, by the side that sent them.';
    relay('latchkey_relay_packets_total', packets, 'side', ({ received }) => perSide(received, 'packets'));
    relay('latchkey_relay_bytes_total', 'Payload of the same, in bytes.', 'side', ({ received }) =>
      perSide(received, 'bytes'),
    );
    const forwarded = 'Datagrams that were passed on, by the side that sent them.';
    relay('latchkey_relay_forwarded_total', forwarded, 'side', (from) => perSide(from.forwarded, 'packets'));
    relay('latchkey_relay_forwarded_bytes_total', 'Payload of the same.', 'side', (from) =>
      perSide(from.forwarded, 'bytes'),
    );
    relay('latchkey_relay_latches_total', 'Addresses that proved themselves.', 'side', ({ latches }) => latches);
    relay(
      'latchkey_relay_moves_total',
      'Addresses that a valid check took from another side or view.',
      undefined,
      (from) => ({
        '': from.moves,
      }),
    );
    relay('latchkey_relay_dropped_total', 'Datagrams that went nowhere.', 'reason', ({ drops }) => drops);
    relay('latchkey_relay_send_errors_total', 'Datagrams that did not leave.', 'reason', (from) => from.sendErrors);
    const only = (name: string, help: string, read: (from: RelayReadings) => number) =>
      relay(name, help, undefined, (from) => ({ '': read(from) }));
    only('latchkey_relay_receive_errors_total', 'Errors of a media port itself.', (from) => from.receiveErrors);
    only(
      'latchkey_relay_kernel_drops_total',
      'Datagrams that the kernel had no room for: the relay was too slow, or its buffers too small.',
      (from) => from.kernelDrops,
    );
    relay(
      'latchkey_relay_calls_total',
      'System calls that moved datagrams, many at a time.',
      'direction',
      ({ receiveCalls, sendCalls }) => ({ receive: receiveCalls, send: sendCalls }),
    );
    this.#gauge(
      'latchkey_relay_tcp_connections',
      'Connections of viewers without UDP, and of strangers.',
      () => readings.relay().tcp.open,
    );
    only('latchkey_relay_tcp_accepted_total', 'TCP connections that were taken.', ({ tcp }) => tcp.accepted);
    only('latchkey_relay_tcp_refused_total', 'TCP connections for which there was no place.', ({ tcp }) => tcp.refused);
    relay('latchkey_relay_tcp_closed_total', 'TCP connections that ended.', 'reason', ({ tcp }) => tcp.closed);
    relay('latchkey_relay_tcp_frames_total', 'Datagrams over TCP.', 'direction', ({ tcp }) => ({
      receive: tcp.framesIn,
      send: tcp.framesOut,
    }));
    relay('latchkey_relay_tcp_dropped_total', 'Datagrams that did not leave by TCP.', 'reason', ({ tcp }) => ({
      'slow-reader': tcp.mediaDropped,
      'no-connection': tcp.unsent,
    }));
    only(
      'latchkey_relay_workers_failed_total',
      'Threads for media that died and began again.',
      (from) => from.workersFailed,
    );
  }

  #readAdmission(read: () => AdmissionReadings): void {
    this.#gauge('latchkey_admission_in_flight', 'Verifications under way.', () => read().inFlight);
    const each = (name: string, help: string, of: (readings: AdmissionReadings) => Tally) =>
      this.#gauges(name, help, 'lane', () => of(read()));
    each('latchkey_admission_waiting', 'Requests that wait for their verification.', ({ waiting }) => waiting);
    each(
      'latchkey_admission_served_per_second',
      'Verifications per second, as measured while some waited.',
      ({ servedPerSecond }) => servedPerSecond,
    );
    each(
      'latchkey_admission_ramp_seconds',
      'How far ahead those who were sent away have been told to come back.',
      ({ rampSeconds }) => rampSeconds,
    );
  }

  /** Takes what was seen of a live view’s media, once it is over. A side that sent no media has nothing to tell, and jitter of 0 is not known. */
  finished(quality: Quality): void {
    if (quality.firstMediaMs !== undefined) this.took('latchkey_relay_latch_to_media_seconds', quality.firstMediaMs);
    for (const side of ['viewer', 'camera'] as const) {
      const { rtpPackets, lost, jitterMs, longestSilenceMs } = quality[side];
      if (rtpPackets === 0) continue;
      this.#observe('latchkey_relay_loss_ratio', { side }, lost / (rtpPackets + lost));
      if (jitterMs > 0) this.#observe('latchkey_relay_jitter_seconds', { side }, jitterMs / 1000);
      this.#observe('latchkey_relay_longest_silence_seconds', { side }, longestSilenceMs / 1000);
    }
  }

  /** Every metric of Latchkey's own, for its documentation. Complete once `readFrom` was called. */
  catalogue(): { name: string; type: string; labels: readonly string[]; help: string }[] {
    return this.#registry
      .getMetricsAsArray()
      .map((metric) => metric as unknown as Described)
      .filter(({ name }) => name.startsWith('latchkey_'))
      .map((metric) => ({ name: metric.name, type: typeOf(metric), labels: metric.labelNames, help: metric.help }));
  }

  /** The whole of it in the text exposition format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #observe(name: HistogramName, labels: Readonly<Record<string, string>>, value: number): void {
    this.#histograms.get(name)?.observe(labels, value);
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  #gauges(name: string, help: string, label: string, read: () => Tally): void {
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [this.#registry],
      collect() {
        for (const [value, now] of Object.entries(read())) this.set({ [label]: value }, now);
      },
    });
  }

  /** A counter whose truth lies elsewhere: set to it at each scrape. */
  #tallied(name: string, help: string, label: string | undefined, read: () => Tally): void {
    new Counter({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [value, total] of Object.entries(read()))
          this.inc(label === undefined ? {} : { [label]: value }, total);
      },
    });
  }
}

type Tally = Readonly<Record<string, number>>;

interface Described {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

function typeOf(metric: object): string {
  if (metric instanceof Histogram) return 'histogram';
  return metric instanceof Gauge ? 'gauge' : 'counter';
}

function perSide(traffic: Readonly<Record<Side, Traffic>>, unit: keyof Traffic): Tally {
  return { viewer: traffic.viewer[unit], camera: traffic.camera[unit] };
}

const counters = {
  latchkey_refusals_total: { help: 'Requests that were refused, by code and place.', labels: ['code', 'where'] },
  latchkey_registrations_total: { help: 'Cameras that registered.', labels: [] },
  latchkey_registrations_ended_total: { help: 'Registrations that ended.', labels: ['reason'] },
  latchkey_sessions_opened_total: { help: 'Live views that were opened, by flow.', labels: ['flow'] },
  latchkey_sessions_ended_total: { help: 'Live views that ended.', labels: ['reason'] },
  latchkey_sessions_moved_total: {
    help: 'Live views that went on with a newer connection of their camera.',
    labels: [],
  },
  latchkey_ownership_answers_total: { help: 'Answers about ownership.', labels: ['outcome', 'from'] },
  latchkey_ownership_source_faults_total: {
    help: 'Questions that the source of ownership left open, and times when it was not heard.',
    labels: ['reason'],
  },
  latchkey_reproofs_total: {
    help: 'Live views that were proven again, because their grant may have changed.',
    labels: ['outcome'],
  },
  latchkey_alarms_total: {
    help: 'Answers and messages that did not belong to their question. Each is worth a look.',
    labels: ['kind'],
  },
  latchkey_shared_cache_questions_total: {
    help: 'Questions for which there was no answer in this process, by what the shared cache made of them.',
    labels: ['outcome'],
  },
  latchkey_shared_cache_changes_total: {
    help: 'Connections to the shared cache that were made or lost, and trust in it that was lost or given back.',
    labels: ['state'],
  },
  latchkey_key_sets_total: { help: 'Key sets of issuers that were taken, or could not be.', labels: ['outcome'] },
  latchkey_keys_ignored_total: { help: 'Keys in a set that are of no use here.', labels: ['reason'] },
  latchkey_tickets_made_total: { help: 'Reconnect tickets that were given to cameras.', labels: [] },
  latchkey_tickets_accepted_total: { help: 'Cameras that came back by their ticket.', labels: [] },
  latchkey_tickets_refused_total: {
    help: 'Tickets that were not believed; the token beside them was verified instead.',
    labels: ['reason'],
  },
  latchkey_ticket_keys_total: {
    help: 'Keys of tickets that were changed, taken from their file, or could not be.',
    labels: ['outcome'],
  },
  latchkey_connections_refused_total: {
    help: 'Connections and requests that the server refused before reading them.',
    labels: ['reason'],
  },
  latchkey_connections_dropped_total: { help: 'WebSockets that broke a bound or a rule.', labels: ['reason'] },
  latchkey_messages_ignored_total: { help: 'Messages that were late, repeated or for nobody.', labels: ['what'] },
  latchkey_admission_refused_total: {
    help: 'Requests that were not let in, and told when to come back.',
    labels: ['lane', 'reason'],
  },
  latchkey_drain_moves_total: {
    help: 'Connections that were told to come back elsewhere, since the relay was about to end.',
    labels: ['kind'],
  },
  latchkey_reloads_total: {
    help: 'Settings that were read again, and taken, or refused and left as they were.',
    labels: ['outcome'],
  },
  latchkey_internal_errors_total: { help: 'Faults of the relay itself.', labels: [] },
} as const;

const fast = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
const histograms = {
  latchkey_event_loop_lag_seconds: {
    help: 'How late the event loop is, ten times a second.',
    buckets: fast,
    labels: [],
  },
  latchkey_admission_wait_seconds: {
    help: 'From a request to the beginning of its verification.',
    buckets: fast,
    labels: ['lane'],
  },
  latchkey_answer_seconds: { help: 'From a viewer’s connect to the camera’s answer.', buckets: fast, labels: [] },
  latchkey_first_media_seconds: {
    help: 'From a viewer’s connect to the first packet of media.',
    buckets: fast,
    labels: [],
  },
  latchkey_ownership_answer_seconds: { help: 'How long an answer about ownership took.', buckets: fast, labels: [] },
  latchkey_relay_latch_to_media_seconds: {
    help: 'From the latch of the second side to the first packet of media.',
    buckets: fast,
    labels: [],
  },
  latchkey_relay_loss_ratio: {
    help: 'Of each live view the share of a side’s RTP packets that never came, when it is over.',
    buckets: [0, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5],
    labels: ['side'],
  },
  latchkey_relay_jitter_seconds: {
    help: 'Of each live view the interarrival jitter of a side’s RTP packets (RFC 3550), when it is over.',
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5],
    labels: ['side'],
  },
  latchkey_relay_longest_silence_seconds: {
    help: 'Of each live view the longest time without RTP packets of a side that had sent some, when it is over.',
    buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60],
    labels: ['side'],
  },
} as const;

export type CounterName = keyof typeof counters;
export type HistogramName = keyof typeof histograms;
