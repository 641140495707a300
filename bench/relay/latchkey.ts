/**
 * The relay itself, in a process of its own: `latchkey.ts --udp dgram|batched --sessions N`. Opens N wires, prints one line of JSON
 * that says where it listens, answers each line on its standard input with its memory, and ends on SIGTERM.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { newSessionId, systemClock, systemRandom } from '../../src/base/index.ts';
import { createRelay } from '../../src/relay/index.ts';
import { pairProof } from '../../test/support/proofs.ts';
import { relaySettings } from '../../test/support/relay-settings.ts';
import { credentialsOf } from './checks.ts';

const dayMs = 86_400_000;

const { values } = parseArgs({
  options: { udp: { type: 'string', default: 'dgram' }, sessions: { type: 'string', default: '100' } },
});
const udp = values.udp === 'dgram' ? 'dgram' : 'batched';
const relay = await createRelay(relaySettings({ udp }), { clock: systemClock, random: systemRandom });
for (let index = 0; index < Number(values.sessions); index++) {
  const nowMs = systemClock.now();
  const pair = pairProof(`subject-${index}`, `device-${index}`, nowMs, nowMs + dayMs);
  const session = newSessionId(systemRandom);
  const ended = (reason: string) => {
    if (reason !== 'relay-stopping') process.stderr.write(`session ${index} ended: ${reason}\n`);
  };
  const place = relay.reserve(pair, session);
  await place.open(credentialsOf('viewer', index), credentialsOf('camera', index), { ended });
}
say({ port: relay.addresses[0]?.port });

createInterface(process.stdin).on('line', () => {
  // Twice, since the first collection only queues what has a finalizer.
  globalThis.gc?.();
  globalThis.gc?.();
  say({ rssBytes: process.memoryUsage.rss() });
});
process.once('SIGTERM', () => relay.close().then(() => process.exit()));

function say(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
