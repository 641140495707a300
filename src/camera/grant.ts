import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify } from 'jose';
import type { Clock } from '../base/index.ts';
import { type GrantClaims, grantClaims, grantType } from '../protocol/index.ts';
import type { Subjects } from './subjects.ts';

/** Why a camera does not show itself. */
export const grantRefusals = [
  'missing',
  'no-keys',
  'malformed',
  'signature',
  'claims',
  'expired',
  'session',
  'device',
  'fingerprint',
  'subject',
  'certificate',
] as const;
export type GrantRefusal = (typeof grantRefusals)[number];

/** What the grant has to say, word for word. */
export interface Expected {
  readonly session: string;
  readonly device: string;
  /** Those in the viewer's session description. */
  readonly fingerprints: readonly string[];
}

/** Signed by one of `keys` and naming this session, this camera and this viewer: gives its claims, or why it is refused. */
export async function checkGrant(
  grant: string | undefined,
  expected: Expected,
  keys: JSONWebKeySet | undefined,
  subjects: Subjects,
  clock: Clock,
): Promise<GrantClaims | GrantRefusal> {
  if (grant === undefined) return 'missing';
  if (keys === undefined || keys.keys.length === 0) return 'no-keys';
  const claims = await readGrant(grant, keys, clock);
  if (typeof claims === 'string') return claims;
  if (claims.sid !== expected.session) return 'session';
  if (claims.device !== expected.device) return 'device';
  if (!sameSet(claims.fingerprints, expected.fingerprints)) return 'fingerprint';
  return subjects.admit(claims) ? claims : 'subject';
}

/** In what a later grant of a live view names another viewer than the first did; undefined where it does not. */
export function differenceOf(first: GrantClaims, later: GrantClaims): GrantRefusal | undefined {
  if (later.sid !== first.sid) return 'session';
  if (later.device !== first.device) return 'device';
  if (later.sub !== first.sub) return 'subject';
  return sameSet(later.fingerprints, first.fingerprints) ? undefined : 'fingerprint';
}

async function readGrant(grant: string, keys: JSONWebKeySet, clock: Clock): Promise<GrantClaims | GrantRefusal> {
  try {
    const { payload } = await jwtVerify(grant, createLocalJWKSet(keys), {
      algorithms: ['EdDSA'],
      typ: grantType,
      currentDate: new Date(clock.now()),
    });
    return grantClaims.safeParse(payload).data ?? 'claims';
  } catch (thrown) {
    if (thrown instanceof errors.JWTExpired) return 'expired';
    if (thrown instanceof errors.JWTClaimValidationFailed) return 'claims';
    if (thrown instanceof errors.JWSSignatureVerificationFailed || thrown instanceof errors.JWKSNoMatchingKey) {
      return 'signature';
    }
    return 'malformed';
  }
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const one = new Set(a);
  const other = new Set(b);
  return one.size === other.size && [...one].every((entry) => other.has(entry));
}
