import { Counter, Gauge, Histogram, type MetricValue, Registry } from 'prom-client';
import {
  type CounterLabels,
  type CounterName,
  combinationsOf,
  counters,
  type Given,
  type HistogramLabels,
  type HistogramName,
  histograms,
} from './catalogue.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { type Line, type Moment, readingLines } from './reading-lines.ts';
import type { Readings } from './readings.ts';

type Side = 'viewer' | 'camera';
type LabelValues = Readonly<Record<string, string>>;

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

/**
 * Latchkey's metrics, as the catalogue and the lines of readings declare them. Labels come from closed sets; no device, subject or
 * address is ever a label. Every series of a closed set is there from the start, so that the first event is seen as a rise.
 */
export class Metrics {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #histograms = new Map<string, Histogram>();
  readonly #lookAtProcess: () => Promise<void>;
  readonly #version: string;
  readonly #elapsedMs: () => number;
  #readings: Readings | undefined;
  #moment: Moment | undefined;

  readonly #heard: CountHeard;

  /** `elapsedMs` counts milliseconds from any time on, with their fractions. `heard` is told of each count as well, for whoever shows it. */
  constructor(version: string, heard: CountHeard = () => {}, elapsedMs: () => number = () => performance.now()) {
    this.#version = version;
    this.#heard = heard;
    this.#elapsedMs = elapsedMs;
    this.#lookAtProcess = addProcessMetrics(this.#registry);
    for (const [name, line] of Object.entries(counters)) {
      const about = { name, help: line.help, labelNames: Object.keys(line.labels), registers: [this.#registry] };
      const counter = new Counter(about);
      for (const labels of combinationsOf(line)) counter.inc(labels, 0);
      this.#counters.set(name, counter);
    }
    for (const [name, line] of Object.entries(histograms)) {
      const about = { name, help: line.help, labelNames: Object.keys(line.labels), registers: [this.#registry] };
      const histogram = new Histogram({ ...about, buckets: [...line.buckets] });
      for (const labels of combinationsOf(line)) histogram.zero(labels);
      this.#histograms.set(name, histogram);
    }
    for (const [name, line] of Object.entries(readingLines)) this.#register(name, line);
  }

  count<Name extends CounterName>(name: Name, ...given: Given<CounterLabels<Name>>): void {
    const labels = labelsIn(given);
    this.#counters.get(name)?.inc(labels);
    this.#heard(name, labels);
  }

  /** The same for several at once. */
  countMany<Name extends CounterName>(name: Name, many: number, ...given: Given<CounterLabels<Name>>): void {
    this.#counters.get(name)?.inc(labelsIn(given), many);
  }

  /** Takes a duration in milliseconds; it is kept in seconds. */
  took<Name extends HistogramName>(name: Name, ms: number, ...given: Given<HistogramLabels<Name>>): void {
    this.#observe(name, labelsIn(given), ms / 1000);
  }

  /** Reads the rest from whoever knows it, at each scrape. Before, there is nothing of it. */
  readFrom(readings: Readings): void {
    this.#readings = readings;
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

  /** The whole of it in the text exposition format. */
  async text(): Promise<string> {
    await this.#lookAtProcess();
    const fromMs = this.#elapsedMs();
    this.#moment = this.#readings && momentOf(this.#version, this.#readings);
    const text = await this.#registry.metrics();
    // Nothing waited in between, so that this is what the event loop was kept.
    this.took('latchkey_scrape_seconds', this.#elapsedMs() - fromMs);
    return text;
  }

  #observe(name: HistogramName, labels: LabelValues, value: number): void {
    this.#histograms.get(name)?.observe(labels, value);
  }

  #register(name: string, line: Line): void {
    const read = () => (this.#moment === undefined ? [] : valuesOf(line, this.#moment));
    this.#registry.registerMetric(readMetric(name, line, read));
  }
}

/** The compiler does not follow which labels a name that it does not know yet has. */
function labelsIn([labels = {}]: readonly unknown[]): LabelValues {
  return labels as LabelValues;
}

type Values = MetricValue<string>[];

export type CountHeard = (name: CounterName, labels: Readonly<Record<string, string>>) => void;

/** The library’s own metric, but for what it gives: it keeps nothing itself. */
function readMetric(name: string, { type, help, labels }: Line, read: () => Values): Counter | Gauge {
  const about = { name, help, labelNames: [...labels], registers: [] };
  const metric = type === 'counter' ? new Counter(about) : new Gauge(about);
  const described = metric.get.bind(metric);
  metric.get = async () => ({ ...(await described()), values: read() });
  return metric;
}

function momentOf(version: string, readings: Readings): Moment {
  const read = Object.entries(readings).map(([name, ask]) => [name, ask()]);
  const now = Object.fromEntries(read) as Omit<Moment, 'build'> & { build: ReturnType<Readings['build']> };
  return { ...now, build: { version, node: process.version, ...now.build } };
}

function valuesOf({ labels: names, read }: Line, moment: Moment): Values {
  return read(moment).map(([value, ...labels]) => ({
    value,
    labels: Object.fromEntries(names.map((name, index) => [name, labels[index] ?? ''])),
  }));
}
