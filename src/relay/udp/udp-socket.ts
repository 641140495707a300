import { networkInterfaces } from 'node:os';
import { canonicalHost, LatchkeyError, limits } from '../../base/index.ts';
import { type Path, pathOf, remoteWords } from '../wire/path.ts';
import { IPPROTO_IPV6, SO_RXQ_OVFL, SOL_SOCKET, SOL_UDP, sockaddrBytes, UDP_GRO, UDP_SEGMENT } from './batch-memory.ts';
import { errorName, type Libc } from './libc.ts';

/** What a thread has to know of a socket to receive and send on it. Plain data: it can be handed to another thread. */
export interface SocketFacts {
  readonly descriptor: number;
  readonly host: string;
  readonly port: number;
  /** An IP address at which the socket reaches itself. */
  readonly ownHost: string;
  /** What the kernel really gives, in bytes. */
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  /** Whether the kernel cuts up what is sent (UDP_SEGMENT, Linux 4.18), and joins what is received (UDP_GRO, Linux 5.0). */
  readonly segments: boolean;
  readonly joins: boolean;
}

/** A bound UDP socket of the system, dual-stack: IPv4 addresses are IPv4-mapped in it (RFC 3493 section 3.7). */
export class UdpSocket {
  readonly facts: SocketFacts;
  readonly descriptor: number;
  readonly segments: boolean;
  readonly #self: Path;
  /** The first words of the wakers' paths: family and port. */
  #wakers: readonly number[] = [];

  constructor(facts: SocketFacts) {
    this.facts = facts;
    this.descriptor = facts.descriptor;
    this.segments = facts.segments;
    this.#self = pathOf(facts.ownHost, facts.port) ?? new Uint32Array(remoteWords);
  }

  /** Another thread wakes it from these UDP ports of this machine. */
  wakenBy(ports: readonly number[]): void {
    this.#wakers = ports.flatMap((port) => pathOf(this.facts.ownHost, port)?.[0] ?? []);
  }

  /** Whether a datagram comes from this socket itself, or from a waker: it means that there are messages, and nothing else. */
  isWake(words: Uint32Array, at: number): boolean {
    const port = words[at] ?? 0;
    if (port !== this.#self[0] && !this.#wakers.includes(port)) return false;
    for (let word = 1; word < remoteWords; word++) if (words[at + word] !== this.#self[word]) return false;
    return true;
  }

  /** Has a thread that waits for a datagram on this socket go on. */
  wake(libc: Libc): void {
    libc.sendto(this.descriptor, wakeByte, 1, MSG_DONTWAIT, sockaddr(this.#self), sockaddrBytes);
  }

  /** Lets go of the socket. */
  close(libc: Libc): void {
    libc.close(this.descriptor);
  }
}

/**
 * Has the kernel hold no more than so many bytes of a TCP connection that it has not sent (TCP_NOTSENT_LOWAT): what waits in there
 * can no longer be dropped, and would make a slow viewer's picture late by seconds.
 */
export function boundUnsent(libc: Libc, descriptor: number, bytes: number): void {
  libc.setsockopt(descriptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT, int32(bytes), 4);
}

/** Why a socket for both IPv4 and IPv6 cannot be had on this machine; undefined where it can. */
export function whyNoDualStack(libc: Libc): string | undefined {
  const descriptor = libc.socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return `this machine has no IPv6 sockets: ${errorName(libc.errno())}`;
  libc.close(descriptor);
  return undefined;
}

export interface SocketSettings {
  readonly host: string;
  readonly port: number;
  /** The network interface to serve alone (SO_BINDTODEVICE), such as `eth0`; null for all. */
  readonly device: string | null;
}

/** Opens a socket. Throws `settings-invalid`, with the name of the error, when it cannot be bound. */
export function openUdpSocket(libc: Libc, at: SocketSettings): UdpSocket {
  const host = canonicalHost(at.host);
  if (host === undefined) throw new LatchkeyError('settings-invalid', `relay: ${at.host} is not an IP address`);
  const descriptor = libc.socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) throw unusable(libc, 'a UDP socket cannot be opened');
  try {
    const set = (level: number, option: number, value: Uint8Array) =>
      libc.setsockopt(descriptor, level, option, value, value.length) === 0;
    if (!set(IPPROTO_IPV6, IPV6_V6ONLY, int32(0))) throw unusable(libc, 'IPv4 and IPv6 cannot share a socket');
    if (at.device !== null && !set(SOL_SOCKET, SO_BINDTODEVICE, Buffer.from(`${at.device}\0`))) {
      throw unusable(libc, `the interface ${at.device} cannot be bound to`);
    }
    for (const [option, forced] of [
      [SO_RCVBUF, SO_RCVBUFFORCE],
      [SO_SNDBUF, SO_SNDBUFFORCE],
    ] as const) {
      if (!set(SOL_SOCKET, forced, int32(limits.udpBufferBytes))) set(SOL_SOCKET, option, int32(limits.udpBufferBytes));
    }
    set(SOL_SOCKET, SO_RXQ_OVFL, int32(1));
    set(SOL_SOCKET, SO_RCVTIMEO, timeval(limits.receiveWaitMs));
    set(SOL_SOCKET, SO_SNDTIMEO, timeval(limits.sendWaitMs));
    // A socket of every address answers from the address that was asked: else the kernel chooses one, by the road alone.
    if (isWildcard(host)) set(IPPROTO_IPV6, IPV6_RECVPKTINFO, int32(1));
    const joins = set(SOL_UDP, UDP_GRO, int32(1));
    const segments = set(SOL_UDP, UDP_SEGMENT, int32(0));
    bind(libc, descriptor, host, at.port);
    return new UdpSocket({
      descriptor,
      host,
      port: boundPort(libc, descriptor),
      ownHost: ownHost(host, at.device),
      receiveBufferBytes: readInt32(libc, descriptor, SO_RCVBUF),
      sendBufferBytes: readInt32(libc, descriptor, SO_SNDBUF),
      segments,
      joins,
    });
  } catch (error) {
    libc.close(descriptor);
    throw error;
  }
}

function bind(libc: Libc, descriptor: number, host: string, port: number): void {
  const at = host === '0.0.0.0' ? new Uint32Array(remoteWords) : pathOf(host, port || 1);
  if (at === undefined) throw new LatchkeyError('settings-invalid', `relay: UDP port ${port} is none`);
  const address = sockaddr(at);
  if (host === '0.0.0.0') {
    // The mapped form of no address in particular: IPv4 alone.
    address.writeUInt16LE(AF_INET6, 0);
    address.writeUInt16BE(0xffff, 18);
  }
  address.writeUInt16BE(port, 2);
  if (libc.bind(descriptor, address, sockaddrBytes) !== 0) {
    throw unusable(libc, `UDP ${host} port ${port} cannot be bound`);
  }
}

/** A socket that serves one interface alone reaches no address of another, and so not `127.0.0.1`. */
function ownHost(host: string, device: string | null): string {
  if (!isWildcard(host)) return host;
  const [own] = networkInterfaces()[device ?? ''] ?? [];
  if (own === undefined) return '127.0.0.1';
  return own.family === 'IPv6' && own.scopeid > 0 ? `${own.address}%${own.scopeid}` : own.address;
}

function isWildcard(host: string): boolean {
  return host === '::' || host === '0.0.0.0';
}

function boundPort(libc: Libc, descriptor: number): number {
  const address = Buffer.alloc(sockaddrBytes);
  if (libc.getsockname(descriptor, address, int32(sockaddrBytes)) !== 0) throw unusable(libc, 'a port has no name');
  return address.readUInt16BE(2);
}

function unusable(libc: Libc, what: string): LatchkeyError {
  return new LatchkeyError('settings-invalid', `relay: ${what}: ${errorName(libc.errno())}`);
}

function readInt32(libc: Libc, descriptor: number, option: number): number {
  const value = int32(0);
  return libc.getsockopt(descriptor, SOL_SOCKET, option, value, int32(4)) === 0 ? value.readInt32LE() : 0;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function timeval(ms: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigInt64LE(BigInt(Math.floor(ms / 1000)), 0);
  bytes.writeBigInt64LE(BigInt(ms % 1000) * 1000n, 8);
  return bytes;
}

function sockaddr(path: Path): Buffer {
  return Buffer.from(path.buffer.slice(path.byteOffset, path.byteOffset + sockaddrBytes));
}

const wakeByte = Buffer.of(0x40);
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const SO_BINDTODEVICE = 25;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const IPV6_V6ONLY = 26;
const IPPROTO_TCP = 6;
const TCP_NOTSENT_LOWAT = 25;
const IPV6_RECVPKTINFO = 49;
const MSG_DONTWAIT = 0x40;
