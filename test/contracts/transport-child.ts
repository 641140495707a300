import { loadUws } from '../../src/signaling/transport/uws-module.ts';
import { openUwsTransport } from '../../src/signaling/transport/uws-transport.ts';
import { transportClaims } from './transport.ts';

/** Runs the contract on uWebSockets.js in this process and writes one line of JSON for each claim. */
const loaded = await loadUws();
if (!('module' in loaded)) throw new Error(loaded.why);
const { module } = loaded;

async function run({ name, claim }: (typeof transportClaims)[number]): Promise<void> {
  try {
    await claim((handlers, settings, parts) => openUwsTransport(module, handlers, settings, parts));
    report({ name });
  } catch (error) {
    report({ name, error: (error as Error).stack ?? String(error) });
  }
}

function report(outcome: { name: string; error?: string }): void {
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}

const slow = Promise.all(transportClaims.filter((claim) => claim.slow).map(run));
for (const claim of transportClaims.filter((candidate) => !candidate.slow)) await run(claim);
await slow;
