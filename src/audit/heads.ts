import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { LatchkeyError } from '../base/index.ts';
import { joined } from './canonical.ts';

/** The end of a chain: the number and the hash of a record. */
export interface Head {
  readonly seq: number;
  readonly hash: Uint8Array;
}

/** A head, when it was signed in milliseconds since the epoch, and the signature (Ed25519). */
export interface SignedHead extends Head {
  readonly atMs: number;
  readonly signature: Uint8Array;
}

/** What a head is signed as: the end of the chain, or what is left of those records that were pruned. */
export type HeadPurpose = 'head' | 'base';

/** The private key of a relay's record, as it is kept. */
export interface AuditKey {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly d: string;
}

export function newAuditKey(): AuditKey {
  const { x = '', d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return { kty: 'OKP', crv: 'Ed25519', x, d };
}

/** Signs heads. */
export class HeadSigner {
  /** The public key, as the `x` of a JWK: base64url of its 32 bytes. */
  readonly publicKey: string;
  readonly #key: KeyObject;

  /** Throws `settings-invalid` for anything but a private Ed25519 key. */
  constructor(key: AuditKey) {
    try {
      this.#key = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key.x, d: key.d }, format: 'jwk' });
      this.publicKey = createPublicKey(this.#key).export({ format: 'jwk' }).x ?? '';
    } catch (error) {
      throw new LatchkeyError('settings-invalid', 'the key of the audit is no private Ed25519 key', { cause: error });
    }
    if (this.publicKey !== key.x) throw new LatchkeyError('settings-invalid', 'the key of the audit is two keys');
  }

  sign(purpose: HeadPurpose, { seq, hash }: Head, atMs: number): SignedHead {
    return { seq, hash, atMs, signature: sign(null, textOf(purpose, seq, hash, atMs), this.#key) };
  }
}

/** Whether a head was signed by the holder of that key. */
export function isSigned(purpose: HeadPurpose, head: SignedHead, publicKey: string): boolean {
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' });
    return verify(null, textOf(purpose, head.seq, head.hash, head.atMs), key, head.signature);
  } catch {
    return false;
  }
}

/** `17:9f86…`, as an operator writes it down. */
export function headText({ seq, hash }: Head): string {
  return `${seq}:${Buffer.from(hash).toString('hex')}`;
}

/** Reads the same. Throws `params-invalid`. */
export function readHead(text: string): Head {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text.trim()) ?? [];
  if (seq === undefined || hash === undefined) {
    throw new LatchkeyError('params-invalid', 'a head is a number, a colon and 64 hexadecimal digits');
  }
  return { seq: Number(seq), hash: Buffer.from(hash, 'hex') };
}

function textOf(purpose: HeadPurpose, seq: number, hash: Uint8Array, atMs: number): Buffer {
  return joined(`latchkey audit ${purpose} 1`, [seq, hash, atMs]);
}
