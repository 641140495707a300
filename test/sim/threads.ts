import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { guards } from './guards.ts';
import type { News, Task } from './sim-thread.ts';

export type Violation = Extract<News, { kind: 'violated' }>;
export type Verdict = Extract<News, { kind: 'guard' }>;

/** What many worlds came to. */
export interface Totals {
  seeds: number;
  steps: number;
  readonly counts: Map<string, number>;
  readonly violations: Violation[];
}

/** Runs `count` seeds from `from` on, shared out among threads. `progress` is told after each world. */
export async function runSeeds(
  { from, count, threads }: { readonly from: number; readonly count: number; readonly threads: number },
  progress: (totals: Totals) => void = () => {},
): Promise<Totals> {
  const totals: Totals = { seeds: 0, steps: 0, counts: new Map(), violations: [] };
  const tasks = Array.from({ length: Math.min(threads, count) }, (_, index): Task => {
    return { kind: 'seeds', from: from + index, count: Math.ceil((count - index) / threads), step: threads };
  });
  await runAll(tasks, (news) => {
    if (news.kind === 'violated') totals.violations.push(news);
    if (news.kind !== 'seeds') return;
    totals.seeds += news.seeds;
    totals.steps += news.steps;
    for (const [what, times] of news.counts) totals.counts.set(what, (totals.counts.get(what) ?? 0) + times);
    progress(totals);
  });
  return totals;
}

/**
 * Takes each guard of the list out and runs its own seed; or, with `searchMax`, the seeds up to that until one goes wrong. Verdicts come
 * in the order of the list.
 */
export async function tryGuards(threads: number, searchMax = 0): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  const numbers = guards.map((_, number) => number);
  const tasks = Array.from({ length: threads }, (_, index): Task => {
    return { kind: 'guards', numbers: numbers.filter((number) => number % threads === index), searchMax };
  });
  await runAll(tasks, (news) => {
    if (news.kind === 'guard') verdicts.push(news);
  });
  return verdicts.sort((a, b) => a.number - b.number);
}

async function runAll(tasks: readonly Task[], take: (news: News) => void): Promise<void> {
  const resourceLimits = { maxYoungGenerationSizeMb: 64 };
  const thread = new URL('./sim-thread.ts', import.meta.url);
  const workers = tasks.map((task) => new Worker(thread, { workerData: task, resourceLimits }));
  try {
    await Promise.all(
      workers.map(async (worker) => {
        worker.on('message', take);
        await once(worker, 'exit');
      }),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
