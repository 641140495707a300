/** The fields of an RTP header that stay in the clear under SRTP (RFC 3550 section 5.1, RFC 3711 section 3.1). */
export interface RtpHeader {
  marker: boolean;
  payloadType: number;
  sequenceNumber: number;
  ssrc: number;
}

const headerBytes = 12;

/**
 * Reads an RTP header into `into`, so that the media path allocates nothing.
 * Returns false, and leaves `into` alone, for RTCP and for whatever cannot be RTP of version 2.
 */
export function readRtp(bytes: Buffer, into: RtpHeader): boolean {
  if (bytes.length < headerBytes || bytes.readUInt8(0) >> 6 !== 2) return false;
  const second = bytes.readUInt8(1);
  if (isRtcpType(second)) return false;
  into.marker = second >= 0x80;
  into.payloadType = second & 0x7f;
  into.sequenceNumber = bytes.readUInt16BE(2);
  into.ssrc = bytes.readUInt32BE(8);
  return true;
}

/**
 * Whether the second byte of a packet of the `media` class says RTCP: packet types 192 to 223 lie where an RTP payload
 * type of 64 to 95 with its marker bit set would (RFC 5761 section 4).
 */
export function isRtcpType(secondByte: number): boolean {
  return secondByte >= 192 && secondByte <= 223;
}
