import type { JWTPayload } from 'jose';
import { type DeviceId, deviceId, LatchkeyError, type SubjectId, subjectId } from '../base/index.ts';
import { readDevices } from './devices-claim.ts';
import type { IdentitySettings, TokenKind } from './settings.ts';
import type { TokenEvidence } from './verified.ts';

/** What the claims of a token whose signature is verified say. */
export type Claims =
  | {
      readonly kind: 'viewer';
      readonly subject: SubjectId;
      readonly devices: readonly DeviceId[];
      readonly evidence: TokenEvidence;
    }
  | { readonly kind: 'camera'; readonly device: DeviceId; readonly evidence: TokenEvidence };

export type ClaimRules = Pick<IdentitySettings, 'audiences' | 'clockToleranceSeconds' | 'tokenLifetimeSecondsMax'> & {
  /** The `iss` that the token was verified against, and what goes before its subjects. */
  readonly issuer: string;
  readonly namespace: string;
};

/**
 * Reads the claims that the signature, `iss`, `exp` and `nbf` have been verified of. Throws `token-claims` where one is missing or
 * of the wrong type, `token-audience` unless exactly one of the two audiences is there, `token-not-yet` for a token from
 * the future and `token-lifetime` for one that lives too long.
 */
export function readClaims(payload: JWTPayload, rules: ClaimRules, nowSeconds: number): Claims {
  const { sub, jti, iat, exp } = payload;
  if (typeof sub !== 'string' || sub === '') throw new LatchkeyError('token-claims', 'sub');
  if (jti !== undefined && typeof jti !== 'string') throw new LatchkeyError('token-claims', 'jti');
  const kind = kindOf(payload.aud, rules.audiences);
  checkTimes(finite(iat, 'iat'), finite(exp, 'exp'), rules, nowSeconds);
  const evidence = {
    issuer: rules.issuer,
    tokenId: jti,
    // Whatever an issuer's clock says, it was issued before it came here: what is taken back now shall hit it.
    issuedAtMs: Math.min(finite(iat, 'iat'), nowSeconds) * 1000,
    expiresAtMs: finite(exp, 'exp') * 1000,
  };
  const name = rules.namespace + sub;
  return kind === 'viewer'
    ? { kind, subject: named(() => subjectId(name)), devices: readDevices(payload), evidence }
    : { kind, device: named(() => deviceId(name)), evidence };
}

function kindOf(aud: unknown, audiences: Readonly<Record<TokenKind, string>>): TokenKind {
  const list = typeof aud === 'string' ? [aud] : aud;
  if (!Array.isArray(list) || !list.every((each) => typeof each === 'string')) {
    throw new LatchkeyError('token-claims', 'aud');
  }
  const kinds = (['viewer', 'camera'] as const).filter((kind) => list.includes(audiences[kind]));
  const [only] = kinds;
  if (only === undefined || kinds.length > 1) throw new LatchkeyError('token-audience');
  return only;
}

/**
 * An issuer's clock may be ahead of ours: a token from the future is believed up to the tolerance. So none has more to live
 * from now than `tokenLifetimeSecondsMax` and the tolerance.
 */
function checkTimes(iat: number, exp: number, rules: ClaimRules, nowSeconds: number): void {
  const { clockToleranceSeconds: tolerance, tokenLifetimeSecondsMax: longest } = rules;
  if (iat > nowSeconds + tolerance) throw new LatchkeyError('token-not-yet', 'iat');
  if (exp - iat > longest) throw new LatchkeyError('token-lifetime');
}

/** JSON can spell a number that is infinite, and infinity less infinity is less than any bound. */
function finite(value: unknown, claim: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new LatchkeyError('token-claims', claim);
  return value;
}

function named<Id>(read: () => Id): Id {
  try {
    return read();
  } catch {
    throw new LatchkeyError('token-claims', 'sub has characters that ids cannot have, or too many');
  }
}
