import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { type Clock, LatchkeyError, type RandomSource, systemRandom } from '../base/index.ts';
import { devicesClaim } from './devices-claim.ts';
import { keptKey } from './kept-key.ts';
import type { IssuerSettings, TokenKind } from './settings.ts';

export interface DevelopmentIssuerSettings {
  /** Where its private key lies, as a JSON Web Key of mode 0600; made when it is not there. */
  readonly keyFile: string;
  /** The `iss` of its tokens. */
  readonly issuer: string;
  /** Goes before each `sub`, as with any issuer; needed where there are others. */
  readonly namespace?: string;
  readonly mode: 'development' | 'production';
  readonly audiences: Readonly<Record<TokenKind, string>>;
  readonly clock: Clock;
  readonly random?: RandomSource;
}

/** An issuer that gives a token to whoever asks: for development and demonstrations alone. */
export interface DevelopmentIssuer {
  /** How a relay comes to trust it. */
  readonly settings: IssuerSettings;
  /** Signs a token that lives for `lifetimeSeconds` from now, and names these devices as its viewer's where any are given. */
  token(kind: TokenKind, subject: string, lifetimeSeconds: number, devices?: readonly string[]): Promise<string>;
}

/** Throws `settings-invalid` in production, and when the key can neither be read nor made. */
export async function createDevelopmentIssuer(settings: DevelopmentIssuerSettings): Promise<DevelopmentIssuer> {
  const { keyFile, issuer, namespace, mode, audiences, clock, random = systemRandom } = settings;
  if (mode !== 'development') {
    throw new LatchkeyError('settings-invalid', 'the development issuer does not run in production');
  }
  const jwk = await keptKey(keyFile, newKey);
  const key = await imported(jwk, keyFile);
  return {
    settings: { issuer, ...(namespace === undefined ? {} : { namespace }), keys: { jwksFile: keyFile } },
    token(kind, subject, lifetimeSeconds, devices) {
      const nowSeconds = Math.floor(clock.now() / 1000);
      return new SignJWT(devices === undefined ? {} : { [devicesClaim]: [...devices] })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', ...(jwk.kid === undefined ? {} : { kid: jwk.kid }) })
        .setIssuer(issuer)
        .setAudience(audiences[kind])
        .setSubject(subject)
        .setJti(random.bytes(16).toString('base64url'))
        .setIssuedAt(nowSeconds)
        .setExpirationTime(nowSeconds + lifetimeSeconds)
        .sign(key);
    },
  };
}

async function newKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: (jwk.x ?? '').slice(0, 12), alg: 'EdDSA', use: 'sig' };
}

async function imported(jwk: JWK, keyFile: string): Promise<CryptoKey | Uint8Array> {
  const isPrivate = jwk.kty === 'OKP' && jwk.crv === 'Ed25519' && typeof jwk.d === 'string';
  try {
    if (isPrivate) return await importJWK(jwk, 'EdDSA');
  } catch {
    // Said below, as for every other key that is none.
  }
  throw new LatchkeyError('settings-invalid', `${keyFile} holds no private Ed25519 key; move it away to have one made`);
}
