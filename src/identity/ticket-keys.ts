import { createHmac } from 'node:crypto';
import { LatchkeyError, limits, type Redacted } from '../base/index.ts';
import { type Hmac, hmacSha256 } from './hmac.ts';
import { keyIdBytes, ticketPrefix } from './ticket-body.ts';

/** A key of tickets. Its id follows from it, so that relays that share it agree on the id without a word. */
export interface TicketKey {
  readonly id: string;
  /** The seal of a ticket's body. */
  readonly sealOf: Hmac;
  /** From then on it verifies nothing, in milliseconds since the epoch. */
  readonly notAfterMs: number;
}

/** The keys of tickets as they are now: one signs, and those before it verify until their own end. */
export interface TicketKeys {
  readonly signing: TicketKey;
  find(id: string): TicketKey | undefined;
  /** Stops to look for newer ones. Calling it twice does nothing. */
  close(): void;
}

/** Makes a key of its bytes, of which there are `limits.ticketKeyBytesMin` to `limits.ticketKeyBytesMax`. */
export function ticketKey(secret: Buffer, notAfterMs: number): TicketKey {
  const id = createHmac('sha256', secret).update('latchkey ticket key id').digest().toString('hex', 0, keyIdBytes);
  return { id, sealOf: hmacSha256(secret, ticketPrefix, limits.ticketCharactersMax), notAfterMs };
}

/**
 * Reads the keys that relays share: one on each line, the first signs. A line is a secret of 32 to 64 random bytes in base64 or hex,
 * and for one that is to end by itself the time of its end after it (ISO 8601). `#` begins a remark. Throws `settings-invalid`,
 * which names the line and nothing of the secret.
 */
export function readTicketKeys(text: string): TicketKey[] {
  if (Buffer.byteLength(text) > limits.ticketKeysFileBytesMax) throw unusable('there are too many bytes');
  const keys: TicketKey[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const [secret, until, ...rest] = (line.split('#')[0] ?? '').trim().split(/\s+/);
    if (secret === undefined || secret === '') continue;
    const bytes = secretOf(secret);
    const notAfterMs = until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until);
    if (bytes === undefined) throw unusable(`line ${index + 1} holds no secret of 32 to 64 bytes in base64 or hex`);
    if (Number.isNaN(notAfterMs) || rest.length > 0) throw unusable(`line ${index + 1} has no time after its secret`);
    keys.push(ticketKey(bytes, notAfterMs));
  }
  if (keys.length === 0 || keys.length > limits.ticketKeysMax) throw unusable(`1 to ${limits.ticketKeysMax} keys`);
  if (new Set(keys.map(({ id }) => id)).size < keys.length) throw unusable('a key is there twice');
  return keys;
}

/** The keys that the settings themselves hold; they stay as they are. Throws `settings-invalid`. */
export function givenTicketKeys(secrets: readonly Redacted<string>[]): TicketKeys {
  return ringOf(readTicketKeys(secrets.map((secret) => secret.reveal()).join('\n')));
}

/** A ring that stays as it is. */
export function ringOf(keys: readonly TicketKey[]): TicketKeys {
  const [signing] = keys;
  if (signing === undefined) throw unusable('there is no key');
  return { signing, find: (id) => keys.find((key) => key.id === id), close() {} };
}

function secretOf(text: string): Buffer | undefined {
  const isHex = /^(?:[\da-fA-F]{2})+$/.test(text) && text.length >= 2 * limits.ticketKeyBytesMin;
  if (!isHex && !/^[\w+/-]+={0,2}$/.test(text)) return undefined;
  const bytes = Buffer.from(text, isHex ? 'hex' : 'base64');
  return bytes.length < limits.ticketKeyBytesMin || bytes.length > limits.ticketKeyBytesMax ? undefined : bytes;
}

function unusable(what: string): LatchkeyError {
  return new LatchkeyError('settings-invalid', `the keys of tickets: ${what}`);
}
