import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { guards } from './guards.ts';
import { run, smallest } from './run.ts';
import { runSeeds, type Totals, tryGuards, type Violation } from './threads.ts';

const help = `npm run sim: lives through simulated worlds, and looks at whatever leaves a relay in them.

  npm run sim -- --seeds N            N worlds (1,000 unless told otherwise)
  npm run sim -- --seeds N --from S   the same, from seed S on
  npm run sim -- --seed S             one world, with its history, made as small as it will be where it goes wrong
  npm run sim -- --guards N           takes each guard of test/sim/guards.ts out, and looks for a seed up to N that misses it
  npm run sim -- --threads N          threads (as many as there are processors)

Exit code: 0 nothing went wrong, 1 something did.
`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    guards: { type: 'string' },
    threads: { type: 'string', default: `${availableParallelism()}` },
    help: { type: 'boolean', default: false },
  },
});
const say = (line: string) => process.stdout.write(`${line}\n`);
const threads = whole(values.threads);

if (values.help) say(help.trimEnd());
else if (values.seed !== undefined) await showOne(whole(values.seed));
else if (values.guards !== undefined) await searchGuards(whole(values.guards));
else await runMany(whole(values.seeds), whole(values.from));

function whole(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) throw new RangeError(`${text} is no whole number from 1 on`);
  return number;
}

async function showOne(seed: number): Promise<void> {
  const outcome = await run(seed, { records: true });
  if (outcome.violation === undefined) {
    for (const line of outcome.history) say(line);
    say(`seed ${seed}: nothing went wrong in ${outcome.steps} steps`);
    return;
  }
  const { plan, outcome: least } = await smallest(seed);
  for (const line of least.history) say(line);
  say(
    `seed ${seed}: ${outcome.violation}\nwith ${plan.actions.length} actions, faults: ${plan.faults.join(', ') || 'none'}`,
  );
  process.exitCode = 1;
}

async function searchGuards(searchMax: number): Promise<void> {
  for (const { number, found, sound } of await tryGuards(threads, searchMax)) {
    const seen = found === undefined ? 'NOT SEEN' : `seed ${found.seed}`;
    say(`${seen}: ${guards[number]?.name}${sound === undefined ? '' : ` (and with it: ${sound})`}`);
    if (found === undefined) process.exitCode = 1;
    else say(`    ${found.violation.split('\n')[0]}`);
  }
}

async function runMany(count: number, from: number): Promise<void> {
  const startedMs = performance.now();
  let toldMs = startedMs;
  let shown = 0;
  const totals = await runSeeds({ from, count, threads }, (now) => {
    for (const violation of now.violations.slice(shown)) show(violation);
    shown = now.violations.length;
    if (performance.now() - toldMs < 5_000) return;
    toldMs = performance.now();
    say(rateOf(now, toldMs - startedMs));
  });
  for (const violation of totals.violations.slice(shown)) show(violation);
  say(rateOf(totals, performance.now() - startedMs));
  say(
    [...totals.counts]
      .sort()
      .map(([what, times]) => `${what}: ${times}`)
      .join(', '),
  );
  say(`${totals.seeds} worlds, ${totals.violations.length} went wrong`);
  if (totals.violations.length > 0) process.exitCode = 1;
}

function show({ seed, violation, history }: Violation): void {
  say(`\nseed ${seed}: ${violation}\n${history.join('\n')}\nnpm run sim -- --seed ${seed} shows it again\n`);
}

function rateOf({ seeds, steps, violations }: Totals, ms: number): string {
  const perMinute = Math.round((seeds * 60_000) / ms);
  const perSecond = Math.round((steps * 1_000) / ms);
  return `${seeds} seeds in ${(ms / 1_000).toFixed(0)} s: ${perMinute} seeds/min, ${perSecond} steps/s, ${violations.length} went wrong`;
}
