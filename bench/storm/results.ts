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
  /** CPU of the server, all threads, user and system, for each camera that came back. */
  readonly cpuMsPerCamera: number;
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

/** The storms of a run: the first tells the memory, the second what it costs, and the third, which has viewers, their patience. */
export interface Storms {
  readonly weighed: LoadAnswer;
  readonly cost: LoadAnswer;
  readonly watched: LoadAnswer;
}

export function runOf(at: Pick<Run, 'round' | 'contestant' | 'cameras'>, storms: Storms): Run {
  const { weighed, cost, watched } = storms;
  const all = [weighed, cost, watched];
  const { storm, tickets, loadBusy } = cost.report;
  const during = watched.report.watchedDuring;
  const returned = storm === undefined ? 0 : at.cameras - storm.missing;
  return {
    ...at,
    usedTickets: tickets.shown > 0,
    cpuMsPerCamera: cost.cpuNs / 1e6 / returned,
    lossCpuMsPerCamera: cost.lossCpuNs / 1e6 / at.cameras,
    allBackMs: storm?.until100Ms,
    registrationsPerSecond: storm?.registrationsPerSecond,
    answerP50Ms: during?.answerMs?.p50,
    answerP99Ms: during?.answerMs?.p99,
    answered: during?.answered ?? 0,
    asked: during?.asked ?? 0,
    refusals: { ...storm?.refusals, ...during?.refusals },
    peakBytes: Math.max(cost.peakBytes, watched.peakBytes),
    bytesPerIdleCamera: weighed.report.memory?.perIdleCameraBytes,
    missing: total(all, ({ report }) => report.storm?.missing ?? at.cameras),
    overflows: watched.overflows,
    loadBusy,
    crossings: total(all, ({ report }) => report.crossings),
  };
}

function total(answers: readonly LoadAnswer[], count: (answer: LoadAnswer) => number): number {
  return answers.reduce((sum, answer) => sum + count(answer), 0);
}

export function runsOf(runs: readonly Run[], contestant: string, cameras: number): Run[] {
  return runs.filter((run) => run.contestant === contestant && run.cameras === cameras);
}

/** The fleets of these runs, the smallest first. */
export function fleetsOf(runs: readonly Run[]): number[] {
  return [...new Set(runs.map(({ cameras }) => cameras))].sort((a, b) => a - b);
}
