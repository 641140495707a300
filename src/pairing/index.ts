import { VerifiedPair } from './verified-pair.ts';

export { createGrantSigner, type GrantedSession, type GrantSigner, newGrantKey } from './grants.ts';
export { createPairing, type Pairing } from './pairing.ts';
export { createReproof, type Reproof, type ReproofObserver } from './reproof.ts';
export { noObjections, type Objection, type PairRules } from './rules.ts';
export {
  createSessions,
  type Session,
  type SessionSettings,
  type Sessions,
  type SessionsObserver,
} from './sessions.ts';
export type { Beginning, Ending, MediaFigures, SideFigures, Trail } from './trail.ts';
export type { VerifiedPair } from './verified-pair.ts';

/** Whether `value` is a real pair, whatever its type says. For the doors. */
export const isVerifiedPair = VerifiedPair.is;
