/** What shares one UDP port with STUN, told apart by the first byte (RFC 7983 section 7, RFC 9443 section 3). */
export type DatagramClass = 'stun' | 'zrtp' | 'dtls' | 'turn-channel' | 'quic' | 'media' | 'unassigned';

/** The class of a datagram by its first byte, 0 to 255. `media` is RTP and RTCP, plain or encrypted. */
export function classify(firstByte: number): DatagramClass {
  if (firstByte >= 128) return firstByte <= 191 ? 'media' : 'quic';
  if (firstByte >= 80) return 'quic';
  if (firstByte >= 64) return 'turn-channel';
  if (firstByte >= 20) return 'dtls';
  if (firstByte >= 16) return 'zrtp';
  return firstByte <= 3 ? 'stun' : 'unassigned';
}
