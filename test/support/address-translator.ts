import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** A home router between one client and the relay: the relay sees its address, and `move` changes it. */
export async function addressTranslator(relayPort: number) {
  const inside = createSocket('udp4');
  inside.bind(0, '127.0.0.1');
  await once(inside, 'listening');
  let client: { port: number; address: string } | undefined;
  let carried = 0;
  let outside = await outsideSocket();

  async function outsideSocket(): Promise<Socket> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    socket.on('message', (datagram) => {
      if (client !== undefined && socket === outside) inside.send(datagram, client.port, client.address);
    });
    return socket;
  }

  inside.on('message', (datagram, from) => {
    carried += 1;
    client = { port: from.port, address: from.address };
    outside.send(datagram, relayPort, '127.0.0.1');
  });

  return {
    /** The port that the client talks to, in the relay's place. */
    port: inside.address().port,
    /** The port that the relay sees now. */
    get outsidePort(): number {
      return outside.address().port;
    },
    /** Datagrams of the client so far. */
    get carried(): number {
      return carried;
    },
    /** From here on the relay sees another source port, and the old one is nobody's. */
    async move(): Promise<void> {
      const old = outside;
      outside = await outsideSocket();
      old.close();
    },
    close(): void {
      inside.close();
      outside.close();
    },
  };
}
