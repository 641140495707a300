import type { Aim } from '../options.ts';
import { medianOf } from '../relay/results.ts';

/** One scrape of one of those that are compared. */
export interface Scrape {
  readonly round: number;
  readonly of: string;
  readonly sessions: number;
  readonly series: number;
  readonly bytes: number;
  /** How long the event loop was busy, from the request to the response. */
  readonly loopMs: number;
}

export const names = {
  idle: 'Latchkey, nobody there',
  busy: 'Latchkey',
  bare: 'prom-client, as many series',
  withDefaults: 'the same, with its default metrics',
} as const;

const loopMsMax = 20;
/** What a relay may cost beside the library that writes it down. */
const overBareMax = 3;

/** Of each kind the median of all its scrapes; there are as many live views as at the scrape that had the least. */
export function aimsOf(scrapes: readonly Scrape[]): Aim[] {
  const of = (name: string) => medianMs(scrapes.filter((scrape) => scrape.of === name));
  const [busy, bare] = [of(names.busy), of(names.bare)];
  const sessions = Math.min(...scrapes.filter((scrape) => scrape.of === names.busy).map((scrape) => scrape.sessions));
  return [
    aim(`a scrape with ${sessions.toLocaleString('en')} live views, time of the event loop`, busy, loopMsMax, 'ms'),
    aim('the same / prom-client with as many series', busy / bare, overBareMax, '×'),
  ];
}

/** A Markdown table, with the medians of all scrapes of a kind. */
export function tableOf(scrapes: readonly Scrape[]): string {
  const rows = Object.values(names).flatMap((name) => {
    const own = scrapes.filter(({ of }) => of === name);
    const [first] = own;
    if (first === undefined) return [];
    const cells = [name, first.sessions, first.series, Math.round(first.bytes / 1024), medianMs(own).toFixed(1)];
    return [`| ${[...cells, Math.max(...own.map(({ loopMs }) => loopMs)).toFixed(1)].join(' | ')} |`];
  });
  return [
    '| | live views | series | KB | loop, ms | at worst |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
  ].join('\n');
}

function medianMs(scrapes: readonly Scrape[]): number {
  return medianOf(scrapes, ({ loopMs }) => loopMs) ?? Number.NaN;
}

function aim(name: string, value: number, limit: number, unit: string): Aim {
  return { name, value, limit, unit, holds: value <= limit };
}
