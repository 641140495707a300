import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { limits } from '../base/index.ts';

/** Where a PostgreSQL server is: a host and its port, or the folder of its socket. */
export interface PostgresPlace {
  readonly host: string;
  readonly port: number;
  /** How its certificate is checked; undefined for a connection in clear. */
  readonly tls: ConnectionOptions | undefined;
}

/** A connection's own name and secret, with which its question is taken back. */
export interface PostgresBackend {
  readonly processId: number;
  readonly secretKey: number;
}

const cancelCode = 80_877_102;
const tlsCode = 80_877_103;

/**
 * Asks the server to give up what a connection of ours waits for (CancelRequest, PostgreSQL protocol 3.0): by a connection of its own, which
 * brings no answer. What goes wrong with it is left to the statement's own time limit.
 */
export function cancelQuestion(place: PostgresPlace, { processId, secretKey }: PostgresBackend): void {
  const { host, port, tls } = place;
  const isFolder = host.startsWith('/');
  const socket = isFolder ? connectTcp(`${host}/.s.PGSQL.${port}`) : connectTcp(port, host);
  giveUpQuietly(socket);
  const request = words(16, cancelCode, processId, secretKey);
  if (tls === undefined || isFolder) {
    socket.end(request);
    return;
  }
  socket.write(words(8, tlsCode));
  socket.once('data', (answer) => {
    if (answer.toString('latin1') !== 'S') return socket.destroy();
    const secured = connectTls({ ...tls, socket }, () => secured.end(request));
    giveUpQuietly(secured);
  });
}

function giveUpQuietly(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  socket.setTimeout(limits.postgresConnectMsMax, () => socket.destroy());
  socket.unref();
}

function words(...values: number[]): Buffer {
  const buffer = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) buffer.writeInt32BE(value | 0, 4 * at);
  return buffer;
}
