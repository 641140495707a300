import { join } from 'node:path';
import { Child } from '../relay/child.ts';
import { type Contestant, type Launch, startServer } from './contestants.ts';
import type { Household } from './household.ts';
import type { LoadAnswer, LoadOrder } from './load.ts';
import { type Results, type Run, runOf, type Storms, steady, stormMsMax } from './results.ts';

export interface Plan {
  readonly rounds: number;
  /** How many cameras the storms have, the smallest first. */
  readonly fleets: readonly number[];
  /** No run begins later than that, in milliseconds: what the aims compare comes first, and the smaller fleets are the first contestant's alone. */
  readonly quickMsMax: number | undefined;
  /** Storms that do not count: what a server runs is compiled after them, whatever fleet comes next. */
  readonly warmUps: number;
  readonly warmUpCameras: number;
  /** Storms whose median is what a returning camera costs. */
  readonly costStorms: number;
  readonly asksPerSecond: number;
  readonly holdMs: number;
}

/** What the storms of one server depend on. */
export type StormsPlan = Omit<Plan, 'rounds' | 'quickMsMax'>;

export interface Bench {
  readonly launch: Launch;
  readonly household: Household;
  readonly serverCore: number;
  readonly loadCore: number;
  /** Where a server writes that it has collected its garbage. */
  readonly collectedFile: string;
}

/** What a storm may take beside itself: the memory is looked at twice, and the last viewers give up. */
const answerMsMax = 120_000;

/** Every contestant in turn, with a process of its own for each fleet and round. */
export async function runRounds(
  plan: Plan,
  bench: Bench,
  all: readonly Contestant[],
  say: (line: string) => void,
): Promise<Pick<Results, 'runs' | 'leftOut'>> {
  process.env.BENCH_COLLECTED = bench.collectedFile;
  const script = join(import.meta.dirname, 'load.ts');
  const parameters = ['--disable-warning=ExperimentalWarning', script, bench.household.tokensFile, bench.collectedFile];
  await using load = new Child('the load', bench.loadCore, process.execPath, parameters);
  const [runs, leftOut]: [Run[], { contestant: string; why: string }[]] = [[], []];
  for (let round = 0; round < plan.rounds; round++) {
    for (const { contestant, cameras } of turnsOf(plan, all, round)) {
      const { name } = contestant;
      if (performance.now() > (plan.quickMsMax ?? Number.POSITIVE_INFINITY)) {
        leftOut.push({ contestant: name, why: `no time was left for ${cameras} cameras: the machine is busy` });
        continue;
      }
      say(`round ${round + 1} of ${plan.rounds}: ${name}, ${cameras} cameras`);
      runs.push(await oneRun(plan, bench, load, contestant, { round, contestant: name, cameras }));
    }
  }
  return { runs, leftOut };
}

interface Turn {
  readonly contestant: Contestant;
  readonly cameras: number;
}

/**
 * Who is to storm in a round, and in which order: what is compared stands side by side, since a machine is faster in one minute than in the next. So all fleets of
 * a contestant follow each other, up and down in turn, and the rounds begin at every second contestant.
 */
export function turnsOf(plan: Pick<Plan, 'fleets' | 'quickMsMax'>, all: readonly Contestant[], round: number): Turn[] {
  if (plan.quickMsMax === undefined) {
    const turns = all.map((contestant, place) =>
      (place % 2 === 0 ? plan.fleets : plan.fleets.toReversed()).map((cameras) => ({ contestant, cameras })),
    );
    return rotated(turns, 2 * (round % Math.ceil(turns.length / 2))).flat();
  }
  const of = (fleets: readonly number[], some: readonly Contestant[]) =>
    fleets.flatMap((cameras) => some.map((contestant) => ({ contestant, cameras })));
  const [largest, smaller] = [plan.fleets.slice(-1), plan.fleets.slice(0, -1)];
  return [...of(largest, all.slice(0, 2)), ...of(smaller, all.slice(0, 1)), ...of(largest, all.slice(2))];
}

async function oneRun(
  plan: Plan,
  bench: Bench,
  load: Child,
  contestant: Contestant,
  at: Pick<Run, 'round' | 'contestant' | 'cameras'>,
): Promise<Run> {
  await using server = await startServer(contestant, bench.launch, bench.household, bench.serverCore);
  const storms: Storms = { memory: [], cost: [], patience: [] };
  for (const order of stormsOf(plan, at.cameras)) {
    const whole: LoadOrder = { ...order, url: server.url, pid: server.pid, tickets: contestant.tickets };
    load.say(JSON.stringify(whole));
    const answer = (await load.answer(stormMsMax + answerMsMax)) as LoadAnswer;
    if (order.tells !== undefined) storms[order.tells].push(answer);
  }
  return runOf(at, storms);
}

/** A storm that a server has, and what it is for; a warm-up tells nothing. */
export type StormOrder = Pick<LoadOrder, 'cameras' | 'after' | 'weighs' | 'asksPerSecond' | 'holdMs' | 'awayMs'> & {
  readonly tells: keyof Storms | undefined;
};

/**
 * The storms of one server. It is weighed while its memory is new to the fleet, and long before the cost: V8 throws away what it has compiled when its
 * garbage is collected by force. A relay lets no camera register more than ten times at once: so each warm-up has other cameras (the last has viewers
 * too), and the storms that tell the cost go to two fleets in turn.
 */
export function stormsOf(plan: StormsPlan, cameras: number): StormOrder[] {
  const { asksPerSecond, holdMs, warmUps, costStorms } = plan;
  const still = { weighs: false, asksPerSecond: 0, holdMs: 0, awayMs: 0 };
  const fleet = { ...still, cameras, after: 0 };
  const [first, ...others] = Array.from({ length: warmUps }, (_, time): StormOrder => {
    const herd = Math.min(plan.warmUpCameras, cameras);
    const viewers = time === warmUps - 1 ? { asksPerSecond, holdMs: holdMs / 2 } : {};
    return { ...still, cameras: herd, after: time * (herd + steady), tells: undefined, ...viewers };
  });
  return [
    ...(first === undefined ? [] : [first]),
    { ...fleet, weighs: true, tells: 'memory' },
    ...others,
    ...Array.from({ length: costStorms }, (_, time): StormOrder => {
      const after = ((time + 1) % 2) * (cameras + steady);
      return { ...fleet, after, holdMs: holdMs / 2, awayMs: holdMs / 2, tells: 'cost' };
    }),
    { ...fleet, asksPerSecond, holdMs, tells: 'patience' },
  ];
}

/** How many cameras the household has to have for all of its storms. */
export function camerasFor(plan: StormsPlan): number {
  const storms = plan.fleets.flatMap((cameras) => stormsOf(plan, cameras));
  return Math.max(...storms.map(({ after, cameras }) => after + cameras + steady));
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const first = by % Math.max(1, items.length);
  return [...items.slice(first), ...items.slice(0, first)];
}
