import { UdpPeer } from './udp-peer.ts';

/** The first of so many UDP ports on loopback in a row that were free just now, below those that the system hands out. */
export async function freePorts(count: number): Promise<number> {
  for (let base = 12_000 + (process.pid % 8_000); base < 30_000; base += count) {
    await using held = new AsyncDisposableStack();
    try {
      for (let index = 0; index < count; index++) held.use(await UdpPeer.open('127.0.0.1', base + index));
      return base;
    } catch {
      // One of them is taken: the next ones.
    }
  }
  throw new Error('there are no free ports in a row');
}
