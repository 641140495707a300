const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** An address as Node.js writes it, without a zone, and an IPv4-mapped IPv6 one (RFC 4291 section 2.5.5.2) as IPv4. */
export function addressFromText(text: string | undefined): string {
  const bare = (text ?? '').replace(/%.*$/, '');
  return mapped.exec(bare)?.[1] ?? bare;
}

/** The same from the 4 or 16 bytes of an address, in the text form of RFC 5952. Other lengths give an empty text. */
export function addressFromBytes(bytes: Uint8Array): string {
  if (bytes.length === 4) return ipv4At(bytes, 0);
  if (bytes.length !== 16) return '';
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  if (isMapped) return ipv4At(bytes, 12);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2));
  const { start, length } = longestZeroRun(groups);
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(':');
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

function ipv4At(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: index + 1 - length, length };
  }
  return best;
}
