import { type Plan, planOf } from './plan.ts';
import { shrink } from './shrink.ts';
import { type Outcome, type RunOptions, World } from './world.ts';

/** Runs the world of a seed or of a plan, and lets the platform tidy up what the one before has left behind. */
export async function run(of: number | Plan, options: RunOptions = {}): Promise<Outcome> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  return await new World(typeof of === 'number' ? planOf(of) : of, options).run();
}

/** The world of a seed that goes wrong, made as small as it will be, and its history. */
export async function smallest(seed: number, options: RunOptions = {}): Promise<{ plan: Plan; outcome: Outcome }> {
  const plan = await shrink(planOf(seed), async (smaller) => (await run(smaller, options)).violation !== undefined);
  return { plan, outcome: await run(plan, { ...options, records: true }) };
}
