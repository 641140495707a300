import type { Guard } from './guard.ts';
import { guardsOfAdmission } from './guards-of-admission.ts';
import { guardsOfLevers } from './guards-of-levers.ts';
import { guardsOfProof } from './guards-of-proof.ts';
import { guardsOfSharing } from './guards-of-sharing.ts';
import { guardsOfSignaling } from './guards-of-signaling.ts';
import { guardsOfWire } from './guards-of-wire.ts';

/**
 * The guards that keep the invariant, each with a world that goes wrong without it. To add one: name the text, run
 * `npm run sim -- --guards` for a seed, and write that down here. Of `src/identity` tickets alone have lines, since a world verifies no
 * signatures.
 */
export const guards: readonly Guard[] = [
  ...guardsOfProof,
  ...guardsOfSharing,
  ...guardsOfSignaling,
  ...guardsOfAdmission,
  ...guardsOfWire,
  ...guardsOfLevers,
];
