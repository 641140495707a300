import type { Aim } from '../options.ts';
import { medianOf } from '../relay/results.ts';
import { fleetsOf, type Run, runsOf } from './results.ts';

const cpuRatioMax = 0.2;
const allBackMsMax = 5_000;
const answerMsMax = 500;
const idleBytesMax = 8 * 1024;
const growthMax = 1.2;

/** Every aim that these runs can speak for, with the largest fleet. Ratios are taken within a round; the median of the rounds counts. */
export function aimsOf(runs: readonly Run[], own: string): Aim[] {
  const cameras = fleetsOf(runs).at(-1) ?? 0;
  const fleet = `${cameras.toLocaleString('en')} cameras`;
  const mine = runsOf(runs, own, cameras);
  const tickets = mine.some(({ usedTickets }) => usedTickets) ? 'with tickets' : 'no tickets given';
  const beside = mine.flatMap((run) => {
    const plain = runsOf(runs, 'plain', cameras).find(({ round }) => round === run.round);
    return plain === undefined ? [] : [run.cpuMsPerCamera / plain.cpuMsPerCamera];
  });
  const at = (value: (run: Run) => number | undefined) =>
    medianOf(mine, (run) => value(run) ?? Number.POSITIVE_INFINITY);
  return [
    atMost(
      `CPU per returning camera: ${own} (${tickets}) / plain, ${fleet}`,
      medianOf(beside, (one) => one),
      cpuRatioMax,
      '×',
    ),
    below(
      `${own}: all back, ${fleet}`,
      at((run) => run.allBackMs),
      allBackMsMax,
      'ms',
    ),
    below(
      `${own}: p99 of a viewer’s time to answer during it, ${fleet}`,
      at((run) => run.answerP99Ms),
      answerMsMax,
      'ms',
    ),
    atMost(
      `${own}: memory per idle camera, ${fleet}`,
      at((run) => run.bytesPerIdleCamera),
      idleBytesMax,
      'bytes',
    ),
    growthAim(runs, own),
    exactly('crossings, all runs', runs, (run) => run.crossings),
    exactly('cameras that did not come back, all runs', runs, (run) => run.missing),
  ].filter((aim) => aim !== undefined);
}

/** The most in the least that a returning camera costs, over the fleets of one round. */
function growthAim(runs: readonly Run[], own: string): Aim | undefined {
  const fleets = fleetsOf(runs);
  if (fleets.length < 2) return undefined;
  const mine = runs.filter(({ contestant }) => contestant === own);
  const rounds = [...new Set(mine.map(({ round }) => round))].map((round) => mine.filter((run) => run.round === round));
  const costs = rounds.filter((all) => all.length === fleets.length).map((all) => all.map((run) => run.cpuMsPerCamera));
  const value = medianOf(costs, (all) => Math.max(...all) / Math.min(...all));
  return atMost(
    `${own}: CPU per returning camera, most / least with ${fleets.join(', ')} cameras`,
    value,
    growthMax,
    '×',
  );
}

function atMost(name: string, value: number | undefined, limit: number, unit: string): Aim | undefined {
  return value === undefined ? undefined : { name, value, limit, unit, holds: value <= limit };
}

function below(name: string, value: number | undefined, limit: number, unit: string): Aim | undefined {
  return value === undefined ? undefined : { name, value, limit, unit, holds: value < limit };
}

function exactly(name: string, runs: readonly Run[], count: (run: Run) => number): Aim | undefined {
  return atMost(name, runs.length === 0 ? undefined : runs.reduce((sum, run) => sum + count(run), 0), 0, '');
}
