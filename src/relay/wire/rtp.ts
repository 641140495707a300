const headerBytes = 12;

/**
 * Whether the datagram from `start` up to `end` is RTP of version 2 (RFC 3550 section 5.1), and not RTCP or anything else that
 * shares its port. Both lie within `bytes`.
 */
export function isRtp(bytes: Buffer, start: number, end: number): boolean {
  return end - start >= headerBytes && byteAt(bytes, start) >> 6 === 2 && !isRtcpType(byteAt(bytes, start + 1));
}

/**
 * The sequence number of the RTP packet at `start`, 0 to 65535. It stays in the clear under SRTP (RFC 3711 section 3.1), as do
 * the timestamp and the SSRC.
 */
export function sequenceNumberOf(bytes: Buffer, start: number): number {
  return (byteAt(bytes, start + 2) << 8) | byteAt(bytes, start + 3);
}

/** The timestamp, as a signed number of 32 bits: V8 keeps those without a box of their own. */
export function timestampOf(bytes: Buffer, start: number): number {
  return signed32At(bytes, start + 4);
}

/** The SSRC, as a signed number of 32 bits. */
export function ssrcOf(bytes: Buffer, start: number): number {
  return signed32At(bytes, start + 8);
}

/**
 * Whether the second byte of a packet of the `media` class says RTCP: packet types 192 to 223 lie where an RTP payload
 * type of 64 to 95 with its marker bit set would (RFC 5761 section 4).
 */
export function isRtcpType(secondByte: number): boolean {
  return secondByte >= 192 && secondByte <= 223;
}

function signed32At(bytes: Buffer, at: number): number {
  return (
    (byteAt(bytes, at) << 24) | (byteAt(bytes, at + 1) << 16) | (byteAt(bytes, at + 2) << 8) | byteAt(bytes, at + 3)
  );
}

function byteAt(bytes: Buffer, at: number): number {
  return bytes[at] ?? 0;
}
