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
import { type CurrentKeys, type FreshKeys, type KeysObserver, openKeys } from './issuer-keys.ts';
import type { VerificationKey } from './key-set.ts';
import { createRevocations, type Revocations } from './revocations.ts';
import { checkSettings, type IdentitySettings, type IssuerSettings } from './settings.ts';
import type { TicketKeys } from './ticket-keys.ts';
import { type TicketGround, TicketOffice, type Tickets, type TicketsObserver, type TrustedIssuer } from './tickets.ts';
import { mintCamera, mintViewer, type VerifiedCamera, type VerifiedViewer } from './verified.ts';

export interface IdentityPowers {
  readonly clock: Clock;
  /** What key sets are fetched with; the platform's unless told otherwise. */
  readonly fetch?: typeof fetch;
  /** What was taken back; nothing, when left out. */
  readonly revocations?: Revocations | undefined;
  /** What tickets are signed with. Without, there are no tickets. */
  readonly ticketKeys?: TicketKeys | undefined;
  /** Whose place it shall take: the keys that it had from an issuer’s address are not asked for again. */
  readonly previous?: Identity | undefined;
}

/** What this room has to tell. Every value is from a closed set. */
export interface IdentityObserver extends KeysObserver, TicketsObserver {}

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
    async (issuer): Promise<[string, TrustedIssuer]> => [
      issuer.issuer,
      { settings: issuer, keys: keptKeys(powers.previous, issuer) ?? (await openKeys(issuer.keys, powers, observer)) },
    ],
  );
  const verifier = new Verifier(settings, new Map(await Promise.all(opened)), powers, observer);
  await verifier.ready;
  return verifier;
}

/** Keys that were fetched stay while nobody answers at their address. A file is read anew, and must be good. */
function keptKeys(previous: Identity | undefined, { issuer, keys }: IssuerSettings): CurrentKeys | undefined {
  if (!(previous instanceof Verifier) || !('jwksUrl' in keys)) return undefined;
  const known = previous.trusted(issuer);
  const same = known !== undefined && 'jwksUrl' in known.settings.keys && known.settings.keys.jwksUrl === keys.jwksUrl;
  return same ? known.keys : undefined;
}

class Verifier implements Identity {
  readonly #settings: IdentitySettings;
  readonly #issuers: ReadonlyMap<string, TrustedIssuer>;
  readonly #clock: Clock;
  readonly #revocations: Revocations;
  readonly #office: TicketOffice | undefined;
  readonly #refreshing: readonly FreshKeys[];

  constructor(
    settings: IdentitySettings,
    issuers: ReadonlyMap<string, TrustedIssuer>,
    { clock, revocations = createRevocations(), ticketKeys: keys }: IdentityPowers,
    observer: IdentityObserver,
  ) {
    this.#settings = settings;
    this.#issuers = issuers;
    this.#clock = clock;
    this.#revocations = revocations;
    const { tickets } = settings;
    const made = tickets?.enabled === true && keys !== undefined;
    this.#office = made
      ? new TicketOffice({ settings: { ...settings, tickets }, issuers, keys, revocations, clock, observer })
      : undefined;
    // A ticket is judged by the keys that are there, so somebody has to see to it that they are the ones of now.
    this.#refreshing = made ? [...issuers.values()].map((issuer) => issuer.keys.keepFresh()) : [];
  }

  /** Resolves when the keys that tickets are judged by are there, or cannot be had: a whole fleet may come at once. */
  get ready(): Promise<unknown> {
    return Promise.all(this.#refreshing.map(({ first }) => first));
  }

  trusted(issuer: string): TrustedIssuer | undefined {
    return this.#issuers.get(issuer);
  }

  get tickets(): Tickets | undefined {
    return this.#office;
  }

  close(): void {
    for (const { timer } of this.#refreshing) timer.cancel();
  }

  async verify(token: Redacted<string>): Promise<VerifiedViewer | VerifiedCamera> {
    const { claims, ground } = await this.#claimsOf(token.reveal());
    const bearer = claims.kind === 'viewer' ? claims.subject : claims.device;
    if (this.#revocations.isVoid(bearer, claims.evidence)) throw new LatchkeyError('token-revoked');
    if (claims.kind === 'viewer') return mintViewer(claims.subject, claims.evidence, claims.devices);
    const camera = mintCamera(claims.device, claims.evidence);
    this.#office?.remember(camera, ground);
    return camera;
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

  async #claimsOf(token: string): Promise<{ claims: Claims; ground: TicketGround }> {
    const { header, issuerName } = peek(token);
    const algorithm = this.#settings.algorithms.find((taken) => taken === header.alg);
    if (algorithm === undefined) throw new LatchkeyError('token-algorithm');
    const issuer = this.#issuers.get(issuerName);
    if (issuer === undefined) throw new LatchkeyError('token-issuer');
    const keys = await keysFor(issuer.keys, algorithm, header.kid);
    const { payload, key } = await this.#payloadOf(token, issuerName, algorithm, keys);
    const { namespace = '', mints } = issuer.settings;
    const nowMs = this.#clock.now();
    const claims = readClaims(payload, { ...this.#settings, issuer: issuerName, namespace }, nowMs / 1000);
    if (mints !== undefined && !mints.includes(claims.kind)) throw new LatchkeyError('token-issuer', claims.kind);
    const { audiences } = this.#settings;
    const { thumbprint } = key;
    return { claims, ground: { namespace, audience: audiences.camera, algorithm, thumbprint, verifiedAtMs: nowMs } };
  }

  async #payloadOf(
    token: string,
    issuer: string,
    algorithm: Algorithm,
    keys: readonly VerificationKey[],
  ): Promise<{ payload: JWTPayload; key: VerificationKey }> {
    const options = {
      algorithms: [algorithm],
      issuer,
      requiredClaims: ['iss', 'aud', 'sub', 'exp', 'iat'],
      clockTolerance: this.#settings.clockToleranceSeconds,
      currentDate: new Date(this.#clock.now()),
    };
    for (const key of keys) {
      try {
        return { payload: (await jwtVerify(token, key.key, options)).payload, key };
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
