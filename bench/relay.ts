import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { commonOptions, keep } from './options.ts';
import { aimsOf } from './relay/aims.ts';
import { contestants } from './relay/contestants.ts';
import { picture } from './relay/picture.ts';
import type { Load, Results } from './relay/results.ts';
import { type Plan, runRounds, runSessions } from './relay/rounds.ts';
import { tablesOf } from './relay/tables.ts';
import { coturnNeed, makeTools, seeToNeeds } from './relay/tools.ts';

const costBySessions = 'cost-by-sessions';

const help = `npm run bench:relay: what a UDP relay costs, side by side on this machine.

  --quick       one round of short runs, within 45 s
  --rounds N    N rounds instead of 5
  --only NAMES  these alone, with commas between them
  --json FILE   write the aims and every run to FILE
  --svg FILE    draw the costs into FILE
  --help        this

${contestants.map(({ name, about }) => `  ${name.padEnd(17)}${about}`).join('\n')}
  ${costBySessions.padEnd(17)}Latchkey with more and more sessions, and their memory

A generator in C sends 1,200-byte RTP packets of 100 cameras through each of them to 100 viewers, on loopback, one at a time or ten of one
camera at once (a video frame). All run at the same time, and are loaded in turn, so that those which are compared are measured
within seconds; every round has new processes. Aims are ratios within a round, and the median of the rounds counts.

Every relay has one core for itself, with all its threads, and the generator another: where the scheduler may choose, it
chooses differently each time, and the ratios with it. On two cores that leaves nothing for anything else, so let the machine rest.

Where the relay waited for its core, because something else ran there, a step is taken again, once at most (not with --quick); the calmest counts.

CPU is user and system time of all threads of the relay, by the kernel's clock of the process, between two instants within the steady
load, over the packets that came in between. On loopback that includes the delivery to the receiver's socket. Latency is from before the
send to the kernel's time stamp at the receiver, one way. Packets that the generator's receiver dropped don't count as lost.

Linux with cc. What is missing (gcc, coturn) is installed with apt-get as root on Debian, and named elsewhere; without coturn the rest runs.
`;

const singles = [20_000, 40_000, 80_000].map((rate) => ({ rate, burst: 1 }));
const bursts = [20_000, 40_000, 80_000].map((rate) => ({ rate, burst: 10 }));
const sessionsLoad: Load = { rate: 40_000, burst: 1 };

const fullPlan: Plan = {
  rounds: 5,
  flows: 100,
  loads: [...singles, ...bursts],
  times: { warmMs: 300, measureMs: 1_000 },
  attemptsMax: 2,
  warmUps: [
    { rate: 40_000, burst: 1, ms: 2_000 },
    { rate: 80_000, burst: 10, ms: 2_000 },
  ],
  saturation: { rounds: 1, bursts: [1, 10], times: { warmMs: 150, measureMs: 400 } },
  sessions: { counts: [10, 1_000, 10_000], load: sessionsLoad },
};

const quickPlan: Plan = {
  rounds: 1,
  flows: 100,
  loads: [...singles, ...bursts.slice(1)],
  times: { warmMs: 100, measureMs: 250 },
  attemptsMax: 1,
  warmUps: [{ rate: 20_000, burst: 1, ms: 250 }],
  saturation: { rounds: 0, bursts: [], times: { warmMs: 0, measureMs: 0 } },
  sessions: { counts: [10, 1_000], load: sessionsLoad },
};

const { values } = parseArgs({
  options: {
    ...commonOptions,
    rounds: { type: 'string' },
    only: { type: 'string' },
    svg: { type: 'string' },
  },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));
if (values.help) process.stdout.write(help);
else process.exitCode = await main();

async function main(): Promise<number> {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const only = values.only?.split(',') ?? [...contestants.map(({ name }) => name), costBySessions];
  const unknown = only.find((name) => name !== costBySessions && !contestants.some((one) => one.name === name));
  const rounds = Number(values.rounds ?? (values.quick ? quickPlan : fullPlan).rounds);
  if (unknown !== undefined || !Number.isInteger(rounds) || rounds < 1) {
    say(unknown === undefined ? '--rounds takes a number from 1 on' : `no contestant is called ${unknown}`);
    return 2;
  }
  const missing = await seeToNeeds(say);
  const needed = missing.filter((need) => need !== coturnNeed);
  if (needed.length > 0) {
    for (const { program, package: name, why } of needed) say(`${program} is missing (Debian package ${name}): ${why}`);
    return 2;
  }
  const results = await measure({ ...(values.quick ? quickPlan : fullPlan), rounds }, only, missing.length > 0, say);
  const aims = aimsOf(results);
  process.stdout.write(tablesOf(results, aims));
  keep(values.json, { aims, ...results });
  if (values.svg !== undefined) writeFileSync(values.svg, picture(results.runs));
  return 0;
}

async function measure(
  plan: Plan,
  only: readonly string[],
  noCoturn: boolean,
  say: (line: string) => void,
): Promise<Results> {
  using tools = makeTools();
  const asked = contestants.filter(({ name }) => only.includes(name));
  const absent = asked.filter(({ name }) => noCoturn && name.startsWith('coturn'));
  const why = `${coturnNeed.program} is missing, Debian package ${coturnNeed.package}`;
  for (const { name } of absent) say(`${name} is left out: ${why}`);
  const rounds = await runRounds(
    plan,
    tools,
    asked.filter((contestant) => !absent.includes(contestant)),
    say,
  );
  const leftOut = [...absent.map(({ name }) => ({ contestant: name, why })), ...rounds.leftOut];
  const sessions = only.includes(costBySessions)
    ? await runSessions(plan, tools, say)
    : { sessions: [], memory: [], unsound: 0 };
  const unsound = rounds.unsound + sessions.unsound;
  return { quick: values.quick, rounds: plan.rounds, ...rounds, leftOut, ...sessions, unsound };
}
