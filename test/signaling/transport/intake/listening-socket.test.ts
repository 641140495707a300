import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ListeningSocket } from '../../../../src/signaling/transport/intake/listening-socket.ts';
import { listeningSocket, say } from './stage.ts';

describe('a listening socket that defers whoever is silent', () => {
  const clients: Socket[] = [];
  let socket: ListeningSocket;
  let port: number;

  beforeEach(async () => {
    ({ socket, port } = await listeningSocket());
    socket.deferSilent();
  });

  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
    socket.shut();
    socket.close();
  });

  async function come(): Promise<Socket> {
    const client = connect({ host: '127.0.0.1', port });
    clients.push(client);
    await once(client, 'connect');
    return client;
  }

  /** What whoever is next has said; undefined where nobody is there. */
  function next(): string | undefined {
    const connection = socket.accept();
    if (typeof connection === 'string') return undefined;
    const beginning = socket.beginning(connection);
    socket.drop(connection);
    return beginning;
  }

  it('gives whoever has said something, and nobody before', async () => {
    const first = await come();
    const second = await come();
    expect(next()).toBeUndefined();
    await say(second, 'second');
    expect(next()).toBe('second');
    expect(next()).toBeUndefined();
    await say(first, 'first');
    expect(next()).toBe('first');
  });

  it('gives whoever goes on to say nothing as well, some time later', async () => {
    await come();
    await expect.poll(next).toBe('');
  });
});
