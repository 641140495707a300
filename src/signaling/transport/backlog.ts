import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * Lets another socket of this user listen on the same address beside one that does already, or not any longer (`SO_REUSEPORT`, `socket(7)`): for the
 * moment in which the one takes over from the other. Returns whether it was done: it takes Linux.
 */
export async function sharePort(descriptor: number, shared: boolean): Promise<boolean> {
  const libc = await loadLibc();
  const set = libc.func('int setsockopt(int, int, int, const int *, unsigned int)');
  return set(descriptor, solSocket, soReusePort, [shared ? 1 : 0], 4) === 0;
}

/** As Linux numbers them on the machines that it runs on here. */
const [solSocket, soReusePort] = [1, 15];

/**
 * Lets more connections wait to be accepted at a port that this process listens on: as many as asked for, or as the system
 * allows (`net.core.somaxconn`). uWebSockets.js asks for 512, and a fleet that comes back at once is more than that in one turn of the
 * event loop: whoever finds no place tries again a second later. `listen(2)` on a socket that listens already changes nothing
 * else. Returns whether it was done: it takes Linux.
 */
export async function deepenBacklog(port: number, waitingMax: number): Promise<boolean> {
  const descriptors = listeningDescriptors(port);
  if (descriptors.length === 0) return false;
  const listen = (await loadLibc()).func('int listen(int, int)');
  return descriptors.every((descriptor) => listen(descriptor, waitingMax) === 0);
}

async function loadLibc() {
  const { default: koffi } = await import('koffi');
  return koffi.load(null);
}

/** Which of this process's descriptors listen on that TCP port; none where nobody tells. */
export function listeningDescriptors(port: number): number[] {
  if (process.platform !== 'linux') return [];
  const inodes = new Set(['tcp', 'tcp6'].flatMap((table) => listeningInodes(`/proc/self/net/${table}`, port)));
  const found = readdirSync('/proc/self/fd').filter((name) => inodes.has(inodeOf(name)));
  return found.map(Number);
}

/** The inodes of sockets that listen on a port, from a table of the kernel's (`proc(5)`, `/proc/net/tcp`). */
function listeningInodes(table: string, port: number): string[] {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return linesOf(table).flatMap((line) => {
    const [, address = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    return address.endsWith(local) && state === listening ? [inode] : [];
  });
}

/** TCP_LISTEN. */
const listening = '0A';

/** A table that is not there has no line: not every system has IPv6. */
function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}

/** A descriptor may be closed between the list and the look. */
function inodeOf(descriptor: string): string {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1] ?? '';
  } catch {
    return '';
  }
}
