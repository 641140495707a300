import type { Aim } from '../options.ts';
import { costUs, loadsOf, lostPackets, medianOf, type Results, type Run, runsOf, type SessionsRun } from './results.ts';

const own = 'latchkey';
const single = (rate: number) => ({ rate, burst: 1 });

/** Every aim that these results can speak for. Ratios are taken within a round; the median of the rounds counts. */
export function aimsOf({ runs, sessions }: Pick<Results, 'runs' | 'sessions'>): Aim[] {
  const p99 = (run: Run) => run.p99Us;
  return [
    ...[40_000, 80_000].map((rate) => ratioAim('CPU', single(rate), runs, costUs, ['c-mmsg'], 1.2)),
    ...[20_000, 40_000].map((rate) => ratioAim('CPU', single(rate), runs, costUs, ['coturn-both'], 0.6)),
    ...loadsOf(runs)
      .filter(({ burst }) => burst === 1)
      .map((load) => below(ratioAim('CPU', load, runs, costUs, ['coturn-one', 'coturn-one-back'], 1))),
    ...loadsOf(runs)
      .filter(({ burst }) => burst > 1)
      .map((load) => ratioAim('CPU', load, runs, costUs, ['c-gso'], 1.4)),
    ratioAim('p99 latency', single(40_000), runs, p99, ['c-mmsg'], 2),
    sumAim('loss at 80,000 single packets/s, one core, all rounds', runsOf(runs, own, single(80_000)), lostPackets),
    sumAim('packets to another flow’s address, all runs', runsWith(runs, own), (run) => run.misrouted),
    sessionsAim(sessions),
  ].filter((aim) => aim !== undefined);
}

/** Latchkey's value in the least of the others' values of the same round. Rounds in which one is missing say nothing. */
function ratioAim(
  what: string,
  load: { readonly rate: number; readonly burst: number },
  runs: readonly Run[],
  value: (run: Run) => number,
  others: readonly string[],
  limit: number,
): Aim | undefined {
  const ratio = medianOf(
    runsOf(runs, own, load).flatMap((run) => {
      const beside = others.map((name) => runsOf(runs, name, load).find(({ round }) => round === run.round));
      const floors = beside.filter((floor) => floor !== undefined).map(value);
      return floors.length === others.length ? [value(run) / Math.min(...floors)] : [];
    }),
    (one) => one,
  );
  if (ratio === undefined) return undefined;
  const packets = load.burst === 1 ? 'single packets' : `packets in bursts of ${load.burst}`;
  const name = `${what}: ${own} / ${others.join(' or ')}, ${load.rate.toLocaleString('en')} ${packets}/s`;
  return { name, value: ratio, limit, unit: '×', holds: ratio <= limit };
}

function below(aim: Aim | undefined): Aim | undefined {
  return aim === undefined ? undefined : { ...aim, holds: aim.value < aim.limit };
}

function sumAim(name: string, runs: readonly Run[], count: (run: Run) => number): Aim | undefined {
  if (runs.length === 0) return undefined;
  const value = runs.reduce((sum, run) => sum + count(run), 0);
  return { name: `${own}: ${name}`, value, limit: 0, unit: 'packets', holds: value === 0 };
}

function runsWith(runs: readonly Run[], contestant: string): Run[] {
  return runs.filter((run) => run.contestant === contestant);
}

/** The most in the least that a packet costs, over the numbers of sessions of one round. */
function sessionsAim(runs: readonly SessionsRun[]): Aim | undefined {
  const counts = new Set(runs.map(({ sessions }) => sessions));
  const rounds = [...new Set(runs.map(({ round }) => round))].map((round) => runs.filter((run) => run.round === round));
  const whole = rounds.filter((all) => all.length === counts.size);
  const value = medianOf(whole, (all) => Math.max(...all.map(costUs)) / Math.min(...all.map(costUs)));
  if (value === undefined) return undefined;
  const said = [...counts].sort((a, b) => a - b).join(', ');
  const name = `CPU: most / least with ${said} sessions (${runs[0]?.contestant})`;
  return { name, value, limit: 1.2, unit: '×', holds: value <= 1.2 };
}
