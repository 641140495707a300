import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * Lets more connections wait to be accepted at a socket that listens: as many as asked for, or as the system
 * allows (`net.core.somaxconn`). uWebSockets.js asks for 512, and a fleet that comes back at once is more than that in one turn of the
 * event loop: whoever finds no place tries again a second later. `listen(2)` on a socket that listens already changes nothing
 * else. Returns whether it was done: it takes Linux.
 */
export async function deepenBacklog(listening: number, waitingMax: number): Promise<boolean> {
  try {
    const { default: koffi } = await import('koffi');
    const listen = koffi.load(null).func('int listen(int, int)');
    return listen(listening, waitingMax) === 0;
  } catch {
    return false;
  }
}

/** The sockets that this process has open, by their inodes; none where there is no Linux to say so. */
export function openSockets(): ReadonlySet<string> {
  return new Set(descriptors().map(inodeOf));
}

/**
 * Which descriptor has begun to listen on that TCP port since those sockets were open. Others may have listened on the port before, at other
 * addresses. Undefined where it is not sure.
 */
export function newListener(port: number, before: ReadonlySet<string>): number | undefined {
  const inodes = new Set(['tcp', 'tcp6'].flatMap((table) => listeningInodes(`/proc/self/net/${table}`, port)));
  const found = descriptors().filter((name) => inodes.has(inodeOf(name)) && !before.has(inodeOf(name)));
  return found.length === 1 ? Number(found[0]) : undefined;
}

function descriptors(): string[] {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd') : [];
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
