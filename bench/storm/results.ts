import { medianOf } from '../relay/results.ts';
import type { LoadAnswer } from './load.ts';

/** Cameras beside the fleet that are not cut off: whoever asks for them can be answered from the first moment of the storm. */
export const steady = 50;

/** How long one storm may take, on a machine with other work too. */
export const stormMsMax = 240_000;

/** One contestant with one fleet in one round. */
export interface Run {
  readonly round: number;
  readonly contestant: string;
  readonly cameras: number;
  /** Whether the relay gave tickets and they were shown. */
  readonly usedTickets: boolean;
  /** CPU of the server, all threads, user and system, for each camera that came back: the median of the storms that tell the cost. */
  readonly cpuMsPerCamera: number;
  readonly cpuMsPerCameraOfEach: readonly number[];
  /** The same for each that was lost before. */
  readonly lossCpuMsPerCamera: number;
  readonly allBackMs: number | undefined;
  readonly registrationsPerSecond: number | undefined;
  readonly answerP50Ms: number | undefined;
  readonly answerP99Ms: number | undefined;
  readonly answered: number;
  readonly asked: number;
  readonly refusals: Readonly<Record<string, number>>;
  readonly peakBytes: number;
  readonly bytesPerIdleCamera: number | undefined;
  readonly missing: number;
  /** Connections that the kernel refused in the storm with viewers: whoever is hit tries again a second later. */
  readonly overflows: number;
  /** How busy the load itself was, 0 to 1. */
  readonly loadBusy: number | undefined;
  readonly crossings: number;
}

export interface Results {
  readonly quick: boolean;
  readonly rounds: number;
  readonly launch: string;
  /** How many processes wanted a core, on average over a minute, before the first round and after the last. */
  readonly loadAverages: readonly [number, number];
  readonly cores: number;
  readonly leftOut: readonly { readonly contestant: string; readonly why: string }[];
  readonly runs: readonly Run[];
}

/** The storms of a run by what they tell: what an idle camera takes, what it costs that they come back, and the patience of the viewers in between. */
export type Storms = Record<'memory' | 'cost' | 'patience', LoadAnswer[]>;

export function runOf(at: Pick<Run, 'round' | 'contestant' | 'cameras'>, { memory, cost, patience }: Storms): Run {
  const all = [...memory, ...cost, ...patience];
  const costs = cost.map((answer) => answer.cpuNs / 1e6 / (at.cameras - missingOf(answer, at.cameras)));
  const watches = patience.flatMap(({ report }) => report.watchedDuring ?? []);
  return {
    ...at,
    usedTickets: cost.some(({ report }) => report.tickets.shown > 0),
    cpuMsPerCamera: medianOf(costs, (ms) => ms) ?? Number.NaN,
    cpuMsPerCameraOfEach: costs,
    lossCpuMsPerCamera: medianOf(cost, ({ lossCpuNs }) => lossCpuNs / 1e6 / at.cameras) ?? Number.NaN,
    allBackMs: middle(cost, ({ report }) => report.storm?.until100Ms),
    registrationsPerSecond: middle(cost, ({ report }) => report.storm?.registrationsPerSecond),
    answerP50Ms: middle(watches, ({ answerMs }) => answerMs?.p50),
    answerP99Ms: middle(watches, ({ answerMs }) => answerMs?.p99),
    answered: total(watches, ({ answered }) => answered),
    asked: total(watches, ({ asked }) => asked),
    refusals: added([...cost.flatMap(({ report }) => report.storm ?? []), ...watches].map(({ refusals }) => refusals)),
    peakBytes: Math.max(...[...cost, ...patience].map(({ peakBytes }) => peakBytes)),
    bytesPerIdleCamera: middle(memory, ({ report }) => report.memory?.perIdleCameraBytes),
    missing: total(all, (answer) => missingOf(answer, at.cameras)),
    overflows: total(patience, ({ overflows }) => overflows),
    loadBusy: middle(cost, ({ report }) => report.loadBusy),
    crossings: total(all, ({ report }) => report.crossings),
  };
}

function missingOf({ report }: LoadAnswer, cameras: number): number {
  return report.storm?.missing ?? cameras;
}

/** The median of what each of them tells; undefined as soon as one tells nothing. */
function middle<T>(of: readonly T[], value: (one: T) => number | undefined): number | undefined {
  const told = of.map(value).filter((each) => each !== undefined);
  return told.length < of.length ? undefined : medianOf(told, (each) => each);
}

function total<T>(of: readonly T[], count: (one: T) => number): number {
  return of.reduce((sum, one) => sum + count(one), 0);
}

function added(tallies: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = new Set(tallies.flatMap((tally) => Object.keys(tally)));
  return Object.fromEntries([...names].map((name) => [name, total(tallies, (tally) => tally[name] ?? 0)]));
}

export function runsOf(runs: readonly Run[], contestant: string, cameras: number): Run[] {
  return runs.filter((run) => run.contestant === contestant && run.cameras === cameras);
}

/** The fleets of these runs, the smallest first. */
export function fleetsOf(runs: readonly Run[]): number[] {
  return [...new Set(runs.map(({ cameras }) => cameras))].sort((a, b) => a - b);
}
