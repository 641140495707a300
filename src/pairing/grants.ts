import { exportJWK, generateKeyPair, importJWK, type JSONWebKeySet, type JWK, SignJWT } from 'jose';
import { type Clock, LatchkeyError, limits } from '../base/index.ts';
import { grantType } from '../protocol/index.ts';
import type { Session } from './sessions.ts';
import { VerifiedPair } from './verified-pair.ts';

/** Signs what a camera checks before it shows itself to anyone. */
export interface GrantSigner {
  /** The public keys, for cameras. */
  readonly keys: JSONWebKeySet;
  /**
   * Signs a grant: this session, this pair, a viewer with one of these DTLS fingerprints (`sha-256 AA:BB:…`),
   * of which there are 1 to `limits.fingerprintsMax`. It ends with the pair or with the session, whichever ends first. There
   * is no grant without a pair: rejects with a TypeError for anything that was not minted.
   */
  sign(pair: VerifiedPair, session: GrantedSession, fingerprints: readonly string[]): Promise<string>;
}

/** What a grant says of its session. */
export type GrantedSession = Pick<Session, 'id' | 'expiresAtMs'>;

/** Makes a new private key for grants (Ed25519), as a JWK to keep. */
export async function newGrantKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  return await exportJWK(privateKey);
}

/** Throws `settings-invalid` for anything but a private Ed25519 key. */
export async function createGrantSigner(privateJwk: JWK, relayName: string, clock: Clock): Promise<GrantSigner> {
  const { kty, crv, x, d } = privateJwk;
  if (kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string' || typeof d !== 'string') {
    throw new LatchkeyError('settings-invalid', 'the key for grants is no private Ed25519 key');
  }
  const key = await importJWK({ kty, crv, x, d }, 'EdDSA');
  const kid = x.slice(0, 12);
  return {
    keys: { keys: [{ kty, crv, x, kid, alg: 'EdDSA', use: 'sig' }] },
    async sign(pair, session, fingerprints) {
      if (!VerifiedPair.is(pair)) throw new TypeError('A grant is signed for a VerifiedPair and for nothing else.');
      if (fingerprints.length === 0 || fingerprints.length > limits.fingerprintsMax) {
        throw new TypeError(`A grant names 1 to ${limits.fingerprintsMax} fingerprints.`);
      }
      const expiresAtMs = Math.min(pair.expiresAtMs, session.expiresAtMs);
      return await new SignJWT({
        sid: session.id,
        device: pair.device,
        role: pair.role,
        fingerprints: [...fingerprints],
      })
        .setProtectedHeader({ alg: 'EdDSA', typ: grantType, kid })
        .setIssuer(relayName)
        .setSubject(pair.subject)
        .setIssuedAt(Math.floor(clock.now() / 1000))
        .setExpirationTime(Math.floor(expiresAtMs / 1000))
        .sign(key);
    },
  };
}
