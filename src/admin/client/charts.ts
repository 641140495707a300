import type { HistoryAnswer, Sample, SampleColumn } from '../status.ts';
import { Chart, type ChartLook, windowSeconds } from './chart.ts';
import { bitsPerSecond, bytes, inWords, milliseconds, rate, whole } from './figures.ts';

const binarySteps = Array.from({ length: 40 }, (_, at) => 2 ** (at + 10));

const looks: Readonly<Partial<Record<SampleColumn, ChartLook>>> = {
  sessions: { label: 'Live views', words: whole, topMin: 4 },
  cameras: { label: 'Cameras online', words: whole, topMin: 4 },
  bits: { label: 'Media passed on', words: (value) => inWords(bitsPerSecond(value)), topMin: 1_000_000 },
  registrations: { label: 'Registrations', words: (value) => inWords(rate(value)), topMin: 2 },
  waiting: { label: 'Waiting to be let in', words: whole, topMin: 4 },
  refusals: { label: 'Refusals', words: (value) => inWords(rate(value)), topMin: 2 },
  loopLagMs: { label: 'Lateness of the event loop', words: (value) => inWords(milliseconds(value)), topMin: 20 },
  residentBytes: {
    label: 'Memory',
    words: (value) => inWords(bytes(value)),
    topMin: 64 * 1024 * 1024,
    steps: binarySteps,
  },
};

/** The charts of the page, and the samples that they show: the node's own of the last ten minutes, and one more each second. */
export class Charts {
  readonly #charts: readonly (readonly [SampleColumn, Chart])[];
  #samples: Sample[] = [];

  constructor(page: ParentNode) {
    this.#charts = [...page.querySelectorAll<HTMLElement>('[data-chart]')].flatMap((card) => {
      const column = card.dataset.chart as SampleColumn;
      const place = card.querySelector<HTMLElement>('.plot');
      const look = looks[column];
      return place === null || look === undefined ? [] : [[column, new Chart(place, look)] as const];
    });
  }

  /** Begins anew with what the node remembers. */
  begin({ columns, rows }: HistoryAnswer): void {
    this.#samples = rows.map(
      (row) => Object.fromEntries(columns.map((column, at) => [column, row[at] ?? 0])) as Sample,
    );
  }

  add(sample: Sample): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && sample.atMs <= last.atMs) return;
    this.#samples.push(sample);
    const oldestMs = sample.atMs - windowSeconds * 1000;
    while ((this.#samples[0]?.atMs ?? sample.atMs) < oldestMs) this.#samples.shift();
    const seconds = this.#samples.map(({ atMs }) => atMs / 1000);
    for (const [column, chart] of this.#charts)
      chart.show(
        seconds,
        this.#samples.map((each) => each[column]),
      );
  }
}
