/**
 * What a team would otherwise write: `ws`, `jose`, two maps. `plain-server.ts KEY.pem OWNERS.json` prints its port, and serves until it is
 * ended. It verifies every token, asks its table of owners, and hands offers and answers on.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { importSPKI, jwtVerify } from 'jose';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Peer, Switchboard } from './switchboard.ts';

const [keyFile = '', ownersFile = ''] = process.argv.slice(2);
const key = await importSPKI(readFileSync(keyFile, 'utf8'), 'ES256');
const switchboard = new Switchboard(JSON.parse(readFileSync(ownersFile, 'utf8')));

const server = createServer((_request, response) => response.writeHead(404).end());
const sockets = new WebSocketServer({ noServer: true, maxPayload: 65_536 });

server.on('upgrade', async (request, socket, head) => {
  socket.on('error', () => socket.destroy());
  try {
    const token = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    const audience = ['latchkey-camera', 'latchkey-viewer'];
    const { payload } = await jwtVerify(token, key, { issuer: 'bench', audience, requiredClaims: ['exp', 'sub'] });
    sockets.handleUpgrade(request, socket, head, (webSocket) => serve(webSocket, payload.sub ?? ''));
  } catch {
    socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
  }
});

function serve(webSocket: WebSocket, subject: string): void {
  const peer: Peer = { subject, send: (text) => webSocket.send(text) };
  webSocket.on('error', () => webSocket.terminate());
  webSocket.on('message', (data) => switchboard.take(peer, String(data)));
  webSocket.on('close', () => switchboard.left(peer));
}

server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
