import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { systemClock, systemRandom } from '../../base/index.ts';
import { startCamera } from '../../camera/index.ts';
import type { Settings } from '../../config/index.ts';
import { developmentIssuerOf } from '../../wiring/index.ts';
import { cameras } from './households.ts';

interface Start {
  relay: string;
  settings: Settings;
}

/** The demo's four cameras, each an agent like any other, in one process that ends with its parent. */
const [start] = (await once(process, 'message')) as [Start];
const issuer = await developmentIssuerOf(start.settings);

const agents = cameras.map(({ id, household, name }) =>
  startCamera(
    {
      relay: start.relay,
      name: `${household} · ${name}`,
      token: () => issuer.token('camera', id, 3_600),
      source: { kind: 'clip', path: fileURLToPath(new URL(`../../../config/demo/${id}`, import.meta.url)) },
    },
    { clock: systemClock, random: systemRandom },
  ),
);

// An interrupt reaches the whole process group; the parent says when to stop.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
if (process.connected) await once(process, 'disconnect');
await Promise.all(agents.map((agent) => agent.close()));
process.exit(0);
