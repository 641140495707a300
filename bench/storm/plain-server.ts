/**
 * What a team would otherwise write: `ws`, `jose`, two maps. `plain-server.ts KEY.pem OWNERS.json` prints its port, and serves until it is
 * ended. It verifies every token, asks its table of owners, and hands offers and answers on.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { importSPKI, jwtVerify } from 'jose';
import { type WebSocket, WebSocketServer } from 'ws';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly peer: string; readonly offer: string };
  readonly result?: { readonly answer: string };
}

const [keyFile = '', ownersFile = ''] = process.argv.slice(2);
const key = await importSPKI(readFileSync(keyFile, 'utf8'), 'ES256');
const owners = new Map<string, string>(Object.entries(JSON.parse(readFileSync(ownersFile, 'utf8'))));
const cameras = new Map<string, WebSocket>();
const waiting = new Map<number, { camera: WebSocket; settle(outcome: object): void }>();
let calls = 0;

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
  webSocket.on('error', () => webSocket.terminate());
  webSocket.on('message', (data) => take(webSocket, subject, JSON.parse(String(data))));
  webSocket.on('close', () => {
    if (cameras.get(subject) === webSocket) cameras.delete(subject);
    for (const [call, { camera, settle }] of waiting) {
      if (camera !== webSocket) continue;
      waiting.delete(call);
      settle({ error: { code: 410, message: 'gone' } });
    }
  });
}

function take(from: WebSocket, subject: string, { id, method, params, result }: Message): void {
  const answer = (value: object) => from.send(JSON.stringify({ jsonrpc: '2.0', id, ...value }));
  if (method === 'register') {
    cameras.set(subject, from);
    answer({ result: { id: subject } });
  } else if (method === 'connect' && params !== undefined) {
    const camera = cameras.get(params.peer);
    if (owners.get(params.peer) !== subject) answer({ error: { code: 403, message: 'not yours' } });
    else if (camera === undefined) answer({ error: { code: 480, message: 'offline' } });
    else {
      const call = ++calls;
      waiting.set(call, { camera, settle: answer });
      const invite = {
        jsonrpc: '2.0',
        id: call,
        method: 'invite',
        params: { session: `session-${call}`, offer: params.offer },
      };
      camera.send(JSON.stringify(invite));
    }
  } else if (id !== undefined && result !== undefined) {
    waiting.get(id)?.settle({ result: { session: `session-${id}`, answer: result.answer } });
    waiting.delete(id);
  }
}

server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
