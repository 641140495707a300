import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { deepenBacklog } from '../../../src/signaling/transport/backlog.ts';

const servers: ReturnType<typeof createServer>[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(host: string): Promise<number> {
  const server = createServer();
  servers.push(server);
  server.listen({ host, port: 0, backlog: 8 });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** How many may wait at a port, as the kernel says: what `ss` calls the send queue of who listens. */
async function backlogOf(port: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ss', ['-ltnH', `sport = :${port}`]);
  return Number(stdout.trim().split(/\s+/)[2]);
}

it.each(['127.0.0.1', '::1', '::'])('more may wait at a port that is listened on at %s', async (host) => {
  const port = await listening(host);
  expect(await backlogOf(port)).toBe(8);
  expect(await deepenBacklog(port, 100)).toBe(true);
  expect(await backlogOf(port)).toBe(100);
});

it('a port that nobody of this process listens on is left alone', async () => {
  const port = await listening('127.0.0.1');
  servers.pop()?.close();
  expect(await deepenBacklog(port, 100)).toBe(false);
});
