import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { noTracer } from '../src/base/index.ts';
import { loadSettings } from '../src/config/index.ts';
import { developmentIssuerOf } from '../src/wiring/index.ts';
import { commonOptions, keep } from './options.ts';
import { coresOf } from './relay/tools.ts';
import { aimsOf, type Run, tableOf } from './tracing/aims.ts';
import { type BenchRelay, contestants, environmentOf, startRelay } from './tracing/contestants.ts';
import { cpuUsPerRequest } from './tracing/load.ts';

const help = `npm run bench:tracing: what tracing costs.

  --quick       3 rounds instead of 15, with fewer connections, within 45 s: fewer rounds where the machine is busy
  --json FILE   write the aims and every run to FILE
  --help        this

Three relays, one without tracing, one that traces 1 % of what is asked, and one that traces all, take turns. In its turn each is asked for
live views by 100 connections (40 with --quick) of verified viewers, who may see none of the cameras: a message, a question about ownership, an answer. The spans go
to a receiver in the process of the load, which is on another core.

Linux; setpriv and taskset (Debian's util-linux).
`;

/** No round begins later with --quick, in milliseconds. */
const quickMsMax = 25_000;

const { values } = parseArgs({
  options: commonOptions,
});
if (values.help) process.stdout.write(help);
else await main();

async function main(): Promise<void> {
  const { rounds, connections, warmUps } = values.quick
    ? { rounds: 3, connections: 40, warmUps: 1 }
    : { rounds: 15, connections: 100, warmUps: 2 };
  const folder = temporaryFolder();
  const receiver = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const endpoint = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/v1/traces`;
  const [, core = 0] = coresOf(readFileSync('/proc/self/status', 'utf8'));
  const issuer = await developmentIssuerOf(loadSettings(undefined, environmentOf(folder)));
  const tokens = await Promise.all(
    Array.from({ length: connections }, (_, index) => issuer.token('viewer', `person-${index}`, 3_600)),
  );
  const tokenOf = async (index: number) => tokens[index] ?? '';
  await using started = new AsyncDisposableStack();
  const relays: BenchRelay[] = [];
  for (const contestant of contestants)
    relays.push(started.use(await startRelay(contestant, { core, folder, endpoint })));

  for (const relay of relays)
    for (let turn = 0; turn < warmUps; turn++) await cpuUsPerRequest(relay, connections, tokenOf);
  const runs: Run[] = [];
  for (let round = 0; round < rounds; round++) {
    if (values.quick && round > 0 && performance.now() > quickMsMax) break;
    process.stderr.write(`round ${round + 1} of ${rounds}\n`);
    for (const relay of rotated(relays, round)) {
      const used = await cpuUsPerRequest(relay, connections, tokenOf);
      runs.push({ round, contestant: relay.contestant.name, cpuUsPerRequest: used });
    }
  }
  receiver.closeAllConnections();
  receiver.close();
  const aims = aimsOf(runs, bytesPerSpanOff());
  process.stdout.write(
    `${tableOf(
      runs,
      contestants.map(({ name }) => name),
    )}\n\n`,
  );
  for (const { name, value, limit, unit, holds } of aims) {
    process.stdout.write(`${holds ? 'holds' : 'MISSED'}: ${name}: ${value.toFixed(3)} ${unit} (at most ${limit})\n`);
  }
  keep(values.json, { aims, runs });
}

/** What the heap grows by for a request, its parts and their ends, where nobody traces. */
function bytesPerSpanOff(): number {
  const times = 2_000_000;
  const request = () => {
    const span = noTracer.begin('connect', undefined);
    const authorize = span.child('authorize');
    authorize.note('from', 'cache');
    authorize.end('ok');
    span.end('ok');
  };
  for (let time = 0; time < times; time++) request();
  const before = process.memoryUsage().heapUsed;
  for (let time = 0; time < times; time++) request();
  return Math.max(0, process.memoryUsage().heapUsed - before) / times;
}

function temporaryFolder(): string {
  const cache = join(import.meta.dirname, '../node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'latchkey-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const first = by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
