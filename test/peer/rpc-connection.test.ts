import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { LatchkeyError, limits } from '../../src/base/index.ts';
import { openRpc, openRpcWith, type RpcHandlers, relayTarget } from '../../src/peer/index.ts';
import type { RpcError } from '../../src/protocol/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { startTinyRelay } from '../support/tiny-relay.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const silent: RpcHandlers = { request: () => Promise.resolve({}), failure: () => {} };

async function opened(handlers: RpcHandlers = silent, clock = new ManualClock()) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'webrtc.onvif.org' });
  closers.push(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[WebSocket]>;
  const target = relayTarget(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const connection = await openRpc(target, 'token', handlers, clock, new AbortController().signal);
  closers.push(() => connection.close());
  const [relay] = await accepted;
  return { connection, relay, clock };
}

async function nextMessage(socket: WebSocket): Promise<Record<string, unknown>> {
  const [data] = (await once(socket, 'message')) as [Buffer];
  return JSON.parse(data.toString('utf8')) as Record<string, unknown>;
}

test('a call gets the result that carries its id', async () => {
  const { connection, relay } = await opened();
  const first = connection.call('one', {});
  const { id } = await nextMessage(relay);
  relay.send(JSON.stringify({ jsonrpc: '2.0', id: Number(id) + 100, result: 'of another' }));
  relay.send(JSON.stringify({ jsonrpc: '2.0', id, result: { mine: true } }));
  expect(await first).toEqual({ mine: true });
});

test('a call is refused with the relay’s own code and wait', async () => {
  const { connection, relay } = await opened();
  const call = connection.call('connect', {});
  const { id } = await nextMessage(relay);
  relay.send(
    JSON.stringify({
      jsonrpc: '2.0',
      id,
      error: { code: 503, message: 'x', data: { reason: 'overloaded', retryAfterSeconds: 9 } },
    }),
  );
  await expect(call).rejects.toMatchObject({ code: 'overloaded', retryAfterSeconds: 9 });
});

test('a call that is never answered ends at its bound', async () => {
  const { connection, relay, clock } = await opened();
  const call = connection.call('connect', {});
  await nextMessage(relay);
  clock.advance(limits.callMsMax);
  await expect(call).rejects.toMatchObject({ code: 'relay-unreachable' });
});

test('calls at once have a bound', async () => {
  const { connection } = await opened();
  const calls = Array.from({ length: limits.callsInFlightPerConnectionMax }, () => connection.call('x', {}));
  for (const call of calls) call.catch(() => {});
  await expect(connection.call('x', {})).rejects.toMatchObject({ code: 'overloaded' });
});

test('every call ends when the connection does', async () => {
  const { connection, relay } = await opened();
  const call = connection.call('x', {});
  relay.close(1013);
  await expect(call).rejects.toMatchObject({ code: 'overloaded' });
  expect((await connection.ended).code).toBe('overloaded');
  await expect(connection.call('y', {})).rejects.toMatchObject({ code: 'relay-unreachable' });
});

test('a request is answered with what the handler gives or throws; what is not ours stays inside', async () => {
  const { relay } = await opened({
    ...silent,
    request: (method) => {
      if (method === 'good') return Promise.resolve({ yes: 1 });
      if (method === 'refused') return Promise.reject(new LatchkeyError('device-busy', 'a secret detail'));
      return Promise.reject(new Error('a secret cause'));
    },
  });
  for (const [id, method] of ['good', 'refused', 'broken'].entries()) {
    const answer = nextMessage(relay);
    relay.send(JSON.stringify({ jsonrpc: '2.0', id, method, params: {} }));
    const message = await answer;
    expect(JSON.stringify(message)).not.toContain('secret');
    if (method === 'good') expect(message).toMatchObject({ id, result: { yes: 1 } });
    if (method === 'refused')
      expect(message).toMatchObject({ id, error: { code: 1001, data: { reason: 'device-busy' } } });
    if (method === 'broken') expect(message).toMatchObject({ id, error: { data: { reason: 'internal' } } });
  }
});

test('requests at once have a bound', async () => {
  const { relay } = await opened({ ...silent, request: () => new Promise(() => {}) });
  for (let id = 0; id < limits.callsInFlightPerConnectionMax; id += 1) {
    relay.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'slow', params: {} }));
  }
  const answer = nextMessage(relay);
  relay.send(JSON.stringify({ jsonrpc: '2.0', id: 'last', method: 'slow', params: {} }));
  expect(await answer).toMatchObject({ id: 'last', error: { data: { reason: 'rate-exceeded' } } });
});

test('the end of a session is told, the end of the connection gives its cause, and rubbish is left out', async () => {
  const failures: RpcError[] = [];
  const { connection, relay } = await opened({ ...silent, failure: (error) => failures.push(error) });
  relay.send('rubbish');
  relay.send(
    JSON.stringify({ jsonrpc: '2.0', error: { code: 1002, message: '', session: 's1', data: { reason: 'revoked' } } }),
  );
  relay.send(JSON.stringify({ jsonrpc: '2.0', error: { code: 401, message: '', data: { reason: 'token-expired' } } }));
  relay.close(1008);
  expect((await connection.ended).code).toBe('token-expired');
  expect(failures).toMatchObject([{ session: 's1', data: { reason: 'revoked' } }]);
});

test('a relay that has gone silent is given up', async () => {
  const { connection, relay, clock } = await opened();
  relay.pause();
  clock.advance(limits.keepAliveMs);
  clock.advance(limits.keepAliveMs);
  expect((await connection.ended).code).toBe('relay-unreachable');
});

test('a refused upgrade gives the problem’s code and its Retry-After', async () => {
  const relay = await startTinyRelay({
    upgrade: () => ({ status: 503, headers: { 'Retry-After': '7' }, body: '{"code":"overloaded"}' }),
  });
  closers.push(() => void relay.close());
  const opening = openRpc(relayTarget(relay.url), 't', silent, new ManualClock(), new AbortController().signal);
  await expect(opening).rejects.toMatchObject({ code: 'overloaded', retryAfterSeconds: 7 });
});

test('an upgrade that is never answered ends at its bound, or when it is given up', async () => {
  const { createServer } = await import('node:net');
  const server = createServer();
  closers.push(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const target = relayTarget(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const clock = new ManualClock();
  const late = openRpc(target, 't', silent, clock, new AbortController().signal);
  clock.advance(limits.upgradeMsMax);
  await expect(late).rejects.toMatchObject({ code: 'relay-unreachable' });
  const aborting = new AbortController();
  const given = openRpc(target, 't', silent, clock, aborting.signal);
  aborting.abort();
  await expect(given).rejects.toMatchObject({ code: 'relay-unreachable' });
});

describe('the first call', () => {
  /** What a relay read of an upgrade, and whoever opened it. It takes the first message where `answers` is there, which it sends right behind the handshake. */
  async function asked(params: object, answers?: string) {
    const server = createServer();
    const messages = new EventEmitter<{ message: [string] }>();
    const come = once(server, 'upgrade') as Promise<[IncomingMessage, Duplex]>;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const target = relayTarget(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const opening = { token: 't', ticket: undefined, method: 'register', params };
    const opened = openRpcWith(target, opening, silent, new ManualClock(), new AbortController().signal);
    const [request, socket] = await come;
    const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'webrtc.onvif.org' });
    if (answers !== undefined) sockets.on('headers', (lines) => lines.push('Latchkey-First-Message: taken'));
    // In one piece, as a relay that answers at once sends them.
    socket.cork();
    sockets.handleUpgrade(request, socket, Buffer.alloc(0), (webSocket) => {
      closers.push(() => webSocket.terminate());
      webSocket.on('message', (data) => messages.emit('message', String(data)));
      if (answers !== undefined) webSocket.send(answers);
      else webSocket.on('message', () => webSocket.send('{"jsonrpc":"2.0","id":1,"result":"later"}'));
    });
    socket.uncork();
    return { header: request.headers['latchkey-first-message'], messages, ...(await opened) };
  }

  test('goes along with the upgrade, and its answer may stand right behind the handshake', async () => {
    const params = { name: 'Gärten 🌳\u007f', capabilities: [] };
    const { header, answer, messages, connection } = await asked(params, '{"jsonrpc":"2.0","id":1,"result":"at once"}');
    expect(await answer).toBe('at once');
    expect(header).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(String(header))).toEqual({ jsonrpc: '2.0', id: 1, method: 'register', params });
    const next = once(messages, 'message');
    connection.call('next', {}).catch(() => {});
    expect(JSON.parse((await next)[0] as string)).toMatchObject({ id: 2, method: 'next' });
  });

  test('is sent as a message to a relay that does not take it so', async () => {
    const { header, answer } = await asked({ name: 'Garden' });
    expect(header).toBeDefined();
    expect(await answer).toBe('later');
  });

  test('is sent as a message where it is too long for a header', async () => {
    const rest = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'register', params: { name: '' } }).length;
    const longest = 'x'.repeat(limits.firstMessageCharactersMax - rest);
    expect((await asked({ name: longest })).header).toBeDefined();
    const { header, answer } = await asked({ name: `${longest}x` });
    expect(header).toBeUndefined();
    expect(await answer).toBe('later');
  });

  test('ends with a connection that ends before it is answered', async () => {
    const { answer, connection } = await asked(
      {},
      '{"jsonrpc":"2.0","error":{"code":503,"message":"","data":{"reason":"overloaded"}}}',
    );
    connection.close();
    await expect(answer).rejects.toMatchObject({ code: 'overloaded' });
  });
});

test('nobody listening is an error of ours', async () => {
  const opening = openRpc(
    relayTarget('ws://127.0.0.1:1'),
    't',
    silent,
    new ManualClock(),
    new AbortController().signal,
  );
  await expect(opening).rejects.toMatchObject({ code: 'relay-unreachable' });
});
