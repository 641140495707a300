/**
 * The canonical text of an IP address: an IPv4-mapped IPv6 address is its IPv4 address (RFC 4291 section 2.5.5.2), IPv6 is
 * written as in RFC 5952, and a scope stays on link-local addresses only (RFC 4007). Undefined for anything else.
 */
export function canonicalHost(text: string): string | undefined {
  if (ipv4Number(text) !== undefined) return text;
  const scopeAt = text.search(scopeOrEnd);
  const groups = ipv6Groups(text);
  if (groups === undefined) return undefined;
  const [, , , , , sixth = 0, high = 0, low = 0] = groups;
  if (sixth === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  const ipv6 = formatIpv6(groups);
  return isLinkLocal(ipv6) ? ipv6 + text.slice(scopeAt) : ipv6;
}

/** Whether a canonical address reaches the own link only: 169.254.0.0/16 and fe80::/10. */
export function isLinkLocal(host: string): boolean {
  return host.startsWith('169.254.') || /^fe[89ab][0-9a-f]:/.test(host);
}

/** Whether a canonical address is the machine's own: 127.0.0.0/8 and ::1. */
export function isLoopback(host: string): boolean {
  return host === '::1' || (host.startsWith('127.') && ipv4Number(host) !== undefined);
}

/** What one host holds of a canonical address: IPv4 all of it, IPv6 the first 64 bits, behind which it has every address (RFC 4291 section 2.5.4). */
export function networkOf(host: string): string {
  const groups = host.includes(':') ? ipv6Groups(host) : undefined;
  return groups === undefined ? host : `${formatIpv6([...groups.slice(0, 4), 0, 0, 0, 0])}/64`;
}

/** Finds the scope that ends an address, or else its end. What is no scope stays in the address, and is none there either. */
const scopeOrEnd = /%[^\s%]{1,32}$|$/;

/** An IPv4 address as an unsigned 32-bit number. Four decimal numbers without leading zeros, or undefined. */
export function ipv4Number(text: string): number | undefined {
  let address = 0;
  let part = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2e) {
      if (part < 0) return undefined;
      address = address * 256 + part;
      part = -1;
      dots++;
    } else {
      if (code < 0x30 || code > 0x39 || part === 0) return undefined;
      part = Math.max(part, 0) * 10 + code - 0x30;
      if (part > 255) return undefined;
    }
  }
  return dots === 3 && part >= 0 ? address * 256 + part : undefined;
}

/** The eight groups of an IPv6 address (RFC 4291 section 2.2), its scope left out, or undefined. */
export function ipv6Groups(text: string): number[] | undefined {
  const hex = hexTail(text.slice(0, text.search(scopeOrEnd)));
  const gap = hex.indexOf('::');
  const head = splitGroups(gap < 0 ? hex : hex.slice(0, gap));
  const tail = splitGroups(gap < 0 ? '' : hex.slice(gap + 2));
  const missing = 8 - head.length - tail.length;
  if (gap < 0 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.map((group) => Number.parseInt(group, 16));
}

function splitGroups(text: string): string[] {
  return text === '' ? [] : text.split(':');
}

/** Writes a dotted-decimal tail as the two groups that it stands for. */
function hexTail(text: string): string {
  const at = text.lastIndexOf(':') + 1;
  const ipv4 = ipv4Number(text.slice(at));
  if (ipv4 === undefined) return text;
  return `${text.slice(0, at)}${Math.floor(ipv4 / 65_536).toString(16)}:${(ipv4 % 65_536).toString(16)}`;
}

/** RFC 5952 section 4: lower case, no leading zeros, the first of the longest runs of two or more zeros left out. */
function formatIpv6(groups: readonly number[]): string {
  let bestAt = -1;
  let bestLength = 1;
  for (const at of groups.keys()) {
    let length = 0;
    while (groups[at + length] === 0) length++;
    if (length > bestLength) [bestAt, bestLength] = [at, length];
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestAt < 0) return hex.join(':');
  return `${hex.slice(0, bestAt).join(':')}::${hex.slice(bestAt + bestLength).join(':')}`;
}
