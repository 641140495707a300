import { type DeviceId, LatchkeyError, type SubjectId } from '../base/index.ts';
import { isVerifiedViewer, type TokenEvidence, type VerifiedViewer } from '../identity/index.ts';
import { isOwnershipProof, type OwnershipProof, type Role } from '../ownership/index.ts';

const mint = Symbol('pairing.mint');

interface PairProofs {
  readonly viewer: VerifiedViewer;
  readonly proof: OwnershipProof;
}

/**
 * The capability: this subject may see this device until `expiresAtMs`. The relay's door takes it and nothing else.
 * It is minted in this file alone, from two proofs that agree, and it does not serialise.
 */
export class VerifiedPair {
  readonly #minted = true;
  readonly #proofs: PairProofs;
  readonly subject: SubjectId;
  readonly device: DeviceId;
  readonly role: Role;
  /** The earlier of the token's end and the share's end, in milliseconds since the epoch. */
  readonly expiresAtMs: number;
  readonly evidence: { readonly token: TokenEvidence; readonly source: string; readonly version: string };

  constructor(key: symbol, viewer: VerifiedViewer, proof: OwnershipProof) {
    if (key !== mint) throw new TypeError('A VerifiedPair is minted from two proofs, and in no other way.');
    this.#proofs = { viewer, proof };
    this.subject = proof.subject;
    this.device = proof.device;
    this.role = proof.role;
    this.expiresAtMs = Math.min(viewer.evidence.expiresAtMs, proof.notAfterMs ?? Number.POSITIVE_INFINITY);
    this.evidence = Object.freeze({ token: viewer.evidence, source: proof.source, version: proof.version });
    Object.freeze(this);
  }

  /** Whether `value` is a real pair, whatever its type says. */
  static is(value: unknown): value is VerifiedPair {
    return typeof value === 'object' && value !== null && #minted in value && value.#minted;
  }

  /** For this room alone: what a pair was minted from, to ask again. */
  static proofsOf(pair: VerifiedPair): PairProofs {
    return pair.#proofs;
  }

  toJSON(): never {
    throw new TypeError('A VerifiedPair does not serialise: another process verifies again.');
  }
}

/** Whether two pairs name one subject and one device. */
export function samePair(a: VerifiedPair, b: VerifiedPair): boolean {
  return a.subject === b.subject && a.device === b.device;
}

/**
 * The only mint. Throws `not-allowed` unless both proofs are real, name one subject and this device, and are in force, and
 * `token-expired` where it is the viewer's token that has come to its end.
 */
export function mintPair(viewer: VerifiedViewer, device: DeviceId, proof: OwnershipProof, nowMs: number): VerifiedPair {
  if (!isVerifiedViewer(viewer) || !isOwnershipProof(proof)) throw new LatchkeyError('not-allowed', 'no proof');
  if (proof.subject !== viewer.subject || proof.device !== device)
    throw new LatchkeyError('not-allowed', 'crossed proof');
  if (!(viewer.evidence.expiresAtMs > nowMs)) throw new LatchkeyError('token-expired');
  const pair = new VerifiedPair(mint, viewer, proof);
  if (!(pair.expiresAtMs > nowMs)) throw new LatchkeyError('not-allowed', 'expired proof');
  return pair;
}
