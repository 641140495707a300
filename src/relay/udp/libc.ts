import { constants } from 'node:os';
import { limits } from '../../base/index.ts';

/** A pointer that the kernel gets as a number: the address of memory that `address` was asked of. */
export type Address = bigint;

/** The calls of the C library that the batched port makes, and no others. Each returns -1 and sets `errno` when it fails. */
export interface Libc {
  socket(family: number, type: number, protocol: number): number;
  bind(socket: number, address: Uint8Array, bytes: number): number;
  getsockname(socket: number, address: Uint8Array, bytes: Uint8Array): number;
  setsockopt(socket: number, level: number, option: number, value: Uint8Array, bytes: number): number;
  getsockopt(socket: number, level: number, option: number, value: Uint8Array, bytes: Uint8Array): number;
  sendto(socket: number, data: Uint8Array, bytes: number, flags: number, to: Uint8Array, toBytes: number): number;
  close(socket: number): number;
  /** Has the calling thread sleep. */
  usleep(us: number): number;
  prctl(option: number, value: number): number;
  /** `madvise(2)`, with whole pages. */
  madvise(from: Address, bytes: number, advice: number): number;
  /** `recvmmsg(2)`: receives up to `count` messages into the `mmsghdr` array at `messages`. */
  recvmmsg(socket: number, messages: Address, count: number, flags: number): number;
  /** `sendmmsg(2)`: sends the `count` messages of the `mmsghdr` array at `messages`; returns how many it took. */
  sendmmsg(socket: number, messages: Address, count: number, flags: number): number;
  errno(): number;
  /** Where the memory of a buffer lies. It holds as long as the buffer is referenced, since such memory is never moved. */
  address(memory: Uint8Array): Address;
}

/**
 * `recvmmsg` and `sendmmsg` go by their numbers: musl's own wrappers take a message apart into several calls, and with a number
 * both libraries do the same. Every argument is passed on as it is.
 */
const callNumbers: Partial<Record<NodeJS.Architecture, { recvmmsg: number; sendmmsg: number }>> = {
  x64: { recvmmsg: 299, sendmmsg: 307 },
  arm64: { recvmmsg: 243, sendmmsg: 269 },
};

/** What they depend on. */
type System = Pick<NodeJS.Process, 'platform' | 'arch'>;

/** The calls, or why they cannot be had here: no Linux, another processor, or no binary of koffi's for it. */
export async function loadLibc({ platform, arch }: System = process): Promise<Libc | string> {
  const numbers = callNumbers[arch];
  if (platform !== 'linux') return `batched system calls are Linux’s, and this is ${platform}`;
  if (numbers === undefined) return `batched system calls are not known for ${arch}`;
  try {
    const { default: koffi } = await import('koffi');
    // The process has its C library loaded already, whichever it is.
    const library = koffi.load(null);
    const has = <Call>(prototype: string) => library.func(prototype) as unknown as Call;
    type SystemCall = (number: number, socket: number, vec: Address, n: number, flags: number, end: null) => number;
    const call = has<SystemCall>('long syscall(long, int, void *, uint, int, void *)');
    return {
      socket: has('int socket(int, int, int)'),
      bind: has('int bind(int, void *, uint)'),
      getsockname: has('int getsockname(int, void *, void *)'),
      setsockopt: has('int setsockopt(int, int, int, void *, uint)'),
      getsockopt: has('int getsockopt(int, int, int, void *, void *)'),
      sendto: has('long sendto(int, void *, size_t, int, void *, uint)'),
      close: has('int close(int)'),
      usleep: has('int usleep(uint)'),
      prctl: has('int prctl(int, ulong)'),
      madvise: has('int madvise(void *, size_t, int)'),
      recvmmsg: (socket, messages, count, flags) => call(numbers.recvmmsg, socket, messages, count, flags, null),
      sendmmsg: (socket, messages, count, flags) => call(numbers.sendmmsg, socket, messages, count, flags, null),
      errno: () => koffi.errno(),
      address: (memory) => koffi.address(memory),
    };
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return `koffi cannot be loaded: ${what.slice(0, limits.reasonCharactersMax)}`;
  }
}

/** Has the kernel end the calling thread's sleep within a microsecond of its time, and not when it suits it (PR_SET_TIMERSLACK). */
export function sleepPrecisely(libc: Libc): void {
  libc.prctl(PR_SET_TIMERSLACK, 1_000);
}

const PR_SET_TIMERSLACK = 29;

/**
 * Asks the kernel to keep memory in large pages where it can (`madvise(2)`, MADV_HUGEPAGE): whoever looks at places all over it waits for
 * the pages' own addresses as well, and of large ones the processor knows them all. It is a wish, which changes nothing that lies there. Of the memory
 * those pages are meant that are whole, so that no other's are.
 */
export function wishForLargePages(libc: Libc, memory: ArrayBufferLike): void {
  const from = libc.address(new Uint8Array(memory));
  const first = ((from + pageBytes - 1n) / pageBytes) * pageBytes;
  const bytes = ((from + BigInt(memory.byteLength)) / pageBytes) * pageBytes - first;
  if (bytes > 0n) libc.madvise(first, Number(bytes), MADV_HUGEPAGE);
}

const MADV_HUGEPAGE = 14;
/** The largest of arm64’s, and so a whole number of any other. */
const pageBytes = 65_536n;

/** The name of an error number, such as `EADDRINUSE`. */
export function errorName(errno: number): string {
  const [name] = Object.entries(constants.errno).find(([, number]) => number === errno) ?? [];
  return name ?? `error ${errno}`;
}
