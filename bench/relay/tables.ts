import { percentile } from '../first-frame-report.ts';
import type { Aim } from '../options.ts';
import {
  contestantsOf,
  costUs,
  disturbanceOf,
  type Load,
  loadsOf,
  lossOf,
  type Memory,
  medianOf,
  type Results,
  type Run,
  runsOf,
  type Saturation,
  type SessionsRun,
} from './results.ts';

/** All of the results as Markdown. */
export function tablesOf(results: Results, aims: readonly Aim[]): string {
  const { runs, saturations, sessions, memory } = results;
  const quick = results.quick ? ' This was a **quick** run: one look, no measurement.' : '';
  const rounds = results.rounds === 1 ? '1 round' : `${results.rounds} rounds`;
  const parts = [`Medians of ${rounds}; 1,200-byte packets; the relay on one core, the generator on another.${quick}`];
  if (runs.length > 0) {
    parts.push(
      runsTable('CPU of the relay, µs per packet', runs, (own) => shown(medianOf(own, costUs), 2)),
      runsTable('Loss, %', runs, (own) => lossText(medianOf(own, lossOf))),
      runsTable('Latency, p50 / p99, µs', runs, latencyText),
      disturbanceText(runs),
    );
  }
  if (saturations.length > 0) parts.push(saturationsTable(saturations));
  if (sessions.length > 0) parts.push(sessionsTable(sessions));
  if (memory.length > 0) parts.push(memoryTable(memory));
  if (results.unsound > 0)
    parts.push(`${results.unsound} runs do not count: the generator came too late to measure them.`);
  for (const { contestant, why } of results.leftOut) parts.push(`Left out: \`${contestant}\` (${why}).`);
  if (aims.length > 0) parts.push(aimsTable(aims));
  return `${parts.join('\n\n')}\n`;
}

/** A rate as people say it: `40k`. */
export function rateText(rate: number): string {
  return rate >= 1000 ? `${Number((rate / 1000).toPrecision(3))}k` : String(rate);
}

/** Below 0.1 % a relay counts as carrying its load. */
export function lossText(loss: number | undefined): string {
  if (loss === undefined) return '';
  if (loss === 0) return '0';
  return loss < 0.001 ? '< 0.1' : (loss * 100).toFixed(1);
}

function latencyText(own: readonly Run[]): string {
  const p50 = medianOf(own, (run) => run.p50Us);
  const p99 = medianOf(own, (run) => run.p99Us);
  return p50 === undefined ? '' : `${shown(p50, 0)} / ${shown(p99, 0)}`;
}

/** What says how far the figures can be trusted. */
function disturbanceText(runs: readonly Run[]): string {
  const [middle, most] = [0.5, 1].map((fraction) => percentile(runs.map(disturbanceOf), fraction) * 100);
  return `The relays waited for their core ${shown(middle, 1)} % of the time (median of all runs; at most ${shown(most, 0)} %): what is above 3 % was taken by something else on the machine.`;
}

function runsTable(title: string, runs: readonly Run[], cell: (own: readonly Run[]) => string): string {
  const loads = loadsOf(runs);
  const rows = contestantsOf(runs).map((name) => [name, ...loads.map((load) => cell(runsOf(runs, name, load)))]);
  return markdown([title, ...loads.map(loadText)], rows);
}

function loadText({ rate, burst }: Load): string {
  return burst === 1 ? `${rateText(rate)}/s` : `${rateText(rate)}/s in ${burst}s`;
}

function saturationsTable(saturations: readonly Saturation[]): string {
  const bursts = [...new Set(saturations.map(({ burst }) => burst))];
  const rows = contestantsOf(saturations).map((name) => [
    name,
    ...bursts.map((burst) =>
      saturationText(saturations.filter((one) => one.contestant === name && one.burst === burst)),
    ),
  ]);
  const heads = bursts.map((burst) => (burst === 1 ? 'single packets' : `bursts of ${burst}`));
  return `${markdown(['Saturation, packets/s', ...heads], rows)}\n\nThe highest rate with less than 0.1 % loss, within 15 %. ≥: the generator was at its end before the relay.`;
}

function saturationText(own: readonly Saturation[]): string {
  const rate = medianOf(own, (one) => one.rate);
  if (rate === undefined) return '';
  const byGenerator = own.filter(({ of }) => of === 'generator').length;
  return `${byGenerator * 2 > own.length ? '≥ ' : ''}${rateText(rate)}`;
}

function sessionsTable(runs: readonly SessionsRun[]): string {
  const rate = rateText(runs[0]?.rate ?? 0);
  const rows = countsOf(runs).map((count) => {
    const own = runs.filter(({ sessions }) => sessions === count);
    return [
      count.toLocaleString('en'),
      shown(medianOf(own, costUs), 2),
      lossText(medianOf(own, lossOf)),
      latencyText(own),
    ];
  });
  return markdown(
    [`Sessions (${runs[0]?.contestant}, ${rate}/s over all)`, 'µs per packet', 'loss, %', 'p50 / p99, µs'],
    rows,
  );
}

function memoryTable(memory: readonly Memory[]): string {
  const counts = countsOf(memory);
  const fewest = counts[0] ?? 0;
  const states = ['latched', 'with media'] as const;
  const rss = (count: number, state: Memory['state']) =>
    medianOf(
      memory.filter((one) => one.sessions === count && one.state === state),
      (one) => one.rssBytes,
    ) ?? Number.NaN;
  const rows = counts.map((count) => [
    count.toLocaleString('en'),
    ...states.map((state) => (rss(count, state) / 2 ** 20).toFixed(0)),
    ...states.map((state) => {
      if (count === fewest) return '';
      return ((rss(count, state) - rss(fewest, state)) / (count - fewest) / 1024).toFixed(1);
    }),
  ]);
  const heads = ['RSS, MiB, latched', 'with media', 'KiB per session, latched', 'with media'];
  return markdown([`Sessions (${memory[0]?.contestant})`, ...heads], rows);
}

function countsOf(all: readonly { readonly sessions: number }[]): number[] {
  return [...new Set(all.map(({ sessions }) => sessions))].sort((a, b) => a - b);
}

function aimsTable(aims: readonly Aim[]): string {
  const digits = (unit: string) => (unit === 'packets' ? 0 : 2);
  const rows = aims.map(({ name, value, limit, unit, holds }) => {
    return [name, `${value.toFixed(digits(unit))} ${unit}`, `${limit} ${unit}`, holds ? 'holds' : '**fails**'];
  });
  return markdown(['Aim', 'measured', 'limit', ''], rows);
}

function shown(value: number | undefined, digits: number): string {
  return value === undefined ? '' : value.toFixed(digits);
}

function markdown(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = heads.map((_, index) => (index === 0 ? '---' : '---:'));
  return [heads, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
