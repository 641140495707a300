import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { limits } from '../../../base/index.ts';

/** A connection by its descriptor. Whoever got it from `accept` hands it on or drops it. */
export type Descriptor = number;

/** Why `accept` gave none: nobody waits; the process or the system can have no more of them now; or the system will not say. */
export type NotAccepted = 'nobody' | 'exhausted' | 'failed';

/** A socket that listens, in our own hands: whoever connects is taken from it when it suits us. */
export interface ListeningSocket {
  /** Readable, each of them, when there is somebody for `accept` or for `spoken`. */
  readonly signs: readonly Descriptor[];
  /**
   * Has the system keep whoever connects until they say something, for `limits.intakeDeferredSecondsMax`: `accept` gives nobody before. Not where it
   * has no SYN cookies, since silent clients could fill there what it keeps them in, and nobody else would get in.
   */
  deferSilent(): void;
  /** Takes whoever has waited for longest. */
  accept(): Descriptor | NotAccepted;
  /** Has `spoken` tell of a connection once something has come on it. */
  watch(connection: Descriptor): void;
  /** Those that are watched and have something to read, or have gone; `limits.intakeReadsPerTurnMax` at most. They are watched no longer. */
  spoken(): Descriptor[];
  /** No longer watched. */
  leave(connection: Descriptor): void;
  /** The first `limits.intakePeekBytes` of what has come. It stays there to be read. */
  beginning(connection: Descriptor): string;
  drop(connection: Descriptor): void;
  /** Nobody can connect any more, and whoever waits at the socket finds out. */
  shut(): void;
  /** After `shut`, when nobody waits at it. */
  close(): void;
}

interface Calls {
  fcntl(descriptor: number, command: number, value: number): number;
  setsockopt(descriptor: number, level: number, option: number, value: Int32Array, bytes: number): number;
  accept4(descriptor: number, address: null, bytes: null, flags: number): number;
  recv(descriptor: number, into: Buffer, bytes: number, flags: number): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epoll: number, operation: number, descriptor: number, event: Buffer): number;
  epoll_wait(epoll: number, events: Buffer, count: number, timeoutMs: number): number;
  shutdown(descriptor: number, how: number): number;
  close(descriptor: number): number;
  errno(): number;
}

/**
 * A socket that this process listens on already, once more: it listens on when the descriptor given is closed. Undefined where the calls for it cannot be had.
 */
export async function takeListeningSocket(descriptor: Descriptor): Promise<ListeningSocket | undefined> {
  const calls = await loadCalls();
  if (calls === undefined) return undefined;
  // Not inherited by a process that is started: the port would stay taken after our own end.
  const own = calls.fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  const epoll = calls.epoll_create1(CLOEXEC);
  if (own >= 0 && epoll >= 0) return new LinuxListeningSocket(calls, own, epoll);
  for (const one of [own, epoll]) if (one >= 0) calls.close(one);
  return undefined;
}

async function loadCalls(): Promise<Calls | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const { default: koffi } = await import('koffi');
    const library = koffi.load(null);
    const has = <Call>(prototype: string) => library.func(prototype) as unknown as Call;
    return {
      fcntl: has('int fcntl(int, int, int)'),
      setsockopt: has('int setsockopt(int, int, int, void *, uint)'),
      accept4: has('int accept4(int, void *, void *, int)'),
      recv: has('long recv(int, void *, size_t, int)'),
      epoll_create1: has('int epoll_create1(int)'),
      epoll_ctl: has('int epoll_ctl(int, int, int, void *)'),
      epoll_wait: has('int epoll_wait(int, void *, int, int)'),
      shutdown: has('int shutdown(int, int)'),
      close: has('int close(int)'),
      errno: () => koffi.errno(),
    };
  } catch {
    return undefined;
  }
}

class LinuxListeningSocket implements ListeningSocket {
  readonly signs: readonly Descriptor[];
  readonly #calls: Calls;
  readonly #listening: Descriptor;
  readonly #epoll: Descriptor;
  readonly #event = Buffer.alloc(eventBytes);
  readonly #events = Buffer.alloc(eventBytes * limits.intakeReadsPerTurnMax);
  readonly #peeked = Buffer.alloc(limits.intakePeekBytes);

  constructor(calls: Calls, listening: Descriptor, epoll: Descriptor) {
    this.#calls = calls;
    this.#listening = listening;
    this.#epoll = epoll;
    this.signs = [listening, epoll];
  }

  deferSilent(): void {
    if (!hasSynCookies()) return;
    const seconds = new Int32Array([limits.intakeDeferredSecondsMax]);
    this.#calls.setsockopt(this.#listening, IPPROTO_TCP, TCP_DEFER_ACCEPT, seconds, seconds.byteLength);
  }

  accept(): Descriptor | NotAccepted {
    for (;;) {
      const connection = this.#calls.accept4(this.#listening, null, null, NONBLOCK | CLOEXEC);
      if (connection >= 0) return connection;
      const error = this.#calls.errno();
      if (error === EAGAIN) return 'nobody';
      if (exhaustion.has(error)) return 'exhausted';
      // Whoever has gone while they waited is no reason to stop.
      if (!passing.has(error)) return 'failed';
    }
  }

  watch(connection: Descriptor): void {
    this.#event.writeUInt32LE(EPOLLIN | EPOLLRDHUP, 0);
    this.#event.writeUInt32LE(connection, eventDataAt);
    this.#calls.epoll_ctl(this.#epoll, EPOLL_CTL_ADD, connection, this.#event);
  }

  spoken(): Descriptor[] {
    const count = this.#calls.epoll_wait(this.#epoll, this.#events, limits.intakeReadsPerTurnMax, 0);
    const connections: Descriptor[] = [];
    for (let index = 0; index < count; index++) {
      const connection = this.#events.readUInt32LE(index * eventBytes + eventDataAt);
      this.leave(connection);
      connections.push(connection);
    }
    return connections;
  }

  leave(connection: Descriptor): void {
    this.#calls.epoll_ctl(this.#epoll, EPOLL_CTL_DEL, connection, this.#event);
  }

  beginning(connection: Descriptor): string {
    const bytes = this.#calls.recv(connection, this.#peeked, this.#peeked.length, MSG_PEEK | MSG_DONTWAIT);
    return bytes > 0 ? this.#peeked.toString('latin1', 0, bytes) : '';
  }

  drop(connection: Descriptor): void {
    this.#calls.close(connection);
  }

  shut(): void {
    this.#calls.shutdown(this.#listening, SHUT_RDWR);
  }

  close(): void {
    this.#calls.close(this.#epoll);
    this.#calls.close(this.#listening);
  }
}

/** `tcp_syncookies` of `tcp(7)`. */
function hasSynCookies(): boolean {
  try {
    return readFileSync('/proc/sys/net/ipv4/tcp_syncookies', 'latin1').trim() !== '0';
  } catch {
    return false;
  }
}

const { EAGAIN, EMFILE, ENFILE, ENOMEM, ENOBUFS, EINTR, ECONNABORTED, EPROTO } = constants.errno;
const exhaustion: ReadonlySet<number> = new Set([EMFILE, ENFILE, ENOMEM, ENOBUFS]);
const passing: ReadonlySet<number> = new Set([EINTR, ECONNABORTED, EPROTO]);

/** `fcntl(2)`, `tcp(7)`, `accept4(2)`, `recv(2)`, `epoll_ctl(2)`, `shutdown(2)`: the same on x64 and arm64. */
const F_DUPFD_CLOEXEC = 1_030;
const NONBLOCK = 0o4000;
const CLOEXEC = 0o2000000;
const IPPROTO_TCP = 6;
const TCP_DEFER_ACCEPT = 9;
const MSG_PEEK = 0x2;
const MSG_DONTWAIT = 0x40;
const EPOLLIN = 0x1;
const EPOLLRDHUP = 0x2000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const SHUT_RDWR = 2;
/** `struct epoll_event`, which is packed on x64 and nowhere else. */
const eventDataAt = process.arch === 'x64' ? 4 : 8;
const eventBytes = eventDataAt + 8;
