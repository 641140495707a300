import { attribute, stun, stunTypes } from '../relay/support/stun-messages.ts';

const software = 0x8022;
const authorAt = 24;

export interface CheckRecipe {
  readonly author: number;
  readonly serial: number;
  readonly username: string;
  readonly password: string;
  readonly nominates: boolean;
  /** In somebody else’s name. */
  readonly forged?: boolean;
}

/** A binding request that bears the number of the peer that wrote it, in an attribute and in its transaction id. */
export function checkOf({ author, serial, username, password, nominates, forged = false }: CheckRecipe): Buffer {
  const transaction = Buffer.alloc(12);
  transaction.writeUInt32BE(author, 0);
  transaction.writeUInt32BE(serial, 4);
  transaction.writeUInt32BE(forged ? 1 : 0, 8);
  return stun({
    transaction,
    before: [numbered(author)],
    username,
    useCandidate: nominates,
    password,
    fingerprint: true,
  });
}

export function isForged(bytes: Buffer): boolean {
  return bytes.readUInt32BE(16) === 1;
}

/** The serial number of a check, which its answer bears as well. */
export function serialOf(bytes: Buffer): number {
  return bytes.readUInt32BE(12);
}

/** The answer to a check. */
export function answerOf(check: Buffer, author: number, password: string): Buffer {
  return stun({
    type: stunTypes.success,
    transaction: check.subarray(8, 20),
    before: [numbered(author)],
    password,
    fingerprint: true,
  });
}

/** An RTP packet that bears in the clear whose it is, in the place of what would be encrypted. */
export function mediaOf(author: number, serial: number, mark: string): Buffer {
  const bytes = Buffer.alloc(16 + mark.length);
  bytes[0] = 0x80;
  bytes[1] = 96;
  bytes.writeUInt16BE(serial & 0xffff, 2);
  bytes.writeUInt32BE(serial * 3_000, 4);
  bytes.writeUInt32BE(author, 8);
  bytes.writeUInt32BE(author, 12);
  bytes.write(mark, 16, 'latin1');
  return bytes;
}

export type Seen =
  | { readonly kind: 'request' | 'response'; readonly author: number; readonly asker: number }
  | { readonly kind: 'media'; readonly author: number; readonly mark: string };

/** What can be seen of a datagram. */
export function seen(bytes: Buffer, start = 0, end = bytes.length): Seen {
  if ((bytes[start] ?? 0) >= 4) {
    return {
      kind: 'media',
      author: bytes.readUInt32BE(start + 12),
      mark: bytes.toString('latin1', start + 16, end),
    };
  }
  return {
    kind: bytes.readUInt16BE(start) === stunTypes.request ? 'request' : 'response',
    author: bytes.readUInt32BE(start + authorAt),
    asker: bytes.readUInt32BE(start + 8),
  };
}

function numbered(author: number): Buffer {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(author);
  return attribute(software, value);
}
