import { canonicalHost, ipv4Number, ipv6Groups } from '../../base/index.ts';

/**
 * Where a datagram comes from or goes to, in eleven 32-bit words that lie as the kernel lays them: words 0 to 6 are the
 * remote side's `sockaddr_in6` (RFC 3493 section 3.3), words 7 to 10 the local IPv6 address, all zero where the socket has but
 * one. IPv4 addresses are IPv4-mapped (RFC 4291 section 2.5.5.2), so that each place has one form. Word 1, the flow label
 * of `sockaddr_in6`, is zero for UDP and the connection's number for TCP. A path is never changed once it is made.
 */
export type Path = Uint32Array;

export const pathWords = 11;
/** The words that tell one remote place from another. */
export const remoteWords = 7;
/** The word that holds a TCP connection's number, 0 for UDP. */
export const connectionWord = 1;
/** AF_INET6 of Linux: the kernel reads it on the batched port, elsewhere it is a constant. */
const family = 10;

/** A datagram where it lies. One object serves for all that a port receives: it holds until the receiver returns. */
export interface Datagram {
  /** The words of its path begin at `pathAt`. */
  path: Uint32Array;
  pathAt: number;
  /** Its bytes are those from `start` up to, and not including, `end`. */
  bytes: Buffer;
  start: number;
  end: number;
}

export interface Place {
  /** Dotted decimal, or IPv6 as in RFC 5952, with a scope only where the address means nothing without it. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** What of a path is not its remote address and port. */
export interface PathDetails {
  /** The local address, as text. */
  readonly local?: string | undefined;
  /** The number of a TCP connection, 1 to 2^32 - 1. */
  readonly connection?: number;
  /** Which link a link-local address is on; its own number, whatever the text says. */
  readonly scope?: number;
}

/** The path from a place. Undefined when `host` or `local` is not an IP address, or `port` is not 1 to 65535. */
export function pathOf(host: string, port: number, details: PathDetails = {}): Path | undefined {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  const path = new Uint32Array(pathWords);
  const bytes = Buffer.from(path.buffer);
  bytes.writeUInt16LE(family, 0);
  bytes.writeUInt16BE(port, 2);
  path[connectionWord] = details.connection ?? 0;
  if (!writeAddress(bytes, 8, host)) return undefined;
  path[6] = details.scope ?? scopeNumber(host);
  if (details.local !== undefined && !writeAddress(bytes, 28, details.local)) return undefined;
  return path;
}

/** A copy of the path that begins at a word of `words`. */
export function copyOfPath(words: Uint32Array, at: number): Path {
  return words.slice(at, at + pathWords);
}

/** Whether a path is a TCP connection. */
export function isConnection(path: Path): boolean {
  return path[connectionWord] !== 0;
}

/** The remote place of a path. */
export function placeOf(words: Uint32Array, at = 0): Place {
  const bytes = bytesOf(words, at);
  const scope = words[at + 6] ?? 0;
  const host = readAddress(bytes, 8);
  return { host: scope === 0 ? host : `${host}%${scope}`, port: bytes.readUInt16BE(2) };
}

/** The local address of a path; `::` where it names none. */
export function localHostOf(words: Uint32Array, at = 0): string {
  return readAddress(bytesOf(words, at), 28);
}

/** Whether the path that begins at a word of `words` has the same remote place as another. */
export function sameRemote(words: Uint32Array, at: number, other: Path): boolean {
  for (let word = 0; word < remoteWords; word++) if (words[at + word] !== other[word]) return false;
  return true;
}

/** Equal for the same address and port, whatever the scope, the connection or the local address. */
export function placeKey(words: Uint32Array, at = 0): string {
  return bytesOf(words, at).toString('latin1', 2, 4) + bytesOf(words, at).toString('latin1', 8, 24);
}

/** Equal for the same remote place. */
export function remoteKey(words: Uint32Array, at = 0): string {
  return bytesOf(words, at).toString('latin1', 0, 4 * remoteWords);
}

function bytesOf(words: Uint32Array, at: number): Buffer {
  return Buffer.from(words.buffer, words.byteOffset + at * 4, pathWords * 4);
}

function writeAddress(bytes: Buffer, at: number, host: string): boolean {
  const canonical = canonicalHost(host);
  if (canonical === undefined) return false;
  const ipv4 = ipv4Number(canonical);
  if (ipv4 !== undefined) {
    bytes.writeUInt16BE(0xffff, at + 10);
    bytes.writeUInt32BE(ipv4, at + 12);
    return true;
  }
  for (const [index, group] of (ipv6Groups(canonical) ?? []).entries()) bytes.writeUInt16BE(group, at + 2 * index);
  return true;
}

function readAddress(bytes: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(at + 2 * index).toString(16));
  return canonicalHost(groups.join(':')) ?? '';
}

/** A scope that is written as a number is one; a name is the port's to translate. */
function scopeNumber(host: string): number {
  const [, scope] = /%(\d{1,9})$/.exec(host) ?? [];
  return scope === undefined ? 0 : Number(scope);
}
