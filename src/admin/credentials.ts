import { createHash, timingSafeEqual } from 'node:crypto';
import { LatchkeyError, limits, type RandomSource, Redacted } from '../base/index.ts';

/** Who may use the admin API: a name for the record, and the token that proves it. */
export interface Credential {
  readonly name: string;
  readonly token: Redacted<string>;
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._@-]*$/;
/** `b64token` of RFC 6750, section 2.1. */
const tokenPattern = /^[A-Za-z0-9._~+/-]+=*$/;

/** A token of 256 random bits. */
export function newAdminToken(random: RandomSource): string {
  return random.bytes(32).toString('base64url');
}

/**
 * Reads `name:token` lines; empty ones and those that begin with `#` are left out. A name may stand there twice, so that its
 * token can be changed without a gap. Throws `settings-invalid`, with the number of the line and never what stands in it.
 */
export function readCredentials(text: string, where = 'admin.tokenFile'): Credential[] {
  const refuse = (what: string): never => {
    throw new LatchkeyError('settings-invalid', `${where}: ${what}`);
  };
  const found = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    const content = line.trim();
    if (content === '' || content.startsWith('#')) continue;
    const colon = content.indexOf(':');
    const [name, token] = [content.slice(0, colon), content.slice(colon + 1).trim()];
    if (colon < 0 || !isName(name)) refuse(`line ${index + 1} is not name:token`);
    if (!isToken(token)) {
      refuse(`the token of line ${index + 1} does not have ${limits.adminCredentialCharactersMin} characters or more`);
    }
    if (found.has(token)) refuse(`line ${index + 1} has the token of another line`);
    found.set(token, name);
  }
  if (found.size === 0) refuse('it names nobody');
  if (found.size > limits.adminCredentialsMax) refuse(`it names more than ${limits.adminCredentialsMax}`);
  return [...found].map(([token, name]) => ({ name, token: new Redacted(token) }));
}

function isName(name: string): boolean {
  return name.length <= limits.adminCredentialNameCharactersMax && namePattern.test(name);
}

function isToken(token: string): boolean {
  const { length } = token;
  const fits = length >= limits.adminCredentialCharactersMin && length <= limits.adminCredentialCharactersMax;
  return fits && tokenPattern.test(token);
}

/** Knows credentials again. It keeps their hashes alone, and looks at each for every token that is shown. */
export class Credentials {
  #known: readonly { readonly name: string; readonly hash: Buffer }[];

  constructor(credentials: readonly Credential[]) {
    this.#known = hashed(credentials);
  }

  /** From now on these, and no others. */
  replace(credentials: readonly Credential[]): void {
    this.#known = hashed(credentials);
  }

  /** The name behind an `Authorization` header; undefined for a token that is not known, null for none at all. */
  nameOf(authorization: string | undefined): string | undefined | null {
    const [, token] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    if (token === undefined) return authorization === undefined ? null : undefined;
    const shown = hashOf(token);
    let name: string | undefined;
    for (const each of this.#known) {
      if (timingSafeEqual(each.hash, shown)) name = each.name;
    }
    return name;
  }
}

function hashed(credentials: readonly Credential[]) {
  return credentials.map(({ name, token }) => ({ name, hash: hashOf(token.reveal()) }));
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
