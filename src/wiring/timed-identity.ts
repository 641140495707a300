import { asLatchkeyError } from '../base/index.ts';
import type { Identity, VerifiedCamera, VerifiedViewer } from '../identity/index.ts';

/** What came of a verification. `unavailable`: the issuer's keys could not be had. */
export type VerificationOutcome = 'viewer' | 'camera' | 'refused' | 'unavailable';

/**
 * The same identity, and `took` hears how long each verification was from its start to its end, in milliseconds. `elapsedMs` counts
 * them from any time on, with their fractions: most take less than one.
 */
export function timedIdentity(
  identity: Identity,
  took: (outcome: VerificationOutcome, ms: number) => void,
  elapsedMs: () => number = () => performance.now(),
): Identity {
  async function timed<Proof extends VerifiedViewer | VerifiedCamera>(work: () => Promise<Proof>): Promise<Proof> {
    const fromMs = elapsedMs();
    let outcome: VerificationOutcome = 'refused';
    try {
      const proof = await work();
      outcome = proof.kind;
      return proof;
    } catch (thrown) {
      if (asLatchkeyError(thrown).code === 'keys-unavailable') outcome = 'unavailable';
      throw thrown;
    } finally {
      took(outcome, elapsedMs() - fromMs);
    }
  }
  return {
    verify: (token) => timed(() => identity.verify(token)),
    verifyViewer: (token) => timed(() => identity.verifyViewer(token)),
    verifyCamera: (token) => timed(() => identity.verifyCamera(token)),
    get tickets() {
      return identity.tickets;
    },
    close: () => identity.close?.(),
  };
}
