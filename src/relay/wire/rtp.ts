const headerBytes = 12;

/** Whether a datagram is RTP of version 2 (RFC 3550 section 5.1), and not RTCP or anything else that shares its port. */
export function isRtp(bytes: Buffer): boolean {
  return bytes.length >= headerBytes && bytes.readUInt8(0) >> 6 === 2 && !isRtcpType(bytes.readUInt8(1));
}

/** The sequence number of an RTP packet, which stays in the clear under SRTP (RFC 3711 section 3.1), as does the SSRC. */
export function sequenceNumberOf(rtp: Buffer): number {
  return rtp.readUInt16BE(2);
}

export function ssrcOf(rtp: Buffer): number {
  return rtp.readUInt32BE(8);
}

/**
 * Whether the second byte of a packet of the `media` class says RTCP: packet types 192 to 223 lie where an RTP payload
 * type of 64 to 95 with its marker bit set would (RFC 5761 section 4).
 */
export function isRtcpType(secondByte: number): boolean {
  return secondByte >= 192 && secondByte <= 223;
}
