import { type Contestant, contestantOf } from './contestants.ts';
import { Lane, type Times } from './lane.ts';
import {
  disturbanceOf,
  isSound,
  type Load,
  type Memory,
  type Results,
  type Run,
  type Saturation,
  type SessionsRun,
  type Step,
} from './results.ts';
import { saturationOf } from './saturation.ts';
import type { Tools } from './tools.ts';

export interface Plan {
  readonly rounds: number;
  readonly flows: number;
  readonly loads: readonly Load[];
  readonly times: Times;
  /** How often a step is taken at most, while something else runs on the relay's core. */
  readonly attemptsMax: number;
  /** Offered to each contestant of a round before anything counts. */
  readonly warmUps: readonly (Load & { readonly ms: number })[];
  /** Bursts whose highest rate is searched, in how many of the rounds, and how long each probe lasts. */
  readonly saturation: { readonly rounds: number; readonly bursts: readonly number[]; readonly times: Times };
  readonly sessions: { readonly counts: readonly number[]; readonly load: Load };
}

const disturbanceMax = 0.03;

type Say = (line: string) => void;
export type LeftOut = Results['leftOut'][number];

/**
 * All contestants of a round run at once and are loaded in turn, load by load, so that those which are compared are measured within
 * seconds. Each round has processes of its own, and begins with another contestant.
 */
export async function runRounds(
  plan: Plan,
  tools: Tools,
  all: readonly Contestant[],
  say: Say,
): Promise<{ runs: Run[]; saturations: Saturation[]; leftOut: LeftOut[]; unsound: number }> {
  const [runs, saturations, leftOut]: [Run[], Saturation[], LeftOut[]] = [[], [], []];
  let [able, unsound] = [all, 0];
  for (let round = 0; round < plan.rounds && able.length > 0; round++) {
    const sayOfRound = (line: string) => say(`round ${round + 1} of ${plan.rounds}: ${line}`);
    await using opened = new AsyncDisposableStack();
    const lanes: Lane[] = [];
    for (const contestant of rotated(able, round)) {
      const lane = await Lane.open(contestant, tools, plan.flows).catch((error: Error) => error);
      if (lane instanceof Lane) {
        lanes.push(opened.use(lane));
      } else {
        if (round > 0) throw lane;
        leftOut.push({ contestant: contestant.name, why: lane.message });
        sayOfRound(`${contestant.name} is left out: ${lane.message}`);
      }
    }
    able = able.filter(({ name }) => lanes.some((lane) => lane.name === name));
    await warmUp(plan, lanes);
    const loaded = await loadAll(plan, lanes, sayOfRound);
    unsound += lanes.length * plan.loads.length - loaded.length;
    runs.push(...loaded.map((run) => ({ round, ...run })));
    if (round >= plan.saturation.rounds) continue;
    for (const found of await saturateAll(plan, lanes, sayOfRound)) saturations.push({ round, ...found });
  }
  return { runs, saturations, leftOut, unsound };
}

async function loadAll(plan: Plan, lanes: readonly Lane[], say: Say): Promise<Omit<Run, 'round'>[]> {
  const runs: Omit<Run, 'round'>[] = [];
  for (const load of plan.loads) {
    say(`${load.rate}/s, ${packetsText(load.burst)}`);
    for (const lane of lanes) {
      const step = await calmStep(lane, lanes, load, plan);
      if (step !== undefined) runs.push({ contestant: lane.name, ...step });
    }
  }
  return runs;
}

async function saturateAll(plan: Plan, lanes: readonly Lane[], say: Say): Promise<Omit<Saturation, 'round'>[]> {
  const found: Omit<Saturation, 'round'>[] = [];
  for (const burst of plan.saturation.bursts) {
    say(`saturation, ${packetsText(burst)}`);
    for (const lane of lanes) {
      const probe = async (rate: number) => {
        await touchAll(lanes);
        return lane.step({ rate, burst }, plan.saturation.times);
      };
      found.push({ contestant: lane.name, burst, ...(await saturationOf(probe)) });
    }
  }
  return found;
}

function packetsText(burst: number): string {
  return burst === 1 ? 'single packets' : `bursts of ${burst}`;
}

/** The same load, spread over more and more sessions; and what they weigh. */
export async function runSessions(
  plan: Plan,
  tools: Tools,
  say: Say,
): Promise<{ sessions: SessionsRun[]; memory: Memory[]; unsound: number }> {
  const [sessions, memory]: [SessionsRun[], Memory[]] = [[], []];
  const { counts, load } = plan.sessions;
  let unsound = 0;
  const name = await firstAble(['latchkey', 'latchkey-dgram'], tools);
  for (let round = 0; round < plan.rounds; round++) {
    say(`round ${round + 1} of ${plan.rounds}: ${name} with ${counts.join(', ')} sessions`);
    await using opened = new AsyncDisposableStack();
    const lanes: { lane: Lane; count: number }[] = [];
    for (const count of rotated(counts, round)) {
      const lane = opened.use(await Lane.open(contestantOf(name), tools, count));
      lanes.push({ lane, count });
      memory.push({ contestant: name, sessions: count, state: 'latched', rssBytes: await lane.rssBytes() });
    }
    const all = lanes.map(({ lane }) => lane);
    await warmUp(plan, all);
    for (const { lane, count } of lanes) {
      const step = await calmStep(lane, all, load, plan);
      if (step === undefined) unsound++;
      else sessions.push({ round, contestant: name, sessions: count, ...step });
      memory.push({ contestant: name, sessions: count, state: 'with media', rssBytes: await lane.rssBytes() });
    }
  }
  return { sessions, memory, unsound };
}

/** The first contestant that runs here. */
async function firstAble(names: readonly string[], tools: Tools): Promise<string> {
  const errors: unknown[] = [];
  for (const name of names) {
    try {
      await using _ = await Lane.open(contestantOf(name), tools, 1);
      return name;
    } catch (error) {
      errors.push(error);
    }
  }
  throw new AggregateError(errors, `none of ${names.join(', ')} runs here`);
}

/**
 * A step in which the relay had its core for itself; the calmest of several, where the machine has no rest. Undefined when none of
 * them counts.
 */
async function calmStep(lane: Lane, all: readonly Lane[], load: Load, plan: Plan): Promise<Step | undefined> {
  const steps: Step[] = [];
  for (let attempt = 0; attempt < plan.attemptsMax; attempt++) {
    await touchAll(all);
    const step = await lane.step(load, plan.times);
    if (!isSound(step, plan.times.measureMs)) continue;
    if (disturbanceOf(step) < disturbanceMax) return step;
    steps.push(step);
  }
  return steps.sort((a, b) => disturbanceOf(a) - disturbanceOf(b))[0];
}

async function warmUp(plan: Plan, lanes: readonly Lane[]): Promise<void> {
  for (const lane of lanes) {
    await touchAll(lanes);
    for (const load of plan.warmUps) await lane.step(load, { warmMs: 0, measureMs: load.ms });
  }
}

async function touchAll(lanes: readonly Lane[]): Promise<void> {
  for (const lane of lanes) await lane.touch();
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const first = by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
