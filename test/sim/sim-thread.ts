import { parentPort, workerData } from 'node:worker_threads';
import { guards } from './guards.ts';
import type * as Runner from './run.ts';
import { importWithout } from './without.ts';
import type { Outcome } from './world.ts';

/** What a thread shall do: seeds, or guards of the list by their numbers. */
export type Task =
  | { readonly kind: 'seeds'; readonly from: number; readonly count: number; readonly step: number }
  | { readonly kind: 'guards'; readonly numbers: readonly number[]; readonly searchMax: number };

export type News =
  | {
      readonly kind: 'seeds';
      readonly seeds: number;
      readonly steps: number;
      readonly counts: ReadonlyMap<string, number>;
    }
  | {
      readonly kind: 'violated';
      readonly seed: number;
      readonly violation: string;
      readonly history: readonly string[];
    }
  /** `sound`: what the world of the seed comes to with the guard; `found`: a seed that misses it, and what is seen. */
  | {
      readonly kind: 'guard';
      readonly number: number;
      readonly sound: string | undefined;
      readonly found: { readonly seed: number; readonly violation: string } | undefined;
    };

// A world throws many errors on purpose, and nobody reads where from.
Error.stackTraceLimit = 4;
const task: Task = workerData;
const tell = (news: News) => parentPort?.postMessage(news);
const runner = new URL('./run.ts', import.meta.url);

if (task.kind === 'seeds') await runSeeds(task);
else for (const number of task.numbers) await tryGuard(number, task.searchMax);

async function runSeeds({ from, count, step }: Extract<Task, { kind: 'seeds' }>): Promise<void> {
  const { run, smallest }: typeof Runner = await import(runner.href);
  for (let index = 0; index < count; index++) {
    const seed = from + index * step;
    const outcome = await run(seed);
    tell({ kind: 'seeds', seeds: 1, steps: outcome.steps, counts: outcome.counts });
    if (outcome.violation !== undefined) {
      const { outcome: least } = await smallest(seed);
      tell({ kind: 'violated', seed, violation: outcome.violation, history: least.history });
    }
  }
}

/** Without a number to search up to, the guard's own seed is tried; with one, the first is found that sees what the guard says. */
async function tryGuard(number: number, searchMax: number): Promise<void> {
  const guard = guards[number];
  if (guard === undefined) throw new RangeError(`there is no guard ${number}`);
  const { broken = [], removed, seed, sees } = guard;
  const forgivesCameras = broken.length > 0;
  const attempt = async (kind: string, removals: typeof removed, seeds: readonly number[], wanted = /(?:)/) => {
    const { run } = await importWithout<typeof Runner>(runner, `${kind}-${number}`, removals);
    for (const tried of seeds) {
      const { violation }: Outcome = await run(tried, { forgivesCameras });
      if (violation !== undefined && wanted.test(violation)) return { seed: tried, violation };
    }
    return undefined;
  };
  const seeds = searchMax === 0 ? [seed] : Array.from({ length: searchMax }, (_, index) => index + 1);
  const found = await attempt('without', [...broken, ...removed], seeds, searchMax === 0 ? undefined : sees);
  const sound = await attempt('broken', broken, [found?.seed ?? seed]);
  tell({ kind: 'guard', number, sound: sound?.violation, found });
}
