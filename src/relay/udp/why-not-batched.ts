import { loadLibc } from './libc.ts';
import { whyNoDualStack } from './udp-socket.ts';

/** Why many datagrams cannot be moved with one system call here; undefined where they can. */
export async function whyNotBatched(): Promise<string | undefined> {
  const libc = await loadLibc();
  return typeof libc === 'string' ? libc : whyNoDualStack(libc);
}
