import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  jwtVerify,
  type ProtectedHeaderParameters,
} from 'jose';
import { type Clock, LatchkeyError, limits, type Redacted } from '../base/index.ts';
import type { Algorithm } from './algorithms.ts';
import { type Claims, readClaims } from './claims.ts';
import type { Identity } from './index.ts';
import { type CurrentKeys, type KeysObserver, openKeys } from './issuer-keys.ts';
import type { VerificationKey } from './key-set.ts';
import { checkSettings, type IdentitySettings, type IssuerSettings } from './settings.ts';
import { mintCamera, mintViewer, type VerifiedCamera, type VerifiedViewer } from './verified.ts';

export interface IdentityPowers {
  readonly clock: Clock;
  /** What key sets are fetched with; the platform's unless told otherwise. */
  readonly fetch?: typeof fetch;
}

/** What this room has to tell. Every value is from a closed set. */
export type IdentityObserver = KeysObserver;

interface Issuer {
  readonly settings: IssuerSettings;
  readonly keys: CurrentKeys;
}

/**
 * Opens the issuers' keys. Throws a TypeError for an algorithm that is not taken here or a bound that is none, and
 * `settings-invalid` for issuers that could be confused and for key files that cannot be used.
 */
export async function createIdentity(
  settings: IdentitySettings,
  powers: IdentityPowers,
  observer: IdentityObserver = {},
): Promise<Identity> {
  checkSettings(settings);
  const opened = settings.issuers.map(
    async (issuer): Promise<[string, Issuer]> => [
      issuer.issuer,
      { settings: issuer, keys: await openKeys(issuer.keys, powers, observer) },
    ],
  );
  return new Verifier(settings, new Map(await Promise.all(opened)), powers.clock);
}

class Verifier implements Identity {
  readonly #settings: IdentitySettings;
  readonly #issuers: ReadonlyMap<string, Issuer>;
  readonly #clock: Clock;

  constructor(settings: IdentitySettings, issuers: ReadonlyMap<string, Issuer>, clock: Clock) {
    this.#settings = settings;
    this.#issuers = issuers;
    this.#clock = clock;
  }

  async verify(token: Redacted<string>): Promise<VerifiedViewer | VerifiedCamera> {
    const claims = await this.#claimsOf(token.reveal());
    return claims.kind === 'viewer'
      ? mintViewer(claims.subject, claims.evidence, claims.devices)
      : mintCamera(claims.device, claims.evidence);
  }

  async verifyViewer(token: Redacted<string>): Promise<VerifiedViewer> {
    const proof = await this.verify(token);
    if (proof.kind !== 'viewer') throw new LatchkeyError('token-audience');
    return proof;
  }

  async verifyCamera(token: Redacted<string>): Promise<VerifiedCamera> {
    const proof = await this.verify(token);
    if (proof.kind !== 'camera') throw new LatchkeyError('token-audience');
    return proof;
  }

  async #claimsOf(token: string): Promise<Claims> {
    const { header, issuerName } = peek(token);
    const algorithm = this.#settings.algorithms.find((taken) => taken === header.alg);
    if (algorithm === undefined) throw new LatchkeyError('token-algorithm');
    const issuer = this.#issuers.get(issuerName);
    if (issuer === undefined) throw new LatchkeyError('token-issuer');
    const keys = await keysFor(issuer.keys, algorithm, header.kid);
    const payload = await this.#payloadOf(token, issuerName, algorithm, keys);
    const { namespace = '', mints } = issuer.settings;
    const claims = readClaims(payload, { ...this.#settings, issuer: issuerName, namespace }, this.#clock.now() / 1000);
    if (mints !== undefined && !mints.includes(claims.kind)) throw new LatchkeyError('token-issuer', claims.kind);
    return claims;
  }

  async #payloadOf(
    token: string,
    issuer: string,
    algorithm: Algorithm,
    keys: readonly VerificationKey[],
  ): Promise<JWTPayload> {
    const options = {
      algorithms: [algorithm],
      issuer,
      requiredClaims: ['iss', 'aud', 'sub', 'exp', 'iat'],
      clockTolerance: this.#settings.clockToleranceSeconds,
      currentDate: new Date(this.#clock.now()),
    };
    for (const { key } of keys) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (thrown) {
        if (!(thrown instanceof errors.JWSSignatureVerificationFailed)) throw refusalOf(thrown);
      }
    }
    throw new LatchkeyError('token-signature');
  }
}

/** Reads what a token says of itself before anything is verified. It decides which keys are tried, and nothing else. */
function peek(token: string): { header: ProtectedHeaderParameters; issuerName: string } {
  if (token.length > limits.tokenBytesMax) throw new LatchkeyError('token-malformed');
  let header: ProtectedHeaderParameters;
  let issuerName: unknown;
  try {
    header = decodeProtectedHeader(token);
    issuerName = decodeJwt(token).iss;
  } catch {
    throw new LatchkeyError('token-malformed');
  }
  if (header.crit !== undefined) throw new LatchkeyError('token-malformed', 'crit');
  if (header.kid !== undefined && typeof header.kid !== 'string') throw new LatchkeyError('token-malformed', 'kid');
  if (typeof issuerName !== 'string') throw new LatchkeyError('token-claims', 'iss');
  return { header, issuerName };
}

/**
 * The keys that may have signed: those of that algorithm, and of that id where both the token and the key have one. Throws
 * `token-signature` when no key has the id, `token-algorithm` when those that have it do not fit the algorithm, and
 * `keys-unavailable` when a newer set may have the key and cannot be had.
 */
async function keysFor(keys: CurrentKeys, algorithm: Algorithm, id: string | undefined): Promise<VerificationKey[]> {
  const named = (all: readonly VerificationKey[]) =>
    all.filter((key) => id === undefined || key.id === undefined || key.id === id);
  let found = named(await keys.get());
  if (found.length === 0) found = named(await keys.get(true));
  if (found.length === 0) throw new LatchkeyError(keys.behind ? 'keys-unavailable' : 'token-signature', 'kid');
  const fitting = found.filter((key) => key.algorithms.includes(algorithm));
  if (fitting.length === 0) throw new LatchkeyError('token-algorithm', 'kid');
  return fitting;
}

/** What jose found wrong, as a code of the table. Its own error is left behind, since it carries the claims. */
function refusalOf(thrown: unknown): LatchkeyError {
  if (thrown instanceof errors.JWTExpired) return new LatchkeyError('token-expired');
  if (thrown instanceof errors.JWTClaimValidationFailed) {
    const early = thrown.claim === 'nbf' && thrown.reason === 'check_failed';
    return new LatchkeyError(early ? 'token-not-yet' : 'token-claims', thrown.claim);
  }
  if (thrown instanceof errors.JOSEError) return new LatchkeyError('token-malformed');
  throw thrown;
}
