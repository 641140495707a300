import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { isRecord, LatchkeyError, limits } from '../base/index.ts';
import { type Algorithm, algorithms, fits } from './algorithms.ts';

/** A public key of an issuer, and the algorithms that it verifies: those that fit its kind and its own `alg`. */
export interface VerificationKey {
  readonly id: string | undefined;
  readonly algorithms: readonly Algorithm[];
  readonly key: KeyObject;
  /** SHA-256 of its SubjectPublicKeyInfo (RFC 5280), in base64url: what it is called where it stands for itself. */
  readonly thumbprint: string;
}

/** Why a member of a key set is left aside: a shared secret, a key for something else, or of a kind that is not taken here. */
export type KeyFault = 'symmetric' | 'purpose' | 'kind';

/**
 * Reads a JSON Web Key Set (RFC 7517 section 5), or a single key, of at most `limits.keySetBytesMax` bytes and
 * `limits.keysPerIssuerMax` keys. Private members are left behind. A key that cannot be used is told to `ignored`; a text
 * that has no usable key at all is refused: throws `keys-unavailable`.
 */
export function readKeySet(text: string, ignored: (fault: KeyFault) => void): VerificationKey[] {
  const members = membersOf(text);
  if (members.length > limits.keysPerIssuerMax) throw unusable('too many keys');
  const keys = members.flatMap((member) => {
    const read = readKey(member);
    if (typeof read !== 'string') return [read];
    ignored(read);
    return [];
  });
  if (keys.length === 0) throw unusable('no usable key');
  return keys;
}

/** Reads one public key or certificate in PEM. Throws `settings-invalid` for a private key, or one that does not fit. */
export function readPem(text: string, algorithm: Algorithm): VerificationKey {
  if (text.includes('PRIVATE KEY'))
    throw new LatchkeyError('settings-invalid', 'the public key is needed, not the private');
  let key: KeyObject;
  try {
    key = createPublicKey(text);
  } catch {
    throw new LatchkeyError('settings-invalid', 'there is no public key in PEM');
  }
  if (!fits(algorithm, key)) throw new LatchkeyError('settings-invalid', `the key does not fit ${algorithm}`);
  return { id: undefined, algorithms: [algorithm], key, thumbprint: thumbprintOf(key) };
}

function membersOf(text: string): unknown[] {
  if (Buffer.byteLength(text) > limits.keySetBytesMax) throw unusable('too large');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unusable('not JSON');
  }
  if (!isRecord(value)) throw unusable('not an object');
  if (typeof value.kty === 'string') return [value];
  if (!Array.isArray(value.keys)) throw unusable('no keys');
  return value.keys;
}

function readKey(member: unknown): VerificationKey | KeyFault {
  if (!isRecord(member)) return 'kind';
  const { kty, use, key_ops: operations, alg, kid } = member;
  if (kty === 'oct') return 'symmetric';
  if (use !== undefined && use !== 'sig') return 'purpose';
  if (operations !== undefined && !isForVerifying(operations, member)) return 'purpose';
  if (kid !== undefined && typeof kid !== 'string') return 'kind';
  const key = publicKeyOf(member);
  if (key === undefined) return 'kind';
  const fitting = algorithms.filter((each) => (alg === undefined || alg === each) && fits(each, key));
  return fitting.length === 0 ? 'kind' : { id: kid, algorithms: fitting, key, thumbprint: thumbprintOf(key) };
}

function thumbprintOf(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
}

/** A private key says `sign` of itself; its public half verifies. */
function isForVerifying(operations: unknown, member: Record<string, unknown>): boolean {
  return Array.isArray(operations) && operations.includes('d' in member ? 'sign' : 'verify');
}

const publicMembers = ['kty', 'crv', 'x', 'y', 'n', 'e'];

function publicKeyOf(member: Record<string, unknown>): KeyObject | undefined {
  const jwk = Object.fromEntries(publicMembers.map((name) => [name, member[name]])) as JsonWebKey;
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return undefined;
  }
}

function unusable(detail: string): LatchkeyError {
  return new LatchkeyError('keys-unavailable', `key set: ${detail}`);
}
