import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { limits } from '../../base/index.ts';

export type StunClass = 'request' | 'indication' | 'success' | 'error';

/** Why bytes are not a STUN message that can be used. */
export type StunFault = 'truncated' | 'too-large' | 'not-stun' | 'length' | 'attribute' | 'fingerprint';

/** What a STUN message says, as far as a wire between two ICE agents has to know. */
export interface StunMessage {
  readonly class: StunClass;
  /** 0 to 0xfff; Binding is 1. */
  readonly method: number;
  /** The 96 bits of the transaction id, as twelve latin1 characters. */
  readonly transaction: string;
  readonly username: string | undefined;
  readonly useCandidate: boolean;
  /** Where MESSAGE-INTEGRITY begins, in bytes from the start; 0 when there is none. */
  readonly integrityAt: number;
  /** Where MESSAGE-INTEGRITY-SHA256 begins, in bytes from the start; 0 when there is none. */
  readonly integritySha256At: number;
}

export const bindingMethod = 1;

/**
 * Reads one STUN message (RFC 8489 section 5) that fills the datagram exactly, at most `limits.stunMessageBytesMax` long.
 * Of an attribute that comes twice the first counts, and behind an integrity attribute nothing counts that it does not
 * cover (section 14). FINGERPRINT is checked where it is present. Never throws; says what is wrong instead.
 */
export function parseStun(bytes: Buffer): StunMessage | StunFault {
  if (bytes.length < headerBytes) return 'truncated';
  if (bytes.length > limits.stunMessageBytesMax) return 'too-large';
  const type = bytes.readUInt16BE(0);
  if (type > 0x3fff || bytes.readUInt32BE(4) !== magicCookie) return 'not-stun';
  if (bytes.readUInt16BE(2) !== bytes.length - headerBytes || bytes.length % 4 !== 0) return 'length';

  let username: string | undefined;
  let useCandidate = false;
  let integrityAt = 0;
  let integritySha256At = 0;
  let at = headerBytes;
  while (at < bytes.length) {
    const attribute = bytes.readUInt16BE(at);
    const length = bytes.readUInt16BE(at + 2);
    const end = at + 4 + length + (-length & 3);
    if (end > bytes.length) return 'attribute';
    const covered = integrityAt === 0 && integritySha256At === 0;
    if (attribute === attributes.fingerprint) {
      if (length !== 4 || end !== bytes.length) return 'attribute';
      if (bytes.readUInt32BE(at + 4) !== fingerprint(bytes.subarray(0, at))) return 'fingerprint';
    } else if (attribute === attributes.integritySha256 && integritySha256At === 0) {
      if (length !== sha256Bytes) return 'attribute';
      integritySha256At = at;
    } else if (attribute === attributes.integrity && covered) {
      if (length !== sha1Bytes) return 'attribute';
      integrityAt = at;
    } else if (attribute === attributes.username && covered && username === undefined) {
      if (length > usernameBytesMax) return 'attribute';
      username = bytes.toString('latin1', at + 4, at + 4 + length);
    } else if (attribute === attributes.useCandidate && covered) {
      if (length !== 0) return 'attribute';
      useCandidate = true;
    }
    at = end;
  }
  return {
    class: classOf(type),
    method: (type & 0xf) | ((type & 0xe0) >> 1) | ((type & 0x3e00) >> 2),
    transaction: bytes.toString('latin1', 8, headerBytes),
    username,
    useCandidate,
    integrityAt,
    integritySha256At,
  };
}

/** Whether bytes begin as a Binding request does, by their type and the magic cookie alone (RFC 8489 section 5). */
export function looksLikeBindingRequest(bytes: Buffer, start: number, end: number): boolean {
  return (
    end - start >= headerBytes &&
    bytes.readUInt16BE(start) === bindingMethod &&
    bytes.readUInt32BE(start + 4) === magicCookie
  );
}

/** The key of STUN's short-term credentials (RFC 8489 section 9.1.1) from an ICE password, which is ASCII. */
export function shortTermKey(password: string): KeyObject {
  return createSecretKey(Buffer.from(password));
}

/** Whether a message carries an integrity attribute at all. */
export function claimsIntegrity(message: StunMessage): boolean {
  return message.integrityAt !== 0 || message.integritySha256At !== 0;
}

/**
 * Whether whoever sent `bytes` knew `key`: at least one integrity attribute is present and every one present is right
 * (RFC 8489 sections 14.5 and 14.6). `message` is what `parseStun` made of the same bytes.
 */
export function verifyIntegrity(bytes: Buffer, message: StunMessage, key: KeyObject): boolean {
  if (!claimsIntegrity(message)) return false;
  const { integrityAt, integritySha256At } = message;
  if (integrityAt !== 0 && !verifyAt(bytes, integrityAt, 'sha1', sha1Bytes, key)) return false;
  return integritySha256At === 0 || verifyAt(bytes, integritySha256At, 'sha256', sha256Bytes, key);
}

const headerBytes = 20;
const magicCookie = 0x2112a442;
const sha1Bytes = 20;
const sha256Bytes = 32;
const usernameBytesMax = 2 * limits.iceUfragCharactersMax + 1;
const attributes = {
  username: 0x0006,
  integrity: 0x0008,
  integritySha256: 0x001c,
  useCandidate: 0x0025,
  fingerprint: 0x8028,
} as const;

function classOf(type: number): StunClass {
  if ((type & 0x0100) === 0) return (type & 0x0010) === 0 ? 'request' : 'indication';
  return (type & 0x0010) === 0 ? 'success' : 'error';
}

/** The HMAC covers all before the attribute, under a header whose length ends with the attribute. */
function verifyAt(bytes: Buffer, at: number, algorithm: 'sha1' | 'sha256', size: number, key: KeyObject): boolean {
  const head = Buffer.from(bytes.subarray(0, 4));
  head.writeUInt16BE(at + 4 + size - headerBytes, 2);
  const mac = createHmac(algorithm, key).update(head).update(bytes.subarray(4, at)).digest();
  return timingSafeEqual(mac, bytes.subarray(at + 4, at + 4 + size));
}

/** RFC 8489 section 14.7. */
function fingerprint(covered: Buffer): number {
  return (crc32(covered) ^ 0x5354554e) >>> 0;
}
