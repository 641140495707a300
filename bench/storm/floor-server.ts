/**
 * The least that a server of cameras can do: uWebSockets.js, and nothing proved. It believes what a token says without verifying it, knows
 * no ticket, keeps no rule and no record: what is left of a returning camera's cost then. `floor-server.ts OWNERS.json` prints its port,
 * and serves until it is ended.
 */
import { readFileSync } from 'node:fs';
import { limits } from '../../src/base/index.ts';
import { firstMessageHeader, firstMessageTaken } from '../../src/protocol/index.ts';
import { deepenBacklog, newListener, openSockets } from '../../src/signaling/transport/backlog.ts';
import { loadUws } from '../../src/signaling/transport/uws-module.ts';
import { type Peer, Switchboard } from './switchboard.ts';

interface Connection {
  readonly subject: string;
  readonly first: string;
  peer?: Peer;
}

const switchboard = new Switchboard(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')));
const loaded = await loadUws();
if ('why' in loaded) throw new Error(loaded.why);
const { module } = loaded;

const app = module.App().ws<Connection>('/*', {
  upgrade: (response, request, context) => {
    const [, claims = ''] = request.getHeader('authorization').split('.');
    const { sub } = JSON.parse(Buffer.from(claims, 'base64url').toString());
    const first = request.getHeader(firstMessageHeader);
    if (first !== '')
      response.writeStatus('101 Switching Protocols').writeHeader(firstMessageHeader, firstMessageTaken);
    response.upgrade(
      { subject: sub, first },
      request.getHeader('sec-websocket-key'),
      request.getHeader('sec-websocket-protocol'),
      request.getHeader('sec-websocket-extensions'),
      context,
    );
  },
  open: (socket) => {
    const connection = socket.getUserData();
    connection.peer = { subject: connection.subject, send: (text) => void socket.send(text) };
    if (connection.first !== '') switchboard.take(connection.peer, connection.first);
  },
  message: (socket, data) => {
    const { peer } = socket.getUserData();
    if (peer !== undefined) switchboard.take(peer, Buffer.from(data).toString());
  },
  close: (socket) => {
    const { peer } = socket.getUserData();
    if (peer !== undefined) switchboard.left(peer);
  },
});

const before = openSockets();
app.listen('127.0.0.1', 0, async (socket) => {
  const port = module.us_socket_local_port(socket);
  await deepenBacklog(newListener(port, before) ?? -1, limits.connectionsUnacceptedMax);
  process.stdout.write(`${port}\n`);
});
