/**
 * The least that a server of cameras can do: uWebSockets.js, and nothing proved. It believes what a token says without verifying it, knows
 * no ticket, keeps no rule and no record: what is left of a returning camera's cost then. `floor-server.ts OWNERS.json` prints its port,
 * and serves until it is ended.
 */
import type { WebSocket } from 'uWebSockets.js';
import { readFileSync } from 'node:fs';
import { limits } from '../../src/base/index.ts';
import { deepenBacklog, newListener, openSockets } from '../../src/signaling/transport/backlog.ts';
import { loadUws } from '../../src/signaling/transport/uws-module.ts';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly peer: string; readonly offer: string };
  readonly result?: { readonly answer: string };
}

interface Peer {
  readonly subject: string;
}

const owners = new Map<string, string>(Object.entries(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))));
const loaded = await loadUws();
if ('why' in loaded) throw new Error(loaded.why);
const { module } = loaded;
const cameras = new Map<string, WebSocket<Peer>>();
const waiting = new Map<number, { camera: WebSocket<Peer>; settle(outcome: object): void }>();
/** The library ends the process for a word to a connection that is gone. */
const open = new Set<WebSocket<Peer>>();
let calls = 0;

const app = module.App().ws<Peer>('/*', {
  upgrade: (response, request, context) => {
    const [, claims = ''] = request.getHeader('authorization').split('.');
    const { sub } = JSON.parse(Buffer.from(claims, 'base64url').toString());
    response.upgrade(
      { subject: sub },
      request.getHeader('sec-websocket-key'),
      request.getHeader('sec-websocket-protocol'),
      request.getHeader('sec-websocket-extensions'),
      context,
    );
  },
  open: (socket) => void open.add(socket),
  message: (from, data) => take(from, JSON.parse(Buffer.from(data).toString())),
  close: (socket) => {
    open.delete(socket);
    const { subject } = socket.getUserData();
    if (cameras.get(subject) === socket) cameras.delete(subject);
    for (const [call, { camera, settle }] of waiting) {
      if (camera !== socket) continue;
      waiting.delete(call);
      settle({ error: { code: 410, message: 'gone' } });
    }
  },
});

function take(from: WebSocket<Peer>, { id, method, params, result }: Message): void {
  const answer = (value: object) => {
    if (open.has(from)) from.send(JSON.stringify({ jsonrpc: '2.0', id, ...value }));
  };
  if (method === 'register') {
    const { subject } = from.getUserData();
    cameras.set(subject, from);
    answer({ result: { id: subject } });
  } else if (method === 'connect' && params !== undefined) {
    const camera = cameras.get(params.peer);
    if (owners.get(params.peer) !== from.getUserData().subject) answer({ error: { code: 403, message: 'not yours' } });
    else if (camera === undefined) answer({ error: { code: 480, message: 'offline' } });
    else {
      const call = ++calls;
      waiting.set(call, { camera, settle: answer });
      const invite = { session: `session-${call}`, offer: params.offer };
      camera.send(JSON.stringify({ jsonrpc: '2.0', id: call, method: 'invite', params: invite }));
    }
  } else if (id !== undefined && result !== undefined) {
    waiting.get(id)?.settle({ result: { session: `session-${id}`, answer: result.answer } });
    waiting.delete(id);
  }
}

const before = openSockets();
app.listen('127.0.0.1', 0, async (socket) => {
  const port = module.us_socket_local_port(socket);
  await deepenBacklog(newListener(port, before) ?? -1, limits.connectionsUnacceptedMax);
  process.stdout.write(`${port}\n`);
});
