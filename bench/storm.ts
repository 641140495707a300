import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { missingOf, type Need } from '../test/support/debian-packages.ts';
import { commonOptions, keep } from './options.ts';
import { coresOf } from './relay/tools.ts';
import { aimsOf } from './storm/aims.ts';
import { type Contestant, contestants, findLaunch, type Launch } from './storm/contestants.ts';
import { makeHousehold } from './storm/household.ts';
import { type Results, steady } from './storm/results.ts';
import { camerasFor, type Plan, runRounds } from './storm/rounds.ts';
import { tablesOf } from './storm/tables.ts';

const fullPlan: Plan = {
  rounds: 3,
  fleets: [1_000, 4_000, 15_000],
  quickMsMax: undefined,
  warmUps: 24,
  warmUpCameras: 1_000,
  costStorms: 5,
  asksPerSecond: 100,
  holdMs: 2_000,
};
const quickPlan: Plan = {
  rounds: 1,
  fleets: [250, 750],
  quickMsMax: 34_000,
  warmUps: 3,
  warmUpCameras: 100,
  costStorms: 1,
  asksPerSecond: 50,
  holdMs: 200,
};
const help = `npm run bench:storm: a whole fleet comes back at once.

  --quick        one round of small fleets, within 45 s
  --rounds N     N rounds instead of 3
  --cameras N    the largest fleet, instead of 15,000
  --only NAMES   these alone, with commas between them
  --json FILE    write the aims and every run to FILE
  --help         this

${contestants.map(({ name, about }) => `  ${name.padEnd(21)}${about}`).join('\n')}

Each server is a process of its own on one core, and what latchkey storm does comes from another. A fleet registers, stands still, is cut off and comes back, again and again:
the first storm tells the memory, the next ${fullPlan.costStorms} (${quickPlan.costStorms} with --quick) the CPU time, by their median, and in the last viewers ask for live views, on a new connection
each time. Before the first and after it are storms to warm up, of at most 1,000 cameras each.

CPU is user and system time of all threads of the server, from when the fleet begins to come back until its last camera is, over the cameras. What the server takes for
the connections that were lost before stands beside it: for the CPU time the fleet stays away a while, and in the last storm it comes back in the moment in which it is cut off.
The memory of an idle camera is what the server's resident memory has grown by once its garbage is collected, over the cameras; the kernel's part
of a connection is not in it. ${steady} cameras more are not cut off, so that viewers can be answered all the time. A viewer's time to answer counts from when it was due to ask, and with it its connection and its token.

Linux. The fleet needs an open file for each camera, in both processes: see ulimit -Hn.
`;

const needs: readonly Need[] = [
  { package: 'util-linux', program: 'setpriv', why: 'ending what this starts' },
  { package: 'util-linux', program: 'taskset', why: 'a core for the server, and another for the load' },
];
/** Open files of a process beside the cameras': its own, and the viewers'. */
const reservedFiles = 1_500;

const { values } = parseArgs({
  options: {
    ...commonOptions,
    rounds: { type: 'string' },
    cameras: { type: 'string' },
    only: { type: 'string' },
  },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));
if (values.help) process.stdout.write(help);
else process.exitCode = await main();

async function main(): Promise<number> {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const plan = planOf(say);
  const only = values.only?.split(',') ?? contestants.map(({ name }) => name);
  const unknown = only.find((name) => !contestants.some((one) => one.name === name));
  if (plan === undefined || unknown !== undefined) {
    say(
      unknown === undefined ? '--rounds and --cameras take a number from 1 on' : `no contestant is called ${unknown}`,
    );
    return 2;
  }
  const missing = missingOf(needs, process.env.PATH ?? '');
  for (const { program, package: name, why } of missing) say(`${program} is missing (Debian package ${name}): ${why}`);
  if (missing.length > 0) return 2;
  const results = await measure(
    plan,
    contestants.filter(({ name }) => only.includes(name)),
    say,
  );
  // Where there is no uWebSockets.js, Latchkey is what it is there.
  const own = results.runs.some(({ contestant }) => contestant === 'latchkey-uws') ? 'latchkey-uws' : 'latchkey-ws';
  const aims = aimsOf(results.runs, own);
  process.stdout.write(tablesOf(results, aims));
  keep(values.json, { aims, ...results });
  return 0;
}

/** Undefined where a number is none. Fleets are made smaller where a process may not have so many files open. */
function planOf(say: (line: string) => void): Plan | undefined {
  const plan = values.quick ? quickPlan : fullPlan;
  const [rounds, asked] = [Number(values.rounds ?? plan.rounds), Number(values.cameras ?? plan.fleets.at(-1))];
  if (![rounds, asked].every((value) => Number.isInteger(value) && value >= 1)) return undefined;
  const files = Number(/^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 1_024);
  const most = Math.min(asked, files - reservedFiles);
  if (most < asked) say(`this process may have ${files} open files: ${most} cameras instead of ${asked}`);
  return { ...plan, rounds, fleets: [...plan.fleets.filter((cameras) => cameras < most), most] };
}

async function measure(plan: Plan, asked: readonly Contestant[], say: (line: string) => void): Promise<Results> {
  const cache = join(import.meta.dirname, '../node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'latchkey-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const launch: Launch = await findLaunch();
  const needsUws = ({ server }: Contestant) => server === 'uws' || server === 'floor';
  const able = asked.filter((one) => !needsUws(one) || launch.withoutUws === undefined);
  const unable = asked
    .filter((contestant) => !able.includes(contestant))
    .map(({ name }) => ({ contestant: name, why: launch.withoutUws ?? '' }));
  for (const { contestant, why } of unable) say(`${contestant} is left out: ${why}`);
  const [loadCore = 0, serverCore = loadCore] = coresOf(readFileSync('/proc/self/status', 'utf8'));
  const household = await makeHousehold(folder, camerasFor(plan));
  const bench = { launch, household, serverCore, loadCore, collectedFile: join(folder, 'collected') };
  const before = loadavg()[0] ?? 0;
  const { runs, leftOut } = await runRounds(plan, bench, able, say);
  const loadAverages = [before, loadavg()[0] ?? 0] as const;
  const cores = availableParallelism();
  return {
    quick: values.quick,
    rounds: plan.rounds,
    launch: launch.said,
    loadAverages,
    cores,
    runs,
    leftOut: [...unable, ...leftOut],
  };
}
