import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { limits, Redacted } from '../../src/base/index.ts';
import { freePort } from '../support/free-port.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { type RedisProxy, redisProxy } from '../support/redis-proxy.ts';
import { type RunningRedis, runningRedis } from '../support/redis-server.ts';
import { selfSigned } from '../support/self-signed.ts';
import { connectedStore, openedStore } from './support/connected-store.ts';

const lifeMs = 60_000;
let cleanUp: AsyncDisposableStack;

beforeEach(() => {
  cleanUp = new AsyncDisposableStack();
});

afterEach(() => cleanUp.disposeAsync());

async function redisWith(...parameters: Parameters<typeof runningRedis>): Promise<RunningRedis> {
  return cleanUp.use(await runningRedis(...parameters));
}

async function behindProxy(): Promise<RedisProxy> {
  return cleanUp.use(await redisProxy((await redisWith()).port, 1));
}

/** A server that says these texts to whoever comes, one for each piece it hears. */
async function scripted(...answers: string[]): Promise<number> {
  const server = createServer((socket) => {
    const left = [...answers];
    socket.on('error', () => {});
    socket.on('data', () => void socket.write(left.shift() ?? ''));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUp.defer(() => void server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A clock that stands still, and knows how long somebody waits for a new connection. */
class WaitingClock extends ManualClock {
  readonly waitsMs: number[] = [];

  override after(delayMs: number, run: () => void): ReturnType<ManualClock['after']> {
    if (delayMs !== limits.sharedConnectMsMax) this.waitsMs.push(delayMs);
    return super.after(delayMs, run);
  }
}

function keep<Opened extends { store: { close(): void } }>(opened: Opened): Opened {
  cleanUp.defer(() => opened.store.close());
  return opened;
}

describe('a store on Redis', () => {
  it('keeps an entry for its time and no longer', async () => {
    const { port } = await redisWith();
    const { store } = keep(await connectedStore({ port }));
    await store.set('a', 'entry', lifeMs);
    await store.set('b', 'entry', 1);
    await expect.poll(() => store.get('b')).toBeUndefined();
    expect(await store.get('a')).toBe('entry');
  });

  it('has nothing, and says so at once, while nobody listens', async () => {
    const { store, until } = keep(openedStore({ port: await freePort() }));
    await expect(store.get('a')).rejects.toThrow('not there');
    await expect(store.set('a', 'entry', lifeMs)).rejects.toThrow('not there');
    await until('lost ECONNREFUSED', 2);
  });

  it('is back by itself when Redis is', async () => {
    const redis = await redisWith();
    const { store, until } = keep(await connectedStore({ port: redis.port }));
    await store.set('a', 'entry', lifeMs);
    await redis.kill();
    await until('lost');
    await expect(store.get('a')).rejects.toThrow();
    await redis.restart();
    await until('connected', 2);
    expect(await store.get('a')).toBeUndefined();
  });

  it('knows a password and a user', async () => {
    const acl = ['--user', 'relay', 'on', '>let-me-in', '~latchkey:*', '+get', '+set', '+ping'];
    const { port } = await redisWith(['--requirepass', 'open', ...acl]);
    for (const settings of [
      { password: new Redacted('open') },
      { username: 'relay', password: new Redacted('let-me-in') },
    ]) {
      const { store } = keep(await connectedStore({ port, ...settings }));
      await store.set('latchkey:a', 'entry', lifeMs);
      expect(await store.get('latchkey:a')).toBe('entry');
    }
  });

  it.each<[string, { password?: Redacted<string> }]>([
    ['without the password', {}],
    ['with another password', { password: new Redacted('sesame') }],
  ])('is refused %s, says so, and is no alarm', async (_, settings) => {
    const { port } = await redisWith(['--requirepass', 'open']);
    const { store, told, until } = keep(openedStore({ port, ...settings }));
    await until('refused');
    expect(told).not.toContain('foreign');
    await expect(store.get('a')).rejects.toThrow();
  });

  it('cannot be used where a right is missing, and is no alarm', async () => {
    const acl = ['--user', 'relay', 'on', '>let-me-in', '~other:*', '+get', '+set', '+ping'];
    const { port } = await redisWith(acl);
    const { store, told } = keep(
      await connectedStore({ port, username: 'relay', password: new Redacted('let-me-in') }),
    );
    await expect(store.get('latchkey:a')).rejects.toThrow('cannot answer');
    await expect(store.set('latchkey:a', 'entry', lifeMs)).rejects.toThrow('cannot answer');
    expect(told).toEqual(['connected']);
  });

  it('speaks TLS, to a server whose certificate it can check', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-redis-tls-'));
    cleanUp.defer(() => rmSync(folder, { recursive: true }));
    const { certificate, key } = selfSigned();
    const files = { certificateFile: join(folder, 'certificate.pem'), keyFile: join(folder, 'key.pem') };
    writeFileSync(files.certificateFile, certificate);
    writeFileSync(files.keyFile, key);
    const { port } = await redisWith(['--tls-ca-cert-file', files.certificateFile], files);
    const { store } = keep(await connectedStore({ host: 'localhost', port, tls: { ca: certificate } }));
    await store.set('a', 'entry', lifeMs);
    expect(await store.get('a')).toBe('entry');
    const { until } = keep(openedStore({ host: 'localhost', port, tls: {} }));
    await until('lost DEPTH_ZERO_SELF_SIGNED_CERT');
    const { until: untilOther } = keep(openedStore({ host: '127.0.0.1', port, tls: { ca: certificate } }));
    await untilOther('lost ERR_TLS_CERT_ALTNAME_INVALID');
  });
});

describe('a store that answers late', () => {
  it('loses its connection, and makes another', async () => {
    const proxy = await behindProxy();
    const { store, until } = keep(await connectedStore({ port: proxy.port }));
    proxy.silent = true;
    await expect(store.get('a')).rejects.toThrow('late');
    await until('late');
    proxy.silent = false;
    await until('connected', 2);
    expect(await store.get('a')).toBeUndefined();
  });

  it('is asked nothing before it has given back a word', async () => {
    const proxy = await behindProxy();
    proxy.silent = true;
    const { store, until, told } = keep(openedStore({ port: proxy.port }));
    await expect(store.get('a')).rejects.toThrow('not there');
    await until('late');
    expect(told).not.toContain('connected');
  });

  it('is waited for longer and longer between connections, up to a bound', async () => {
    const clock = new WaitingClock();
    const { until } = keep(openedStore({ port: await freePort() }, clock));
    for (let n = 1; n <= 10; n++) {
      await until('lost ECONNREFUSED', n);
      expect(clock.waitsMs).toHaveLength(n);
      clock.advance(clock.waitsMs.at(-1) ?? 0);
    }
    await until('lost ECONNREFUSED', 11);
    for (const [n, waitMs] of clock.waitsMs.entries()) {
      const most = Math.min(limits.sharedReconnectMsFirst * 2 ** n, limits.sharedReconnectMsMax);
      expect(waitMs).toBeGreaterThanOrEqual(most / 2);
      expect(waitMs).toBeLessThanOrEqual(most);
    }
  });
});

describe('a store that gives the replies of others', () => {
  const ok = '+OK\r\n';

  it.each<[string, string]>([
    ['another word than it was given', '$3\r\nabc\r\n'],
    ['PONG', '+PONG\r\n'],
    ['nothing', '$-1\r\n'],
    ['a page', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ])('is found out by its greeting: %s', async (_, greeting) => {
    const { until, told } = keep(openedStore({ port: await scripted(greeting) }));
    await until('foreign');
    expect(told[0]).toBe('foreign');
  });

  it.each<[string, string, (store: Awaited<ReturnType<typeof connectedStore>>['store']) => Promise<unknown>]>([
    ['a status for an entry', ok, (store) => store.get('a')],
    ['a number for an entry', ':1\r\n', (store) => store.get('a')],
    ['an entry for a status', '$1\r\na\r\n', (store) => store.set('a', 'entry', lifeMs)],
    ['nothing for a status', '$-1\r\n', (store) => store.set('a', 'entry', lifeMs)],
    ['another status', '+PONG\r\n', (store) => store.set('a', 'entry', lifeMs)],
  ])('is an alarm and has no answer: %s', async (_, reply, ask) => {
    const port = await greeting(reply);
    const { store, until } = keep(await connectedStore({ port }));
    await expect(ask(store)).rejects.toThrow('another question');
    await until('foreign');
  });

  it('is told of once where nobody waits', async () => {
    const port = await greeting('$-1\r\n$-1\r\n');
    const { store, until, told } = keep(await connectedStore({ port }));
    expect(await store.get('a')).toBeUndefined();
    await until('foreign');
    expect(told).toEqual(['connected', 'foreign']);
  });

  /** A server that greets as it should, and then says this to every question. */
  async function greeting(reply: string): Promise<number> {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        const [, word] = /PING\r\n\$\d+\r\n(.*)\r\n/.exec(chunk.toString()) ?? [];
        socket.write(word === undefined ? reply : `$${word.length}\r\n${word}\r\n`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanUp.defer(() => void server.close());
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }
});

describe('commands that are under way', () => {
  it('are so many and no more, and writing leaves room for asking', async () => {
    const proxy = await behindProxy();
    const { store } = keep(await connectedStore({ port: proxy.port }));
    const writes = Array.from({ length: limits.sharedWritesInFlightMax }, (_, n) =>
      store.set(`a${n}`, 'entry', lifeMs),
    );
    await expect(store.set('b', 'entry', lifeMs)).rejects.toThrow('too many answers');
    const reads = limits.sharedCommandsInFlightMax - limits.sharedWritesInFlightMax;
    const asked = Array.from({ length: reads }, (_, n) => store.get(`a${n}`));
    await expect(store.get('b')).rejects.toThrow('too many questions');
    await Promise.all([...writes, ...asked]);
    await store.set('b', 'entry', lifeMs);
    expect(await store.get('b')).toBe('entry');
  });

  it('end with the store, which connects no more', async () => {
    const proxy = await behindProxy();
    const { store, told } = await connectedStore({ port: proxy.port });
    proxy.silent = true;
    const asked = expect(store.get('a')).rejects.toThrow('closed');
    store.close();
    await asked;
    await expect(store.get('a')).rejects.toThrow();
    expect([told, proxy.taken]).toEqual([['connected'], 1]);
  });
});
