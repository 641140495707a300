import type { Aim } from '../options.ts';
import { medianOf } from '../relay/results.ts';

export interface Run {
  readonly round: number;
  readonly contestant: string;
  readonly cpuUsPerRequest: number;
}

const ratioMax = 1.05;
const bytesMax = 1;

/** What tracing costs beside none of it, in the same round; the median of the rounds counts. Only the rare kind has an aim. */
export function aimsOf(runs: readonly Run[], bytesPerSpanOff: number): Aim[] {
  const value = ratioOf(runs, '1 %');
  const heap = {
    name: 'heap per request, tracing off',
    value: bytesPerSpanOff,
    limit: bytesMax,
    unit: 'bytes',
    holds: bytesPerSpanOff <= bytesMax,
  };
  if (value === undefined) return [heap];
  return [{ name: 'CPU per request: 1 % / off', value, limit: ratioMax, unit: '×', holds: value <= ratioMax }, heap];
}

/** Undefined where no round has both. */
export function ratioOf(runs: readonly Run[], contestant: string): number | undefined {
  const beside = runs
    .filter((run) => run.contestant === contestant)
    .flatMap((run) => {
      const off = runs.find((other) => other.contestant === 'off' && other.round === run.round);
      return off === undefined ? [] : [run.cpuUsPerRequest / off.cpuUsPerRequest];
    });
  return medianOf(beside, (ratio) => ratio);
}

/** A Markdown table of what each contestant took. */
export function tableOf(runs: readonly Run[], names: readonly string[]): string {
  const rows = names.map((name) => {
    const median = medianOf(
      runs.filter(({ contestant }) => contestant === name),
      ({ cpuUsPerRequest }) => cpuUsPerRequest,
    );
    return `| ${name} | ${median?.toFixed(1) ?? '–'} | ${ratioOf(runs, name)?.toFixed(3) ?? '–'} |`;
  });
  return ['| traced | CPU per request, µs | beside off |', '| --- | ---: | ---: |', ...rows].join('\n');
}
