import type { Crossing } from './crossings.ts';
import type { Muster } from './fleet.ts';
import { type Percentiles, percentilesOf } from './percentiles.ts';
import type { Strangers, Watch } from './viewers.ts';

/** How a fleet came together. Times are milliseconds; undefined for a share of the fleet that never came. */
export interface MusterReport {
  readonly registrations: number;
  readonly missing: number;
  /** Until half, 95 % and all of the fleet had registered, counted from when it was let loose or cut off. */
  readonly until50Ms: number | undefined;
  readonly until95Ms: number | undefined;
  readonly until100Ms: number | undefined;
  readonly registrationsPerSecond: number | undefined;
  /** Cameras that were registered and were lost again. */
  readonly lost: number;
  readonly refusals: Readonly<Record<string, number>>;
}

export interface WatchReport {
  readonly asked: number;
  readonly answered: number;
  readonly answerMs: Percentiles | undefined;
  readonly refusals: Readonly<Record<string, number>>;
}

/** Questions for cameras that are not the viewer's own: each has to be refused. */
export interface StrangersReport {
  readonly asked: number;
  readonly refusals: Readonly<Record<string, number>>;
}

export interface MemoryReport {
  readonly beforeBytes: number;
  readonly idleBytes: number;
  readonly perIdleCameraBytes: number;
}

/** What came of a storm. Whatever was not reached is undefined. */
export interface StormReport {
  readonly relay: string;
  readonly cameras: number;
  readonly viewers: number;
  readonly retryAfter: 'honoured' | 'ignored';
  readonly outcome: 'complete' | 'interrupted' | 'out of time';
  readonly tickets: { readonly given: number; readonly shown: number };
  readonly gathering: MusterReport;
  readonly storm: MusterReport | undefined;
  readonly watchedBefore: WatchReport | undefined;
  readonly watchedDuring: WatchReport | undefined;
  readonly strangers: StrangersReport;
  readonly memory: MemoryReport | undefined;
  /** How busy the thread of the storm itself was while the fleet came back, 0 to 1: near 1 it measures itself. */
  readonly loadBusy: number | undefined;
  readonly crossings: number;
  readonly crossingsTold: readonly Crossing[];
}

export function musterReport(muster: Muster, cameras: number, registered: number): MusterReport {
  const { backMs } = muster;
  const [lastMs, missing] = [backMs.at(-1), cameras - registered];
  const until = (share: number) => backMs[Math.max(0, Math.ceil(share * (backMs.length + missing)) - 1)];
  return {
    registrations: backMs.length,
    missing,
    until50Ms: until(0.5),
    until95Ms: until(0.95),
    until100Ms: missing === 0 ? lastMs : undefined,
    registrationsPerSecond: lastMs === undefined ? undefined : (backMs.length / Math.max(1, lastMs)) * 1000,
    lost: muster.lost,
    refusals: muster.refusals.toJSON(),
  };
}

export function watchReport(watch: Watch): WatchReport {
  const { asked, answerMs, refusals } = watch;
  return { asked, answered: answerMs.length, answerMs: percentilesOf(answerMs), refusals: refusals.toJSON() };
}

export function strangersReport({ asked, refusals }: Strangers): StrangersReport {
  return { asked, refusals: refusals.toJSON() };
}

/** The report for a person. */
export function reportText(report: StormReport): string {
  const { gathering, storm, watchedBefore, watchedDuring, memory, loadBusy, tickets } = report;
  const lines = [
    `${count(report.cameras)} cameras and ${count(report.viewers)} viewers on ${report.relay}: ${report.outcome}`,
    '',
    ...musterLines('first registration', gathering),
    ...(storm === undefined ? [] : musterLines('back after the storm', storm)),
    ...(watchedBefore === undefined ? [] : watchLines('viewers before', watchedBefore)),
    ...(watchedDuring === undefined ? [] : watchLines('viewers during', watchedDuring)),
    ...strangerLines(report.strangers),
    row('tickets', tickets.given === 0 ? 'none given' : `${count(tickets.given)} given, ${count(tickets.shown)} shown`),
    row('Retry-After', report.retryAfter),
  ];
  if (memory !== undefined) {
    const kib = (memory.perIdleCameraBytes / 1024).toFixed(1);
    lines.push(
      row(
        'memory per idle camera',
        `${kib} KiB (${mib(memory.beforeBytes)} before, ${mib(memory.idleBytes)} with all)`,
      ),
    );
  }
  if (loadBusy !== undefined) {
    const note = loadBusy > 0.9 ? '; the storm itself is at its end, and a faster relay would look no faster' : '';
    lines.push(row('this tool was busy', `${(loadBusy * 100).toFixed(0)} % of the storm${note}`));
  }
  lines.push(
    row('crossings', report.crossings === 0 ? '0' : `${count(report.crossings)}: SOMEBODY SAW WHAT IS NOT THEIRS`),
  );
  for (const { at, what } of report.crossingsTold) lines.push(`  ${at}: ${what}`);
  return `${lines.join('\n')}\n`;
}

function musterLines(name: string, muster: MusterReport): string[] {
  const { until50Ms, until95Ms, until100Ms, registrationsPerSecond, missing, lost } = muster;
  const rate = registrationsPerSecond === undefined ? '' : `, ${count(registrationsPerSecond)}/s`;
  const gone = [missing > 0 && `${count(missing)} missing`, lost > 0 && `${count(lost)} lost`]
    .filter(Boolean)
    .join(', ');
  return [
    row(name, `50 % ${seconds(until50Ms)}, 95 % ${seconds(until95Ms)}, all ${seconds(until100Ms)}${rate}`),
    ...(gone === '' ? [] : [row('', gone)]),
    ...refusalLines(muster.refusals),
  ];
}

function watchLines(name: string, { asked, answered, answerMs, refusals }: WatchReport): string[] {
  const times = answerMs && `, p50 ${ms(answerMs.p50)}, p95 ${ms(answerMs.p95)}, p99 ${ms(answerMs.p99)}`;
  return [row(name, `${count(asked)} asked, ${count(answered)} answered${times ?? ''}`), ...refusalLines(refusals)];
}

function strangerLines({ asked, refusals }: StrangersReport): string[] {
  return asked === 0 ? [] : [row('others’ cameras', `${count(asked)} asked for`), ...refusalLines(refusals)];
}

function refusalLines(refusals: Readonly<Record<string, number>>): string[] {
  const parts = Object.entries(refusals).map(([name, times]) => `${name} × ${count(times)}`);
  return parts.length === 0 ? [] : [row('  refused', parts.join(', '))];
}

function row(name: string, text: string): string {
  return `${name.padEnd(24)}${text}`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function seconds(value: number | undefined): string {
  return value === undefined ? 'never' : `${(value / 1000).toFixed(2)} s`;
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
