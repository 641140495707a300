import { type Clock, limits, type Timer } from '../base/index.ts';
import { type HistoryAnswer, type NodeStatus, type Sample, sampleColumns } from './status.ts';

/** The last minutes of a node: a bounded ring of samples, so that a page that is opened now shows what was before. */
export class History {
  readonly #clock: Clock;
  readonly #status: () => NodeStatus;
  readonly #rows: Sample[] = [];
  #before: NodeStatus;
  #timer: Timer | undefined;

  constructor(clock: Clock, status: () => NodeStatus) {
    this.#clock = clock;
    this.#status = status;
    this.#before = status();
    this.#await();
  }

  /** The samples that are kept, `limits.adminHistorySamplesMax` at most. */
  get answer(): HistoryAnswer {
    const rows = this.#rows.map((row) => sampleColumns.map((column) => row[column]));
    return { columns: [...sampleColumns], rows };
  }

  /** That status as a sample: its rates are since the last one that was kept, or the one before where that is only just. */
  now(status: NodeStatus): Sample {
    const last = this.#rows.at(-1);
    const isYoung = status.atMs - this.#before.atMs < limits.adminSampleMs / 4;
    return isYoung && last !== undefined ? { ...last, ...gauges(status) } : sampleOf(this.#before, status);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #await(): void {
    this.#timer = this.#clock.after(limits.adminSampleMs, () => {
      const status = this.#status();
      this.#rows.push(sampleOf(this.#before, status));
      if (this.#rows.length > limits.adminHistorySamplesMax) this.#rows.shift();
      this.#before = status;
      this.#await();
    });
  }
}

/** What lies between two looks at a node. A clock that went back, or a count that began again, gives a rate of 0. */
export function sampleOf(before: NodeStatus, now: NodeStatus): Sample {
  const seconds = (now.atMs - before.atMs) / 1000;
  const rate = (of: (status: NodeStatus) => number) =>
    seconds <= 0 ? 0 : Math.max(0, (of(now) - of(before)) / seconds);
  return {
    ...gauges(now),
    registrations: rate(({ registrations }) => registrations),
    refusals: rate(({ refusals }) => total(refusals)),
    sentAway: rate(({ admission }) => admission.sentAway),
    bits: rate(({ media }) => 8 * media.forwardedBytes),
    packets: rate(({ media }) => media.forwardedPackets),
    drops: rate(({ media }) => total(media.drops)),
  };
}

function gauges({ atMs, sessions, cameras, admission, process }: NodeStatus) {
  return {
    atMs,
    sessions: sessions.settingUp + sessions.live,
    cameras,
    waiting: total(admission.waiting),
    loopLagMs: process.loopLagMs,
    residentBytes: process.residentBytes,
  };
}

function total(tally: Readonly<Record<string, number>>): number {
  return Object.values(tally).reduce((sum, value) => sum + value, 0);
}
