import { parseArgs } from 'node:util';
import { systemClock } from '../../src/base/index.ts';
import { createRelay } from '../../src/relay/index.ts';
import { relaySettings } from '../support/relay-settings.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { emptySizes } from './support/engine-harness.ts';
import { Flatness } from './support/flatness.ts';
import { Crowd } from './support/soak-crowd.ts';

const help = `npm run soak: a relay with one media worker under load for long, with sessions that come and go.

  npm run soak -- --minutes 30      how long, in minutes
  npm run soak -- --rate 25000      RTP packets in a second, of all sessions together
  npm run soak -- --sessions 100    sessions at a time, at most 65000
  npm run soak -- --seed 1          of how long each session lives and how it ends
  npm run soak -- --help            this

Every ten seconds it says how large the process is and what has passed. Exit code: 0 when memory and tables stayed flat,
1 when one of them grew, or a session was not ended.
`;

const lineMs = 10_000;
const sampleMs = 1_000;
const mebibyte = 1024 * 1024;
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    rate: { type: 'string', default: '25000' },
    sessions: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(help);
else process.exitCode = await soak();

async function soak(): Promise<number> {
  const [minutes, rate, seats, seed] = [values.minutes, values.rate, values.sessions, values.seed].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  const relay = await createRelay(relaySettings(), { clock: systemClock, random: seededRandom(seed) });
  const crowd = new Crowd(relay, seats, rate / seats, seed);
  const memory = { rss: new Flatness(), heap: new Flatness(), external: new Flatness() };
  const beganMs = systemClock.now();
  const sampling = setInterval(() => {
    globalThis.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    memory.rss.add(rss);
    memory.heap.add(heapUsed);
    memory.external.add(external);
  }, sampleMs);
  let forwardedBefore = 0;
  const line = () => {
    const { forwarded, kernelDrops, sendErrors } = relay.counters;
    const notSent = Object.values(sendErrors).reduce((sum, count) => sum + count);
    const packets = forwarded.camera.packets + forwarded.viewer.packets;
    say(
      `${Math.round((systemClock.now() - beganMs) / 1_000)} s: rss ${mib(memory.rss.last)}, heap ${mib(memory.heap.last)}, external ${mib(memory.external.last)}; ` +
        `${crowd.open} sessions open, ${crowd.ended} ended; ${Math.round(((packets - forwardedBefore) * 1_000) / lineMs)} packets/s, ` +
        `${packets} in all; lost ${crowd.lost} of ${crowd.sent}: before the relay ${kernelDrops}, in it ${notSent}, behind it ${crowd.lostByPeers}`,
    );
    forwardedBefore = packets;
  };
  const lines = setInterval(line, lineMs);
  await crowd.runFor(minutes * 60_000);
  clearInterval(lines);
  clearInterval(sampling);
  const tables = relay.gauges;
  const { wiresOpened, wiresEnded, workersFailed } = relay.counters;
  line();
  await relay.close();

  const faults = [
    ...(memory.rss.isFlat(0.05, 4 * mebibyte) ? [] : ['the process has grown']),
    ...(memory.heap.isFlat(0.1, mebibyte) ? [] : ['the heap has grown']),
    ...(memory.external.isFlat(0.1, mebibyte) ? [] : ['the memory outside of the heap has grown']),
    ...(Object.keys(emptySizes).every((name) => tables[name as keyof typeof tables] === 0)
      ? []
      : ['a table is not empty']),
    ...(wiresOpened === wiresEnded ? [] : ['a wire was not ended']),
    ...(workersFailed === 0 ? [] : ['a media worker died']),
    ...(crowd.faults === 0 ? [] : [`${crowd.faults} sessions did not go as they should`]),
  ];
  const grown = Object.entries(memory).map(([name, flatness]) => `${name} ${mib(flatness.growth)}`);
  say(`tables at the end: ${JSON.stringify(tables)}; ${wiresOpened} wires opened, ${wiresEnded} ended`);
  say(`grown from the first half to the second, without the warm-up: ${grown.join(', ')}`);
  say(faults.length === 0 ? 'flat' : `not flat: ${faults.join('; ')}`);
  return faults.length === 0 ? 0 : 1;
}

function mib(bytes: number): string {
  return `${(bytes / mebibyte).toFixed(1)} MiB`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
