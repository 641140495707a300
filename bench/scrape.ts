import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { readTokens, takeAim } from '../src/storm/index.ts';
import { seriesIn, sumOfSeries } from '../test/support/exposition.ts';
import { manyViews } from '../test/support/many-views.ts';
import { commonOptions, keep } from './options.ts';
import { Child } from './relay/child.ts';
import { coresOf } from './relay/tools.ts';
import { aimsOf, names, type Scrape, tableOf } from './scrape/report.ts';
import type { Order, Started, Yardsticks } from './scrape/server.ts';
import { makeHousehold } from './storm/household.ts';

const help = `npm run bench:scrape: what a scrape of the metrics costs a relay that has 10,000 live views.

  --quick        one round instead of five, within 45 s
  --rounds N     N rounds
  --json FILE    write the aims and every scrape to FILE
  --help         this

A whole relay in a process of its own, on one core; cameras and viewers come to it over real connections from another process, and open live views, 32 to a
person. What counts is how long the relay's event loop is busy from a request for /metrics to its response. Beside it, in the same process, the
client library alone writes down as many series: once with nothing else, and once with its default metrics as they come, which count open files and sockets
one by one. Each round scrapes all of them in turn.
`;

const people = 313;
const camerasEach = 2;
const viewsPerCamera = 16;
const sessions = people * camerasEach * viewsPerCamera;
const scrapesPerRound = 20;
/** The relay ends live views of which it has heard nothing for 30 s: those that were opened first have to be there still. */
const openMsMax = 24_000;

const { values } = parseArgs({
  options: {
    ...commonOptions,
    rounds: { type: 'string' },
  },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));
if (values.help) process.stdout.write(help);
else process.exitCode = await main();

async function main(): Promise<number> {
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
  if (!Number.isInteger(rounds) || rounds < 1) {
    process.stderr.write('--rounds takes a number from 1 on\n');
    return 2;
  }
  const runs = await measure(rounds, (line) => process.stderr.write(`${line}\n`));
  const aims = aimsOf(runs);
  process.stdout.write(`${tableOf(runs)}\n\n`);
  for (const { name, value, limit, unit, holds } of aims) {
    process.stdout.write(`${holds ? 'holds' : 'FAILS'}: ${name}: ${value.toFixed(2)} ${unit} (at most ${limit})\n`);
  }
  keep(values.json, { aims, runs });
  return 0;
}

async function measure(rounds: number, say: (line: string) => void): Promise<Scrape[]> {
  const cache = join(import.meta.dirname, '../node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'latchkey-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const household = await makeHousehold(folder, people * camerasEach, people);
  // Nobody is sent away because the machine has other work too.
  process.env.LATCHKEY_ADMISSION_LAG_MS_MAX = '10000';
  process.env.LATCHKEY_SESSIONS_PER_DEVICE_MAX = String(viewsPerCamera);
  process.env.LATCHKEY_SESSIONS_PER_SUBJECT_MAX = String(camerasEach * viewsPerCamera);
  const [loadCore = 0, serverCore = loadCore] = coresOf(readFileSync('/proc/self/status', 'utf8'));
  const node = join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin/node');
  const flags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=32'];
  const script = join(import.meta.dirname, 'scrape/server.ts');
  const configFile = household.configFile('ws');
  await using child = new Child('the relay', serverCore, node, [...flags, script, configFile]);
  const { url, operationsPort } = (await child.answer()) as Started;
  const order = async (what: Order) => {
    child.say(JSON.stringify(what));
    return await child.answer();
  };
  const scrape = async (round: number, of: string, port: number): Promise<Scrape> => {
    await order('begin');
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const loopMs = (await order('end')) as number;
    const series = seriesIn(text);
    const open = series.some(({ name }) => name === 'latchkey_sessions') ? sumOfSeries(text, 'latchkey_sessions') : 0;
    return { round, of, sessions: open, series: series.length, bytes: text.length, loopMs };
  };
  for (let warm = 0; warm < scrapesPerRound; warm++) await scrape(0, names.idle, operationsPort);
  const idle: Scrape[] = [];
  for (let times = 0; times < scrapesPerRound * rounds; times++) idle.push(await scrape(0, names.idle, operationsPort));
  const yardsticks = (await order({ yardsticks: idle[0]?.series ?? 0 })) as Yardsticks;

  const { cameras, viewers } = readTokens(readFileSync(household.tokensFile, 'utf8'));
  const aim = await takeAim({ relay: url, targetIsMine: false });
  using views = await manyViews(aim, cameras);
  say(`${cameras.length} cameras are registered; ${sessions} live views open`);
  const fromMs = performance.now();
  await views.open(
    viewers.map((person) => ({
      ...person,
      devices: person.devices.flatMap((device) => Array.from({ length: viewsPerCamera }, () => device)),
    })),
    AbortSignal.timeout(openMsMax),
  );
  say(`that took ${((performance.now() - fromMs) / 1000).toFixed(1)} s`);
  await scrape(0, names.busy, operationsPort);
  const runs = [...idle];
  for (let round = 1; round <= rounds; round++) {
    for (let times = 0; times < scrapesPerRound; times++) {
      runs.push(await scrape(round, names.busy, operationsPort));
      runs.push(await scrape(round, names.bare, yardsticks.bare));
      runs.push(await scrape(round, names.withDefaults, yardsticks.withDefaults));
    }
  }
  const least = Math.min(...runs.filter(({ of }) => of === names.busy).map((run) => run.sessions));
  if (least < sessions) say(`the machine is busy: there were ${least} live views instead of ${sessions}`);
  return runs;
}
