import { on, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type WebSocket as ServerSocket, WebSocketServer } from 'ws';
import { subprotocol, webSocketPath } from '../../src/protocol/index.ts';
import { bounds } from '../../src/web/client/bounds.ts';
import type { Powers } from '../../src/web/client/powers.ts';
import { ConnectionLost, RelayRefusal } from '../../src/web/client/refusal.ts';
import { RelayChannel, socketAddress } from '../../src/web/client/relay-channel.ts';
import { RelayChannels } from '../../src/web/client/relay-channels.ts';
import { ManualClock } from '../support/manual-clock.ts';

class Bench extends ManualClock implements Powers {
  fraction(): number {
    return 0.5;
  }
}

type Message = Record<string, unknown>;

/** The relay's end of a channel, played by the test. */
class RelaySide {
  readonly socket: ServerSocket;
  readonly #messages: AsyncIterator<[Buffer]>;

  constructor(socket: ServerSocket) {
    this.socket = socket;
    this.#messages = on(socket, 'message') as AsyncIterator<[Buffer]>;
  }

  async received(): Promise<Message> {
    const { value } = await this.#messages.next();
    return JSON.parse(value[0].toString()) as Message;
  }

  send(message: Message): void {
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
  }

  /** Answers one call of the channel: after it, the channel has heard all that was sent before. */
  async exchange(channel: RelayChannel): Promise<void> {
    const call = channel.call('exchange', {});
    const { id } = await this.received();
    this.send({ id, result: {} });
    await call;
  }
}

let server: WebSocketServer;
let relay: string;
let clock: Bench;
let accepted: Promise<RelaySide>;

beforeEach(async () => {
  clock = new Bench();
  server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: webSocketPath });
  await once(server, 'listening');
  relay = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  accepted = once(server, 'connection').then(([socket]) => new RelaySide(socket as ServerSocket));
});

afterEach(async () => {
  for (const client of server.clients) client.terminate();
  const closed = once(server, 'close');
  server.close();
  await closed;
});

/** Handlers that note what they hear, and let a test wait for it. */
function listener() {
  const heard = Promise.withResolvers<unknown[]>();
  const notes: unknown[][] = [];
  const note = (...words: unknown[]) => {
    notes.push(words);
    heard.resolve(words);
  };
  return {
    notes,
    heard: heard.promise,
    handlers: {
      invite: async (offer: string) => `answer to ${offer}`,
      ended: (...words: (string | number | undefined)[]) => note('ended', ...words),
      lost: () => note('lost'),
    },
  };
}

describe('a call', () => {
  test('travels by the ONVIF subprotocol and gets its own answer, in whatever order', async () => {
    const channel = new RelayChannel(relay, clock);
    const [first, second] = [channel.call('connect', { peer: 'a' }), channel.call('connect', { peer: 'b' })];
    const side = await accepted;
    const asked = [await side.received(), await side.received()];
    expect(side.socket.protocol).toBe(subprotocol);
    for (const { id, params } of asked.reverse()) side.send({ id, result: { for: (params as Message).peer } });
    expect(await first).toEqual({ for: 'a' });
    expect(await second).toEqual({ for: 'b' });
  });

  test('that is refused says so in the relay’s words, with how long to wait', async () => {
    const channel = new RelayChannel(relay, clock);
    const call = channel.call('connect', {});
    const side = await accepted;
    const { id } = await side.received();
    side.send({ id, error: { code: 503, message: 'Full.', data: { reason: 'overloaded', retryAfterSeconds: 7 } } });
    const refusal = await call.catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(RelayRefusal);
    expect(refusal).toMatchObject({ rpcCode: 503, reason: 'overloaded', text: 'Full.', retryAfterSeconds: 7 });
  });

  test('that gets no answer ends in time', async () => {
    const channel = new RelayChannel(relay, clock);
    const call = channel.call('connect', {});
    await (await accepted).received();
    clock.advance(bounds.callMsMax);
    await expect(call).rejects.toThrow(ConnectionLost);
  });

  test('ends when the connection does', async () => {
    const channel = new RelayChannel(relay, clock);
    const call = channel.call('connect', {});
    const side = await accepted;
    await side.received();
    side.socket.terminate();
    await expect(call).rejects.toThrow(ConnectionLost);
    expect(channel.closed).toBe(true);
    await expect(channel.call('connect', {})).rejects.toThrow(ConnectionLost);
  });

  test('to a relay that closes because it is full is refused as such', async () => {
    const channel = new RelayChannel(relay, clock);
    const call = channel.call('connect', {});
    const side = await accepted;
    await side.received();
    side.socket.close(1013, 'full');
    await expect(call).rejects.toMatchObject({ name: 'RelayRefusal', reason: 'overloaded' });
  });

  test('is told when to come back by a full relay that closes', async () => {
    const channel = new RelayChannel(relay, clock);
    const call = channel.call('connect', {});
    const side = await accepted;
    await side.received();
    side.send({ error: { code: 503, message: 'Full.', data: { reason: 'overloaded', retryAfterSeconds: 42 } } });
    side.socket.close(1013, 'overloaded');
    await expect(call).rejects.toMatchObject({ name: 'RelayRefusal', retryAfterSeconds: 42 });
  });

  test('is told when to come back by a relay that is about to restart', async () => {
    const channel = new RelayChannel(relay, clock);
    const call = channel.call('connect', {});
    const side = await accepted;
    await side.received();
    side.send({ error: { code: 503, message: 'Moving.', data: { reason: 'relay-moving', retryAfterSeconds: 4 } } });
    side.socket.close(1012, 'relay-moving');
    await expect(call).rejects.toMatchObject({ name: 'RelayRefusal', reason: 'relay-moving', retryAfterSeconds: 4 });
  });

  test('to nobody fails', async () => {
    const closed = once(server, 'close');
    server.close();
    await closed;
    await expect(new RelayChannel(relay, clock).call('connect', {})).rejects.toThrow(ConnectionLost);
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  });

  test('is not disturbed by messages that are no messages', async () => {
    const channel = new RelayChannel(relay, clock);
    const call = channel.call('connect', {});
    const side = await accepted;
    const { id } = await side.received();
    side.socket.send('not JSON');
    side.socket.send('[]');
    side.socket.send('null');
    side.socket.send(Buffer.from('{}'));
    side.send({ id: 4711, result: {} });
    side.send({ id: 'constructor', result: {} });
    side.send({ id, error: 'not an error' });
    side.send({ id, result: 'not an object' });
    side.send({ id: null, error: { code: 400 } });
    side.send({ id, result: { session: 's' } });
    expect(await call).toEqual({ session: 's' });
  });
});

describe('a session', () => {
  test('answers its camera’s offer', async () => {
    const channel = new RelayChannel(relay, clock);
    const side = await accepted;
    channel.attach('s1', listener().handlers);
    side.send({ id: 5, method: 'invite', params: { session: 's1', offer: 'o' } });
    expect(await side.received()).toMatchObject({ id: 5, result: { answer: 'answer to o' } });
  });

  test('answers an offer that came before it was known', async () => {
    const channel = new RelayChannel(relay, clock);
    const call = channel.call('connect', {});
    const side = await accepted;
    const { id } = await side.received();
    side.send({ id: 5, method: 'invite', params: { session: 's1', offer: 'o' } });
    side.send({ id, result: {} });
    await call;
    channel.attach('s1', listener().handlers);
    expect(await side.received()).toMatchObject({ id: 5, result: { answer: 'answer to o' } });
  });

  test('says when it cannot use an offer', async () => {
    const channel = new RelayChannel(relay, clock);
    const side = await accepted;
    channel.attach('s1', { ...listener().handlers, invite: () => Promise.reject(new Error('no')) });
    side.send({ id: 5, method: 'invite', params: { session: 's1', offer: 'o' } });
    expect(await side.received()).toMatchObject({ id: 5, error: { code: 400, session: 's1' } });
  });

  test('hears of its own end and of no other', async () => {
    const channel = new RelayChannel(relay, clock);
    const [mine, other] = [listener(), listener()];
    const side = await accepted;
    channel.attach('s1', mine.handlers);
    channel.attach('s2', other.handlers);
    side.send({ error: { code: 1002, message: 'Gone.', session: 's1', data: { reason: 'camera-left' } } });
    side.send({ error: { code: 1002, message: 'Gone again.', session: 's1' } });
    expect(await mine.heard).toEqual(['ended', 'camera-left', 'Gone.', undefined]);
    await side.exchange(channel);
    expect(mine.notes.length).toBe(1);
    expect(other.notes).toEqual([]);
  });

  test('is lost with the connection', async () => {
    const channel = new RelayChannel(relay, clock);
    const mine = listener();
    const side = await accepted;
    channel.attach('s1', mine.handlers);
    side.socket.terminate();
    expect(await mine.heard).toEqual(['lost']);
    const late = listener();
    channel.attach('s2', late.handlers);
    expect(late.notes).toEqual([['lost']]);
  });

  test('tells the relay when its viewer leaves', async () => {
    const channel = new RelayChannel(relay, clock);
    const side = await accepted;
    channel.attach('s1', listener().handlers);
    channel.detach('s1', true);
    channel.detach('s1', true);
    expect(await side.received()).toMatchObject({ method: 'leave', params: { session: 's1' } });
    expect(channel.idleSince).toBeUndefined();
  });
});

describe('the channels of a document', () => {
  const token = (sub: string) => `e30.${Buffer.from(JSON.stringify({ sub })).toString('base64url')}.c2ln`;

  test('are one for all views of a person, and another for another person', () => {
    const channels = new RelayChannels(clock);
    const alice = channels.take(relay, token('alice'));
    expect(channels.take(`${relay}/`, token('alice'))).toBe(alice);
    expect(channels.take(relay, token('ben'))).not.toBe(alice);
  });

  test('do not take one to a relay that moves, which goes on with what it has until that is over', async () => {
    const channels = new RelayChannels(clock);
    const before = channels.take(relay, token('alice'));
    const side = await accepted;
    const [first, second] = [listener(), listener()];
    before.attach('s1', first.handlers);
    before.attach('s2', second.handlers);
    const notice = { code: 503, message: 'Moving.', data: { reason: 'relay-moving', retryAfterSeconds: 2 } };
    side.send({ error: { ...notice, session: 's1' } });
    expect(await first.heard).toEqual(['ended', 'relay-moving', 'Moving.', 2]);
    expect(channels.take(relay, token('alice'))).not.toBe(before);
    expect(before.closed).toBe(false);
    side.send({ error: { ...notice, session: 's2' } });
    expect(await second.heard).toEqual(['ended', 'relay-moving', 'Moving.', 2]);
    expect(before.closed).toBe(true);
  });

  test('use the one that was opened ahead', async () => {
    const channels = new RelayChannels(clock);
    channels.warm(relay);
    channels.warm(relay);
    const side = await accepted;
    const channel = channels.take(relay, token('alice'));
    const call = channel.call('connect', {}).catch(() => {});
    expect(await side.received()).toMatchObject({ method: 'connect' });
    expect(server.clients.size).toBe(1);
    channel.close();
    await call;
  });

  test('are opened anew when they are gone', async () => {
    const channels = new RelayChannels(clock);
    const first = channels.take(relay, token('alice'));
    first.close();
    expect(channels.take(relay, token('alice'))).not.toBe(first);
  });

  test('close when nobody has needed them for a while', async () => {
    const channels = new RelayChannels(clock);
    const unused = channels.take(relay, token('ben'));
    await (await accepted).exchange(unused);
    accepted = once(server, 'connection').then(([socket]) => new RelaySide(socket as ServerSocket));
    const used = channels.take(relay, token('alice'));
    await (await accepted).exchange(used);
    used.attach('s1', listener().handlers);
    clock.advance(bounds.idleSocketMsMax * 2);
    expect(unused.closed).toBe(true);
    expect(used.closed).toBe(false);
  });
});

describe('a relay’s address', () => {
  test('gives the address of its WebSocket', () => {
    expect(socketAddress('https://relay.example')).toBe('wss://relay.example/webrtc');
    expect(socketAddress('http://localhost:8080/some/page?x=1')).toBe('ws://localhost:8080/webrtc');
    expect(socketAddress('wss://relay.example/')).toBe('wss://relay.example/webrtc');
    expect(() => socketAddress('not an address')).toThrow(TypeError);
  });
});
