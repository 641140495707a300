import { BatchedPort } from '../../../src/relay/udp/batched-port.ts';
import { type Libc, loadLibc } from '../../../src/relay/udp/libc.ts';
import type { OpenUdpPort } from '../../../src/relay/udp/port.ts';
import { openUdpSocket } from '../../../src/relay/udp/udp-socket.ts';

/** The system's calls; throws where they cannot be had. */
export async function demandLibc(): Promise<Libc> {
  const libc = await loadLibc();
  if (typeof libc === 'string') throw new Error(libc);
  return libc;
}

/** The batched port on the event loop of a test, which asks it for datagrams again and again. */
export const openPumpedPort: OpenUdpPort = async (at, receive, cells) => {
  const libc = await demandLibc();
  const socket = openUdpSocket(libc, { ...at, device: null });
  const port = new BatchedPort(libc, socket, cells);
  let closing: Promise<void> | undefined;
  let pump = setImmediate(function turn() {
    port.turn(false, () => {}, receive);
    port.flush();
    if (closing === undefined) pump = setImmediate(turn);
  });
  return {
    address: { host: socket.facts.host, port: socket.facts.port },
    receiveBufferBytes: socket.facts.receiveBufferBytes,
    sendBufferBytes: socket.facts.sendBufferBytes,
    send: (...datagrams) => port.send(...datagrams),
    close() {
      port.close();
      clearImmediate(pump);
      closing ??= new Promise((resolve) => {
        setImmediate(() => {
          socket.close(libc);
          resolve();
        });
      });
      return closing;
    },
  };
};
