import type { DeviceId, SubjectId } from '../base/index.ts';

/** What every verified token says of itself. */
export interface TokenEvidence {
  /** The issuer's name as it stands in `iss`. */
  readonly issuer: string;
  /** The token's `jti`, where it has one. */
  readonly tokenId: string | undefined;
  /** Milliseconds since the epoch. */
  readonly issuedAtMs: number;
  /** Milliseconds since the epoch; nothing that rests on this token outlives it. */
  readonly expiresAtMs: number;
  /** There where a reconnect ticket proved it, in the place of that token. */
  readonly ticket?: true;
}

const mint = Symbol('identity.mint');

/** Proof that a viewer's token was verified. It is made in this file's mint and nowhere else, and it does not serialise. */
export class VerifiedViewer {
  readonly #minted = true;
  readonly kind = 'viewer';
  readonly subject: SubjectId;
  /** The devices that the token itself names as this viewer's, in order, each once; none where it names none. */
  readonly devices: readonly DeviceId[];
  readonly evidence: TokenEvidence;

  constructor(key: symbol, subject: SubjectId, evidence: TokenEvidence, devices: readonly DeviceId[]) {
    if (key !== mint) throw new TypeError('A VerifiedViewer is made by verifying a token, and in no other way.');
    this.subject = subject;
    this.devices = Object.freeze([...devices]);
    this.evidence = Object.freeze({ ...evidence });
    Object.freeze(this);
  }

  /** Whether `value` is a real proof, whatever its type says. */
  static is(value: unknown): value is VerifiedViewer {
    return typeof value === 'object' && value !== null && #minted in value && value.#minted;
  }

  toJSON(): never {
    throw new TypeError('A VerifiedViewer does not serialise: verify the token again where it is needed.');
  }
}

/** Proof that a camera's token was verified: the camera's id is its token's subject. Made here and nowhere else. */
export class VerifiedCamera {
  readonly #minted = true;
  readonly kind = 'camera';
  readonly device: DeviceId;
  readonly evidence: TokenEvidence;

  constructor(key: symbol, device: DeviceId, evidence: TokenEvidence) {
    if (key !== mint) throw new TypeError('A VerifiedCamera is made by verifying a token, and in no other way.');
    this.device = device;
    this.evidence = Object.freeze({ ...evidence });
    Object.freeze(this);
  }

  /** Whether `value` is a real proof, whatever its type says. */
  static is(value: unknown): value is VerifiedCamera {
    return typeof value === 'object' && value !== null && #minted in value && value.#minted;
  }

  toJSON(): never {
    throw new TypeError('A VerifiedCamera does not serialise: verify the token again where it is needed.');
  }
}

/** For the verifier of this room alone. */
export function mintViewer(
  subject: SubjectId,
  evidence: TokenEvidence,
  devices: readonly DeviceId[] = [],
): VerifiedViewer {
  return new VerifiedViewer(mint, subject, evidence, devices);
}

/** For the verifier of this room alone. */
export function mintCamera(device: DeviceId, evidence: TokenEvidence): VerifiedCamera {
  return new VerifiedCamera(mint, device, evidence);
}
