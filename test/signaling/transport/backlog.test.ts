import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { deepenBacklog, newListener, openSockets } from '../../../src/signaling/transport/backlog.ts';

const servers: ReturnType<typeof createServer>[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(host: string, port = 0): Promise<number> {
  const server = createServer();
  servers.push(server);
  server.listen({ host, port, backlog: 8 });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** How many may wait at a port, as the kernel says: what `ss` calls the send queue of who listens. */
async function backlogOf(port: number, host = ''): Promise<number> {
  const { stdout } = await promisify(execFile)('ss', ['-ltnH', `src ${host}:${port}`]);
  return Number(stdout.trim().split(/\s+/)[2]);
}

it.each(['127.0.0.1', '::1', '::'])('more may wait at a port that is listened on at %s', async (host) => {
  const before = openSockets();
  const port = await listening(host);
  expect(await backlogOf(port)).toBe(8);
  const listener = newListener(port, before);
  if (listener === undefined) throw new Error('nobody listens');
  expect(await deepenBacklog(listener, 100)).toBe(true);
  expect(await backlogOf(port)).toBe(100);
});

it('who listens on the same port at another address, and did so before, is somebody else', async () => {
  const port = await listening('127.0.0.1');
  const before = openSockets();
  expect(newListener(port, before)).toBeUndefined();
  await listening('127.0.0.2', port);
  const listener = newListener(port, before);
  if (listener === undefined) throw new Error('nobody listens');
  expect(await deepenBacklog(listener, 100)).toBe(true);
  expect([await backlogOf(port, '127.0.0.1'), await backlogOf(port, '127.0.0.2')]).toEqual([8, 100]);
});

it('of two who have begun to listen on one port it is not sure which is meant', async () => {
  const before = openSockets();
  const port = await listening('127.0.0.1');
  await listening('127.0.0.2', port);
  expect(newListener(port, before)).toBeUndefined();
});

it('a port that nobody of this process listens on is left alone', async () => {
  const before = openSockets();
  const port = await listening('127.0.0.1');
  servers.pop()?.close();
  expect(newListener(port, before)).toBeUndefined();
  expect(await deepenBacklog(-1, 100)).toBe(false);
});
