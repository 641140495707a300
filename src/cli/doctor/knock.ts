import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { type Clock, limits } from '../../base/index.ts';

/** What became of it: somebody took or answered it, nobody did anything, or the system’s word for why it came back. */
export type Knock = 'taken' | 'silent' | (string & {});

/** Opens a TCP connection and says nothing. */
export function knockTcp(host: string, port: number, clock: Clock): Promise<Knock> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const timer = clock.after(limits.doctorProbeMsMax, () => over('silent'));
    const over = (knock: Knock) => {
      timer.cancel();
      socket.destroy();
      resolve(knock);
    };
    socket.once('connect', () => over('taken'));
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) => over(code ?? message));
  });
}

/** Sends one byte that belongs to none of the protocols that share the port (RFC 7983), and listens for what the network says of it. */
export async function knockUdp(name: string, port: number, clock: Clock): Promise<Knock> {
  const { address, family } = await lookup(name);
  return await new Promise((resolve) => {
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    const timer = clock.after(limits.doctorSilenceMs, () => over('silent'));
    const over = (knock: Knock) => {
      timer.cancel();
      socket.removeAllListeners('error').on('error', () => {});
      socket.close();
      resolve(knock);
    };
    const failed = ({ code, message }: NodeJS.ErrnoException) => over(code ?? message);
    socket.once('error', failed);
    socket.once('message', () => over('taken'));
    socket.connect(port, address, () => socket.send(Buffer.of(0x04)));
  });
}
