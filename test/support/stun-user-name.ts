/** The USERNAME of a STUN message, or nothing. */
export function userName(datagram: Buffer): string {
  for (let at = 20; at + 4 <= datagram.length; ) {
    const length = datagram.readUInt16BE(at + 2);
    if (datagram.readUInt16BE(at) === 0x0006) return datagram.toString('utf8', at + 4, at + 4 + length);
    at += 4 + length + ((4 - (length % 4)) % 4);
  }
  return '';
}
