import { CompactSign, exportJWK, generateKeyPair, type JWK } from 'jose';
import { type Clock, Redacted } from '../../src/base/index.ts';
import {
  type Algorithm,
  createIdentity,
  type Identity,
  type IdentityObserver,
  type IdentitySettings,
} from '../../src/identity/index.ts';

export const audiences = { viewer: 'test-viewer', camera: 'test-camera' };

/** A key pair of an issuer. */
export interface TestKey {
  readonly algorithm: Algorithm;
  readonly id: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export async function testKey(algorithm: Algorithm, id: string): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  return { algorithm, id, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid: id } };
}

/** The claims of a good token that lives for ten minutes; `more` replaces some, and undefined leaves one out. */
export function claimsAt(clock: Clock, more: Record<string, unknown> = {}): Record<string, unknown> {
  const nowSeconds = clock.now() / 1000;
  const good = {
    iss: 'https://issuer.test',
    aud: audiences.viewer,
    sub: 'alice',
    iat: nowSeconds,
    exp: nowSeconds + 600,
  };
  return { ...good, ...more };
}

/** Signs claims, or any text in their place. `header` adds to the header or replaces parts of it. */
export async function signed(
  key: TestKey,
  claims: Record<string, unknown> | string,
  header: Record<string, unknown> = {},
): Promise<Redacted<string>> {
  const text = typeof claims === 'string' ? claims : JSON.stringify(claims);
  const jws = new CompactSign(new TextEncoder().encode(text));
  return new Redacted(
    await jws.setProtectedHeader({ alg: key.algorithm, kid: key.id, ...header }).sign(key.privateKey),
  );
}

/** An answer with a JSON Web Key Set. */
export function keySetResponse(...keys: readonly (TestKey | JWK)[]): Response {
  return Response.json({ keys: keys.map((key) => ('publicJwk' in key ? key.publicJwk : key)) });
}

export const testIssuer = { issuer: 'https://issuer.test', keys: { jwksUrl: 'https://issuer.test/keys' } };

/** An identity that trusts one issuer with these keys, unless told otherwise. */
export function identityOf(
  clock: Clock,
  keys: readonly (TestKey | JWK)[],
  more: Partial<IdentitySettings> = {},
  observer: IdentityObserver = {},
): Promise<Identity> {
  return createIdentity(
    {
      audiences,
      algorithms: ['EdDSA', 'ES256', 'RS256', 'PS256'],
      clockToleranceSeconds: 30,
      tokenLifetimeSecondsMax: 3_600,
      issuers: [testIssuer],
      ...more,
    },
    { clock, fetch: async () => keySetResponse(...keys) },
    observer,
  );
}
