import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { subprotocol } from '../../src/protocol/index.ts';

interface Line {
  readonly near: WebSocket;
  readonly far: WebSocket;
  /** What the camera said before it could be delivered. */
  readonly early: RawData[];
}

/**
 * Stands between a relay and two cameras that connect one after the other, and carries their messages.
 * Once `crossed`, what the relay says to one camera goes to the other, and that one's answers go back in its place:
 * to the cameras, a relay that mixes them up. `crossedFromTheStart`, their first messages wait for each other: a camera that is
 * answered leaves, and takes the other's way to the relay with it.
 */
export async function crossingSwitchboard(relayUrl: string, { crossedFromTheStart = false } = {}) {
  const http = createServer();
  const server = new WebSocketServer({ server: http, handleProtocols: () => subprotocol });
  const lines: Line[] = [];
  let crossed = crossedFromTheStart;

  const lineFor = (own: number): Line | undefined => lines[crossed ? other(own) : own];
  const isOpen = (line: Line | undefined) => line?.far.readyState === WebSocket.OPEN;
  const deliver = (own: number) => {
    const line = lineFor(own);
    if (line === undefined || !isOpen(line)) return;
    for (const data of lines[own]?.early.splice(0) ?? []) line.far.send(data.toString());
  };
  const begun = new Set<number>();
  const said = (own: number) => {
    const pair = crossedFromTheStart ? [own, other(own)] : [own];
    const isReady = pair.every((index) => isOpen(lines[index]) && (lines[index]?.early.length ?? 0) > 0);
    if (!begun.has(own) && !isReady) return;
    for (const index of pair) {
      begun.add(index);
      deliver(index);
    }
  };
  server.on('connection', (near, request) => {
    const headers = request.headers.authorization === undefined ? {} : { authorization: request.headers.authorization };
    const far = new WebSocket(relayUrl.replace(/^http/, 'ws') + request.url, subprotocol, { headers });
    const early: RawData[] = [];
    const own = lines.push({ near, far, early }) - 1;
    near.on('message', (data) => {
      early.push(data);
      said(own);
    });
    far.on('open', () => said(own));
    far.on('message', (data) => lineFor(own)?.near.send(data.toString()));
    near.on('close', () => far.close());
    far.on('close', () => near.close());
    far.on('error', () => near.close());
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');

  return {
    /** Where the cameras connect. */
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    cross(): void {
      crossed = true;
    },
    close(): void {
      for (const { near, far } of lines) {
        near.terminate();
        far.terminate();
      }
      server.close();
      http.close();
    },
  };
}

/** The cameras connect in pairs: the first and the second, the third and the fourth. */
const other = (own: number): number => (own % 2 === 0 ? own + 1 : own - 1);
