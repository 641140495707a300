import type { Aim } from '../options.ts';
import { contestantsOf, medianOf } from '../relay/results.ts';
import { fleetsOf, type Results, type Run, runsOf } from './results.ts';

/** All of the results as Markdown. */
export function tablesOf(results: Results, aims: readonly Aim[]): string {
  const { runs, leftOut } = results;
  const rounds = results.rounds === 1 ? '1 round' : `${results.rounds} rounds`;
  const quick = results.quick ? ' This was a **quick** run: one look, no measurement.' : '';
  const parts = [`Medians of ${rounds}; the server on one core, the load on another; ${results.launch}.${quick}`];
  const [largest, ...smaller] = fleetsOf(runs).toReversed();
  if (largest !== undefined) parts.push(fleetTable(runs, largest, [...columns, memoryColumn]));
  for (const cameras of smaller) parts.push(fleetTable(runs, cameras, columns));
  if (fleetsOf(runs).length > 1) parts.push(growthTable(runs));
  if (runs.length > 0) parts.push(disturbanceText(results));
  for (const { contestant, why } of leftOut) parts.push(`Left out: \`${contestant}\` (${why}).`);
  if (aims.length > 0) parts.push(aimsTable(aims));
  return `${parts.join('\n\n')}\n`;
}

function fleetTable(runs: readonly Run[], cameras: number, columns: readonly Column[]): string {
  const fleet = runs.filter((run) => run.cameras === cameras);
  const heads = [`${cameras.toLocaleString('en')} cameras`, ...columns.map(([head]) => head)];
  const rows = contestantsOf(fleet).map((name) => {
    const own = runsOf(fleet, name, cameras);
    return [name, ...columns.map(([, cell]) => cell(own))];
  });
  return markdown(heads, rows);
}

type Column = readonly [head: string, cell: (own: readonly Run[]) => string];

const columns: readonly Column[] = [
  ['tickets', (own) => (own.every(({ usedTickets }) => usedTickets) ? 'yes' : 'no')],
  ['CPU, ms per returning camera', (own) => median(own, (run) => run.cpuMsPerCamera, 3)],
  ['per lost one before', (own) => median(own, (run) => run.lossCpuMsPerCamera, 3)],
  ['all back, s', (own) => median(own, (run) => seconds(run.allBackMs), 2)],
  [
    'viewer’s answer, p50 / p99, ms',
    (own) => `${median(own, (run) => run.answerP50Ms, 0)} / ${median(own, (run) => run.answerP99Ms, 0)}`,
  ],
  ['refused by the kernel', (own) => median(own, (run) => run.overflows, 0)],
  ['peak memory, MiB', (own) => median(own, (run) => run.peakBytes / 2 ** 20, 0)],
];
/** Of the largest fleet alone: what a server's memory grows by of its own accord would be a good part of what a smaller one takes. */
const memoryColumn: Column = [
  'KiB per idle camera',
  (own) => median(own, (run) => (run.bytesPerIdleCamera ?? Number.NaN) / 1024, 1),
];

function median(own: readonly Run[], value: (run: Run) => number | undefined, digits: number): string {
  return shown(
    medianOf(own, (run) => value(run) ?? Number.NaN),
    digits,
  );
}

function growthTable(runs: readonly Run[]): string {
  const fleets = fleetsOf(runs);
  const rows = contestantsOf(runs).map((name) => [
    name,
    ...fleets.map((cameras) =>
      shown(
        medianOf(runsOf(runs, name, cameras), (run) => run.cpuMsPerCamera),
        3,
      ),
    ),
  ]);
  return markdown(['CPU, ms per returning camera', ...fleets.map((cameras) => cameras.toLocaleString('en'))], rows);
}

/** What says how far the figures can be trusted. */
function disturbanceText({ runs, loadAverages, cores }: Results): string {
  const busy = medianOf(runs, (run) => run.loadBusy ?? 0) ?? 0;
  const [before, after] = loadAverages.map((average) => average.toFixed(1));
  return `${cores} cores, load average ${before} before and ${after} after; the load itself was busy ${shown(busy * 100, 0)} % of the time.`;
}

function aimsTable(aims: readonly Aim[]): string {
  const rows = aims.map(({ name, value, limit, unit, holds }) => {
    const digits = unit === '×' ? 2 : 0;
    return [name, `${value.toFixed(digits)} ${unit}`.trim(), `${limit} ${unit}`.trim(), holds ? 'holds' : '**fails**'];
  });
  return markdown(['Aim', 'measured', 'limit', ''], rows);
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

function shown(value: number | undefined, digits: number): string {
  return value === undefined || Number.isNaN(value) ? '' : value.toFixed(digits);
}

function markdown(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = heads.map((_, index) => (index === 0 ? '---' : '---:'));
  return [heads, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
