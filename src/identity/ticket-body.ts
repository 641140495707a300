/** What a ticket says. It says it of one device, and what its proof rested on. */
export interface TicketBody {
  /** The id of the key that signed it: `keyIdBytes` bytes, in hex. */
  readonly keyId: string;
  readonly device: string;
  /** The token behind it: who issued it, under which rules, and its `jti` where it has one. */
  readonly issuer: string;
  readonly namespace: string;
  readonly audience: string;
  readonly tokenId: string | undefined;
  /** The algorithm and the key that verified the token; the key by its thumbprint, SHA-256 in base64url. */
  readonly algorithm: string;
  readonly thumbprint: string;
  /** All times are in milliseconds since the epoch. */
  readonly tokenIssuedAtMs: number;
  readonly tokenExpiresAtMs: number;
  /** When the relay verified the token. */
  readonly verifiedAtMs: number;
  /** The device's epoch of revocation when the ticket was made. */
  readonly epochMs: number;
}

/** What a ticket begins with; it is sealed with the body. */
export const ticketPrefix = 'lkt1.';
export const keyIdBytes = 8;
const thumbprintBytes = 32;
const absent = 0xffff;
const headBytes = keyIdBytes + thumbprintBytes + 4 * 8;

/**
 * Writes a body: the key's id, the thumbprint, four times as float64, then each text behind its length in 16 bits, so that no two
 * bodies have the same bytes. Undefined where a text is too long for that.
 */
export function writeTicketBody(body: TicketBody): Buffer | undefined {
  const { device, issuer, namespace, audience, algorithm, tokenId } = body;
  const texts = [device, issuer, namespace, audience, algorithm, tokenId].map((text) =>
    text === undefined ? undefined : Buffer.from(text, 'utf8'),
  );
  if (texts.some((text) => text !== undefined && text.length >= absent)) return undefined;
  const bytes = Buffer.alloc(headBytes + texts.reduce((sum, text) => sum + 2 + (text?.length ?? 0), 0));
  bytes.write(body.keyId, 0, 'hex');
  bytes.write(body.thumbprint, keyIdBytes, 'base64url');
  let at = keyIdBytes + thumbprintBytes;
  for (const time of [body.tokenIssuedAtMs, body.tokenExpiresAtMs, body.verifiedAtMs, body.epochMs]) {
    at = bytes.writeDoubleBE(time, at);
  }
  for (const text of texts) {
    at = bytes.writeUInt16BE(text?.length ?? absent, at);
    if (text !== undefined) at += text.copy(bytes, at);
  }
  return bytes;
}

/** The id of the key that a body names, before anything of it is believed. */
export function keyIdOf(bytes: Buffer): string {
  return bytes.toString('hex', 0, keyIdBytes);
}

/** Reads a body whose seal was verified; undefined for what `writeTicketBody` has not written. */
export function readTicketBody(bytes: Buffer): TicketBody | undefined {
  if (bytes.length < headBytes) return undefined;
  const timesAt = keyIdBytes + thumbprintBytes;
  const texts = readTexts(bytes, headBytes);
  if (texts === undefined) return undefined;
  const [device, issuer, namespace, audience, algorithm, tokenId] = texts;
  if (device === undefined || issuer === undefined || namespace === undefined) return undefined;
  if (audience === undefined || algorithm === undefined) return undefined;
  return {
    keyId: keyIdOf(bytes),
    thumbprint: bytes.toString('base64url', keyIdBytes, timesAt),
    tokenIssuedAtMs: bytes.readDoubleBE(timesAt),
    tokenExpiresAtMs: bytes.readDoubleBE(timesAt + 8),
    verifiedAtMs: bytes.readDoubleBE(timesAt + 16),
    epochMs: bytes.readDoubleBE(timesAt + 24),
    device,
    issuer,
    namespace,
    audience,
    algorithm,
    tokenId,
  };
}

const textCount = 6;

function readTexts(bytes: Buffer, from: number): (string | undefined)[] | undefined {
  const texts: (string | undefined)[] = [];
  let at = from;
  while (texts.length < textCount) {
    if (at + 2 > bytes.length) return undefined;
    const length = bytes.readUInt16BE(at);
    at += 2;
    const end = length === absent ? at : at + length;
    if (end > bytes.length) return undefined;
    texts.push(length === absent ? undefined : bytes.toString('utf8', at, end));
    at = end;
  }
  return at === bytes.length ? texts : undefined;
}
