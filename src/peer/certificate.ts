import { createHash } from 'node:crypto';
import { CipherContext, HashAlgorithm, NamedCurveAlgorithm, RTCCertificate, SignatureAlgorithm } from 'werift';

export type Certificate = RTCCertificate;

/**
 * Makes a self-signed ECDSA P-256 certificate. werift's own default is one for the whole process: two peers with one
 * fingerprint could not be told apart, so each agent and each view makes its own, ahead of time.
 */
export async function newCertificate(): Promise<Certificate> {
  const { certPem, keyPem, signatureHash } = await CipherContext.createSelfSignedCertificateWithKey(
    { signature: SignatureAlgorithm.ecdsa_3, hash: HashAlgorithm.sha256_4 },
    NamedCurveAlgorithm.secp256r1_23,
  );
  return new RTCCertificate(keyPem, certPem, signatureHash);
}

const hashes = { 'sha-256': 'sha256', 'sha-384': 'sha384', 'sha-512': 'sha512' } as const;

/** The fingerprints of a certificate (DER), as SDP writes them (RFC 8122): `sha-256 AA:BB:…`, one for each hash. */
export function fingerprintsOf(certificate: Buffer): string[] {
  return Object.entries(hashes).map(([name, hash]) => {
    const digest = createHash(hash).update(certificate).digest('hex').toUpperCase();
    return `${name} ${digest.match(/../g)?.join(':') ?? ''}`;
  });
}
