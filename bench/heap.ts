import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { commonOptions, keep } from './options.ts';
import { checksOf } from './relay/checks.ts';
import { Child } from './relay/child.ts';
import { type HeapReport, heapTable } from './relay/heap-report.ts';
import { Lane } from './relay/lane.ts';
import { coturnNeed, makeTools, seeToNeeds } from './relay/tools.ts';

const help = `npm run bench:heap: what a packet takes of the heap, and who takes it.

  --quick       10 seconds instead of a minute
  --json FILE   write the aim and the profile to FILE
  --help        this

The loop of a media worker, with 100 open sessions, moves 40,000 packets a second from cameras to viewers on loopback, while V8's
sampling heap profiler looks at what it allocates (one sample for 1,024 bytes on average, garbage included). The aim is at most 1 byte per packet, but for 16 bytes per batch: its time.
`;

const bytesPerPacketMax = 1;
const numberBytes = 16;
const sessions = 100;
const load = { rate: 40_000, burst: 1 };
const warmMs = 3_000;

const { values } = parseArgs({
  options: commonOptions,
});
if (values.help) process.stdout.write(help);
else await main();

async function main(): Promise<void> {
  const missing = (await seeToNeeds((line) => process.stderr.write(`${line}\n`))).filter((need) => need !== coturnNeed);
  if (missing.length > 0) throw new Error(`missing: ${missing.map(({ program }) => program).join(', ')}`);
  using tools = makeTools();
  const measureMs = values.quick ? 10_000 : 60_000;
  let worker: Child | undefined;
  await using lane = await Lane.open(
    {
      name: 'a media worker',
      about: '',
      async start() {
        const checks = join(tools.folder, 'checks');
        writeFileSync(checks, checksOf(sessions));
        const file = join(import.meta.dirname, 'relay/heap-worker.ts');
        const parameters = ['--disable-warning=ExperimentalWarning', file, String(sessions), String(measureMs)];
        worker = new Child('a media worker', tools.relayCore, process.execPath, parameters);
        const { port } = (await worker.answer()) as { port: number };
        return { child: worker, setup: `latch ${port} ${worker.pid} ${checks}` };
      },
    },
    tools,
    sessions,
  );
  process.stderr.write(`${load.rate} packets/s for ${measureMs / 1000} seconds\n`);
  await lane.step(load, { warmMs, measureMs: measureMs + warmMs });
  const report = (await worker?.answer()) as HeapReport;
  // The time of each batch is a number that V8 puts into a box.
  const value = Math.max(0, report.bytes - numberBytes * report.turns) / report.packets;
  const aims = [
    {
      name: 'heap per packet, but for the time of its batch',
      value,
      limit: bytesPerPacketMax,
      unit: 'bytes',
      holds: value <= bytesPerPacketMax,
    },
  ];
  process.stdout.write(`${heapTable(report)}\n`);
  keep(values.json, { aims, runs: [report] });
}
