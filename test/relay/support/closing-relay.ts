import { newSessionId, systemClock, systemRandom } from '../../../src/base/index.ts';
import { createRelay } from '../../../src/relay/index.ts';
import { pairProof } from '../../support/proofs.ts';
import { relaySettings } from '../../support/relay-settings.ts';
import { iceOf } from './relay-bench.ts';

/** A process that opens a relay with two workers and two wires, closes it, and ends when nothing keeps it. */
const udp = process.argv[2] === 'dgram' ? 'dgram' : 'batched';
const relay = await createRelay(relaySettings({ udp, workers: 2 }), { clock: systemClock, random: systemRandom });
let ended = 0;
const pair = pairProof('alice', 'cam1', systemClock.now());
for (const n of [1, 2]) {
  await relay.reserve(pair, newSessionId(systemRandom)).open(...iceOf(n), { ended: () => ended++ });
}
const { wires } = relay.gauges;
process.once('beforeExit', () => process.stdout.write(JSON.stringify({ closed: true, wires, ended })));
await relay.close();
