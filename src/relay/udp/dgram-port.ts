import { createSocket, type Socket } from 'node:dgram';
import { LatchkeyError, limits } from '../../base/index.ts';
import { canonicalHost, udpAddress } from '../wire/ip-address.ts';
import type { OpenUdpPort, UdpPortCounters } from './port.ts';

/** A port on `node:dgram`: one system call for each datagram, on every platform that Node runs on. */
export const openDgramPort: OpenUdpPort = async (at, receive) => {
  const host = canonicalHost(at.host);
  if (host === undefined) throw new LatchkeyError('settings-invalid', `relay: ${at.host} is not an IP address`);
  const ipv6 = host.includes(':');
  const socket = createSocket({ type: ipv6 ? 'udp6' : 'udp4', ipv6Only: false, lookup: noLookup });
  await bound(socket, host, at.port);

  const counters: UdpPortCounters = { sendErrors: 0, receiveErrors: 0 };
  let closing: Promise<void> | undefined;
  socket.on('error', () => {
    counters.receiveErrors++;
  });
  socket.on('message', (bytes, { address, port }) => {
    const from = udpAddress(address, port);
    if (from === undefined) counters.receiveErrors++;
    else receive(from, bytes);
  });
  const sent = (error: Error | null) => {
    if (error !== null) counters.sendErrors++;
  };

  return {
    address: { host, port: socket.address().port },
    counters,
    ...kernelBuffers(socket),
    send(to, bytes) {
      if (closing !== undefined || bytes.length > limits.datagramBytesMax || isFull(socket)) {
        counters.sendErrors++;
        return;
      }
      const host = ipv6 && !to.host.includes(':') ? `::ffff:${to.host}` : to.host;
      socket.send(bytes, to.port, host, sent);
    },
    close() {
      closing ??= new Promise((resolve) => socket.close(() => resolve()));
      return closing;
    },
  };
};

/** Whether the kernel takes so little that datagrams pile up in the process. */
function isFull(socket: Socket): boolean {
  return socket.getSendQueueSize() > limits.udpSendQueueBytesMax;
}

/** Addresses here are numbers already; Node would otherwise take a turn of the event loop to find that out. */
function noLookup(host: string, _options: unknown, done: (error: null, address: string, family: number) => void): void {
  done(null, host, host.includes(':') ? 6 : 4);
}

function bound(socket: Socket, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => {
      socket.close();
      const what = `relay: UDP ${host} port ${port} cannot be bound: ${error.message}`;
      reject(new LatchkeyError('settings-invalid', what, { cause: error }));
    };
    socket.once('error', refuse);
    socket.bind({ address: host, port }, () => {
      socket.off('error', refuse);
      resolve();
    });
  });
}

/** Asks for buffers that hold a burst of key frames; the kernel may give less, and some kernels refuse instead. */
function kernelBuffers(socket: Socket): { receiveBufferBytes: number; sendBufferBytes: number } {
  try {
    socket.setRecvBufferSize(limits.udpBufferBytes);
    socket.setSendBufferSize(limits.udpBufferBytes);
  } catch {
    // The sizes that are read back say what became of it.
  }
  return { receiveBufferBytes: socket.getRecvBufferSize(), sendBufferBytes: socket.getSendBufferSize() };
}
