import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import koffi from 'koffi';

const duplicate = koffi.load(null).func('int dup2(int, int)');

/** The descriptors of this process that are sockets. */
export function socketDescriptors(): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((descriptor) => isSocket(descriptor));
}

/** Puts a file in the place of a socket, so that whoever waits for datagrams there finds out that it is none any more. */
export function breakSocket(descriptor: number): void {
  const nothing = openSync('/dev/null', 'r');
  duplicate(nothing, descriptor);
  closeSync(nothing);
}

function isSocket(descriptor: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith('socket:');
  } catch {
    return false;
  }
}
