import type { KeyObject } from 'node:crypto';
import { limits } from '../base/index.ts';

/** The signature algorithms that Latchkey can take (RFC 8725 section 3.1): asymmetric ones, each with one kind of key. */
export const algorithms = ['EdDSA', 'ES256', 'RS256', 'PS256'] as const;
export type Algorithm = (typeof algorithms)[number];

/** Whether a public key is of the kind, the curve and the size that an algorithm signs with (RFC 7518 and 8037). */
export function fits(algorithm: Algorithm, key: KeyObject): boolean {
  switch (algorithm) {
    case 'EdDSA':
      return key.asymmetricKeyType === 'ed25519';
    case 'ES256':
      return key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
    case 'RS256':
    case 'PS256':
      return key.asymmetricKeyType === 'rsa' && isSoundModulus(key.asymmetricKeyDetails?.modulusLength ?? 0);
  }
}

function isSoundModulus(bits: number): boolean {
  return bits >= limits.rsaModulusBitsMin && bits <= limits.rsaModulusBitsMax;
}
