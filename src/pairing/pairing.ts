import type { Clock, DeviceId, Span } from '../base/index.ts';
import type { VerifiedViewer } from '../identity/index.ts';
import type { Ownership } from '../ownership/index.ts';
import { demandUnopposed, noObjections, type PairRules } from './rules.ts';
import { mintPair, type VerifiedPair } from './verified-pair.ts';

/** Joins a proven person to a device that a source says they may see. */
export interface Pairing {
  /**
   * Throws `not-allowed`, `source-unavailable`, or `token-expired` when the viewer's proof has outlived its token. To whom a source says
   * yes, and to nobody else: `token-revoked`, `device-quarantined` and `switched-off`. `span`: what the question is a part of.
   */
  pair(viewer: VerifiedViewer, device: DeviceId, span?: Span): Promise<VerifiedPair>;
  /**
   * Every device that the viewer may see now, as pairs; one whose share has just ended is left out. Throws
   * `source-unavailable` and `token-expired`.
   */
  pairsOf(viewer: VerifiedViewer): Promise<VerifiedPair[]>;
}

export function createPairing(ownership: Ownership, clock: Clock, rules: PairRules = noObjections): Pairing {
  return {
    async pair(viewer, device, span) {
      const proof = await ownership.may(viewer, device, span);
      const pair = mintPair(viewer, device, proof, clock.now());
      demandUnopposed(rules, pair);
      return pair;
    },
    async pairsOf(viewer) {
      const proofs = await ownership.devices(viewer);
      const nowMs = clock.now();
      const inForce = proofs.filter(({ notAfterMs = Number.POSITIVE_INFINITY }) => notAfterMs > nowMs);
      return inForce.map((proof) => mintPair(viewer, proof.device, proof, nowMs));
    },
  };
}
