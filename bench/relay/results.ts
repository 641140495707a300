import { median } from '../first-frame-report.ts';

/** What came of one offer of load, as the generator tells it. Counts are of the window that was measured. */
export interface Step {
  /** Packets per second that were asked for; `offered` is what the generator managed. */
  readonly rate: number;
  /** Packets of one flow that are sent at once: 1 or 10. */
  readonly burst: number;
  readonly seconds: number;
  readonly offered: number;
  readonly sent: number;
  readonly lost: number;
  /** Packets that came within the window over which `cpuNs` of the relay's CPU time were used up. */
  readonly arrivals: number;
  readonly cpuNs: number;
  /** How long all threads of the relay together waited for their core. */
  readonly waitedNs: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  /** Packets that came to another flow's address. */
  readonly misrouted: number;
  /** Packets that the generator's own receiver had no room for; they are among `lost`. */
  readonly receiverDrops: number;
  /** How often the generator was so late that it gave up its schedule. */
  readonly slides: number;
  /** Of one core. */
  readonly generatorCpu: number;
}

export interface Run extends Step {
  readonly round: number;
  readonly contestant: string;
}

/** The highest rate that a contestant carried; `of` says who was at its end there, it or the generator. */
export interface Saturation {
  readonly round: number;
  readonly contestant: string;
  readonly burst: number;
  readonly rate: number;
  readonly of: 'relay' | 'generator';
}

export interface SessionsRun extends Run {
  readonly sessions: number;
}

export interface Memory {
  readonly contestant: string;
  readonly sessions: number;
  readonly state: 'latched' | 'with media';
  readonly rssBytes: number;
}

export interface Results {
  readonly quick: boolean;
  readonly rounds: number;
  /** How many runs did not count, however often they were taken. */
  readonly unsound: number;
  readonly leftOut: readonly { readonly contestant: string; readonly why: string }[];
  readonly runs: readonly Run[];
  readonly saturations: readonly Saturation[];
  readonly sessions: readonly SessionsRun[];
  readonly memory: readonly Memory[];
}

export interface Load {
  readonly rate: number;
  readonly burst: number;
}

/** Microseconds of the relay's CPU for each packet that arrived. */
export function costUs(step: Step): number {
  return step.cpuNs / 1000 / step.arrivals;
}

/** Packets that the relay lost, in each one that was sent. What the generator's receiver dropped was not the relay's doing. */
export function lossOf(step: Step): number {
  return lostPackets(step) / step.sent;
}

export function lostPackets(step: Step): number {
  return Math.max(0, step.lost - step.receiverDrops);
}

export function runsOf(runs: readonly Run[], contestant: string, { rate, burst }: Load): Run[] {
  return runs.filter((run) => run.contestant === contestant && run.rate === rate && run.burst === burst);
}

/**
 * Whether a step counts. On a machine without a moment's rest the generator may come too late to read the relay's CPU time where
 * the window begins or ends.
 */
export function isSound(step: Step, measureMs: number): boolean {
  return step.arrivals > 0 && Math.abs(step.seconds * 1000 - measureMs) < measureMs / 10;
}

/** How much of the time the relay waited for its core: above a few percent, something else ran there. */
export function disturbanceOf(step: Step): number {
  return step.waitedNs / 1e9 / step.seconds;
}

/** The median over the rounds; undefined when there was none. */
export function medianOf<R>(runs: readonly R[], value: (run: R) => number): number | undefined {
  return runs.length === 0 ? undefined : median(runs.map(value));
}

/** The loads of these runs: single packets first, lower rates first. */
export function loadsOf(runs: readonly Load[]): Load[] {
  const loads = new Map(runs.map(({ rate, burst }) => [`${rate} ${burst}`, { rate, burst }]));
  return [...loads.values()].sort((a, b) => a.burst - b.burst || a.rate - b.rate);
}

export function contestantsOf(runs: readonly { readonly contestant: string }[]): string[] {
  return [...new Set(runs.map(({ contestant }) => contestant))];
}
