import { once } from 'node:events';
import { WebSocket } from 'ws';
import { subprotocol, webSocketPath } from '../../src/protocol/index.ts';
import { cpuOf } from '../storm/process-figures.ts';
import type { BenchRelay } from './contestants.ts';

/** As many as a connection may send at once. */
const requestsPerConnection = 96;

/**
 * Opens connections of verified viewers, and has each ask for cameras, with the next request as soon as the last is answered: it is a refusal,
 * of the source or out of memory. Resolves with the relay's CPU time for one of them, in microseconds; the opening is not in it.
 */
export async function cpuUsPerRequest(
  { url, pid }: Pick<BenchRelay, 'url' | 'pid'>,
  connections: number,
  tokenOf: (index: number) => Promise<string>,
): Promise<number> {
  const open = await Promise.all(
    Array.from({ length: connections }, async (_, index) => opened(url, await tokenOf(index))),
  );
  const before = cpuOf(pid);
  await Promise.all(open.map(asked));
  const usedNs = cpuOf(pid) - before;
  for (const socket of open) socket.terminate();
  return usedNs / 1_000 / (connections * requestsPerConnection);
}

async function opened(url: string, token: string): Promise<WebSocket> {
  const headers = { authorization: `Bearer ${token}` };
  const socket = new WebSocket(`${url.replace('http', 'ws')}${webSocketPath}`, subprotocol, {
    headers,
    perMessageDeflate: false,
  });
  await once(socket, 'open');
  return socket;
}

function asked(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    let answered = 0;
    const ask = () => {
      const params = { peer: `camera-${answered % 4}` };
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: answered, method: 'connect', params }));
    };
    socket.on('message', () => {
      answered += 1;
      if (answered < requestsPerConnection) ask();
      else resolve();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('a connection was closed')));
    ask();
  });
}
