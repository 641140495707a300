import { LatchkeyError, limits, subjectId } from '../base/index.ts';
import { type Algorithm, algorithms } from './algorithms.ts';

export type TokenKind = 'viewer' | 'camera';

/** Where an issuer's public keys come from. */
export type IssuerKeys =
  /** A JSON Web Key Set (RFC 7517) over https, or over http from this machine alone. */
  | { readonly jwksUrl: string }
  /** The same, or a single JSON Web Key, in a file that is read again when it changes. */
  | { readonly jwksFile: string }
  /** One public key or certificate, which signs with this algorithm. */
  | { readonly pemFile: string; readonly algorithm: Algorithm };

export interface IssuerSettings {
  /** The `iss` of its tokens, compared whole. */
  readonly issuer: string;
  /** Goes before each `sub`. Needed where there are several issuers, and none may begin with another's. */
  readonly namespace?: string | undefined;
  /** Which kinds of token it may make; both, when left out. */
  readonly mints?: readonly TokenKind[] | undefined;
  readonly keys: IssuerKeys;
}

export interface IdentitySettings {
  /** The `aud` by which a token says what it is. They differ. */
  readonly audiences: Readonly<Record<TokenKind, string>>;
  /** The signature algorithms that are taken. */
  readonly algorithms: readonly Algorithm[];
  /** How far an issuer's clock may be off, in seconds. */
  readonly clockToleranceSeconds: number;
  /** The longest that a token may live, in seconds. */
  readonly tokenLifetimeSecondsMax: number;
  /** At most `limits.issuersMax`. */
  readonly issuers: readonly IssuerSettings[];
  /** Reconnect tickets; none are made or taken when left out. */
  readonly tickets?: TicketSettings | undefined;
}

export interface TicketSettings {
  readonly enabled: boolean;
  /** How long a token's verification may stand for itself, in seconds. The token's own end may come before. */
  readonly lifetimeSecondsMax: number;
}

/** Throws a TypeError for what only a program can get wrong, and `settings-invalid` for what an operator can. */
export function checkSettings(settings: IdentitySettings): void {
  for (const algorithm of settings.algorithms) demandAlgorithm(algorithm);
  if (!(settings.clockToleranceSeconds >= 0)) throw new TypeError('clockToleranceSeconds is 0 or more.');
  if (!(settings.tokenLifetimeSecondsMax > 0)) throw new TypeError('tokenLifetimeSecondsMax is more than 0.');
  if (settings.tickets !== undefined && !(settings.tickets.lifetimeSecondsMax > 0)) {
    throw new TypeError('tickets.lifetimeSecondsMax is more than 0.');
  }
  const { viewer, camera } = settings.audiences;
  if (viewer === '' || camera === '' || viewer === camera) refuse('the audiences of viewers and cameras must differ');
  checkIssuers(settings.issuers);
}

function checkIssuers(issuers: readonly IssuerSettings[]): void {
  if (issuers.length > limits.issuersMax) refuse(`there are more than ${limits.issuersMax} issuers`);
  for (const [index, one] of issuers.entries()) {
    if (one.issuer === '') refuse('an issuer has no name');
    if ('algorithm' in one.keys) demandAlgorithm(one.keys.algorithm);
    if (one.mints?.length === 0) refuse(`${one.issuer}: it may make neither viewers’ nor cameras’ tokens`);
    if (one.namespace !== undefined && !isNamespace(one.namespace)) refuse(`${one.issuer}: the namespace is no id`);
    if (issuers.length > 1 && one.namespace === undefined) {
      refuse(`${one.issuer}: several issuers need a namespace each, so that their subjects never meet`);
    }
    for (const other of issuers.slice(index + 1)) checkApart(one, other);
  }
}

/** With namespaces of which none begins another, equal subjects of two issuers never make equal ids. */
function checkApart(one: IssuerSettings, other: IssuerSettings): void {
  if (one.issuer === other.issuer) refuse(`${one.issuer}: the issuer is there twice`);
  const [a = '', b = ''] = [one.namespace, other.namespace];
  if (a.startsWith(b) || b.startsWith(a)) {
    refuse(`${one.issuer} and ${other.issuer}: one namespace begins with the other, so their subjects could meet`);
  }
}

/** An id of its own right, short enough to leave room for a subject. */
function isNamespace(text: string): boolean {
  try {
    return subjectId(text).length <= limits.deviceIdCharactersMax / 2;
  } catch {
    return false;
  }
}

function demandAlgorithm(algorithm: string): void {
  if (!algorithms.some((known) => known === algorithm)) {
    throw new TypeError(`${algorithm} is not one of ${algorithms.join(', ')}.`);
  }
}

function refuse(detail: string): never {
  throw new LatchkeyError('settings-invalid', `identity.issuers: ${detail}`);
}
