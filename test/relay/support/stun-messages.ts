import { createHmac } from 'node:crypto';
import { crc32 } from 'node:zlib';

export const stunTypes = { request: 0x0001, indication: 0x0011, success: 0x0101, error: 0x0111 } as const;

export interface StunRecipe {
  readonly type?: number;
  /** Twelve bytes. */
  readonly transaction: Buffer;
  readonly username?: string;
  readonly useCandidate?: boolean;
  /** The password of MESSAGE-INTEGRITY; left out, there is none. */
  readonly password?: string;
  /** The password of MESSAGE-INTEGRITY-SHA256; left out, there is none. */
  readonly passwordSha256?: string;
  readonly fingerprint?: boolean;
  /** Attributes before the integrity, and attributes behind it. */
  readonly before?: readonly Buffer[];
  readonly behind?: readonly Buffer[];
}

/** One attribute, padded to four bytes. */
export function attribute(type: number, value: Buffer = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  value.copy(bytes, 4);
  return bytes;
}

/** Builds a STUN message from its parts, right or wrong. Written apart from the parser, to check it. */
export function stun(recipe: StunRecipe): Buffer {
  let message: Buffer = Buffer.concat([header(recipe), ...(recipe.before ?? [])]);
  const add = (bytes: Buffer) => {
    message = withLength(Buffer.concat([message, bytes]));
  };
  if (recipe.username !== undefined) add(attribute(0x0006, Buffer.from(recipe.username)));
  if (recipe.useCandidate) add(attribute(0x0025));
  if (recipe.password !== undefined) add(attribute(0x0008, mac('sha1', message, 24, recipe.password)));
  if (recipe.passwordSha256 !== undefined) add(attribute(0x001c, mac('sha256', message, 36, recipe.passwordSha256)));
  for (const more of recipe.behind ?? []) add(more);
  if (recipe.fingerprint) {
    const value = Buffer.alloc(4);
    value.writeUInt32BE((crc32(withLength(message, 8)) ^ 0x5354554e) >>> 0);
    add(attribute(0x8028, value));
  }
  return withLength(message);
}

function header({ type = stunTypes.request, transaction }: StunRecipe): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt32BE(0x2112a442, 4);
  transaction.copy(bytes, 8);
  return bytes;
}

function mac(algorithm: string, message: Buffer, attributeBytes: number, password: string): Buffer {
  return createHmac(algorithm, password).update(withLength(message, attributeBytes)).digest();
}

function withLength(message: Buffer, more = 0): Buffer {
  const bytes = Buffer.from(message);
  bytes.writeUInt16BE(message.length - 20 + more, 2);
  return bytes;
}
