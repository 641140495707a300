import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { UpgradeDecision } from '../../src/signaling/transport/index.ts';
import { WebSocketClient } from '../support/web-socket-client.ts';
import { handshakeHeaders, maskedText, Stage, type TransportClaim } from './transport-stage.ts';

export const webSocketClaims: TransportClaim[] = [
  {
    name: 'a WebSocket opens with the subprotocol that was decided, and carries text both ways',
    async claim(open) {
      await using stage = await Stage.set(open, {
        upgrade: async () => stage.accept('second'),
        message: (text, connection) => connection.send(text),
      });
      const client = await WebSocketClient.open(`${stage.url}/signaling?a=b`, ['first', 'second'], {
        headers: { authorization: 'Bearer t' },
      });
      assert.equal(client.socket.protocol, 'second');
      for (const text of ['{"jsonrpc":"2.0"}', '', 'é漢🎥', 'x'.repeat(4_096)]) {
        client.socket.send(text);
        assert.equal(await client.next(), text);
      }
      const request = await stage.upgrades.first();
      assert.equal(request.path, '/signaling');
      assert.equal(request.query, 'a=b');
      assert.equal(request.header('authorization'), 'Bearer t');
    },
  },
  {
    name: 'what is sent as the connection opens reaches the client, in order',
    async claim(open) {
      await using stage = await Stage.set(open, {
        opened(connection) {
          connection.send('one');
          connection.send('two');
        },
      });
      const client = await stage.webSocket();
      assert.deepEqual([await client.next(), await client.next()], ['one', 'two']);
    },
  },
  {
    name: 'the handshake has the headers that were decided, and what is sent as it opens stands behind them',
    async claim(open) {
      for (const later of [false, true]) {
        await using stage = await Stage.set(open, {
          upgrade: async () => {
            if (later) await new Promise((resolve) => setImmediate(resolve));
            return stage.accept('second', { 'x-first': 'taken', 'x-other': 'a b' });
          },
          opened: (connection) => connection.send('one'),
        });
        const client = await stage.client();
        client.request('GET', '/', [...handshakeHeaders, 'Sec-WebSocket-Protocol: second']);
        const reply = await client.reply();
        assert.equal(reply.status, 101);
        assert.equal(reply.headers.get('sec-websocket-protocol'), 'second');
        assert.equal(reply.headers.get('sec-websocket-accept'), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
        assert.equal(reply.headers.get('x-first'), 'taken');
        assert.equal(reply.headers.get('x-other'), 'a b');
        const socket = await WebSocketClient.open(stage.url, ['second']);
        assert.equal(await socket.next(), 'one');
        socket.socket.send('still a WebSocket');
        assert.equal(await stage.messages.first(), 'still a WebSocket');
      }
    },
  },
  {
    name: 'not a byte is written before the decision, and the handshake follows it',
    async claim(open) {
      const decision = Promise.withResolvers<UpgradeDecision>();
      await using stage = await Stage.set(open, { upgrade: () => decision.promise });
      const client = await stage.client();
      client.request('GET', '/', handshakeHeaders);
      await stage.upgrades.first();
      assert.ok(await stage.serves());
      assert.equal(client.received.length, 0);
      decision.resolve(stage.accept());
      const reply = await client.reply();
      assert.equal(reply.status, 101);
      assert.equal(reply.headers.get('sec-websocket-accept'), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
      assert.equal(reply.headers.has('sec-websocket-protocol'), false);
    },
  },
  {
    name: 'a refusal is an HTTP response that a client’s library can read',
    async claim(open) {
      const headers = { 'WWW-Authenticate': 'Bearer realm="latchkey"', 'Content-Type': 'application/problem+json' };
      await using stage = await Stage.set(open, {
        upgrade: async () => ({ refuse: { status: 401, headers, body: '{"status":401}' } }),
      });
      const refusal = await WebSocketClient.refusal(stage.url);
      assert.equal(refusal.status, 401);
      assert.equal(refusal.headers['www-authenticate'], 'Bearer realm="latchkey"');
      assert.equal(refusal.headers['content-type'], 'application/problem+json');
      assert.equal(refusal.body, '{"status":401}');
      const client = await stage.client();
      assert.equal((await client.request('GET', '/', handshakeHeaders).reply()).status, 401);
      await client.closed;
      assert.equal(stage.connections.entries.length, 0);
    },
  },
  {
    name: 'an upgrade is refused with a bare 500 where its handler throws or chooses what was not offered',
    async claim(open) {
      await using stage = await Stage.set(open, {
        async upgrade(request) {
          if (request.path === '/throws') throw new Error('the secret is 42');
          return stage.accept('other');
        },
      });
      for (const path of ['/throws', '/chooses']) {
        const refusal = await WebSocketClient.refusal(stage.url + path);
        assert.equal(refusal.status, 500);
        assert.doesNotMatch(refusal.body, /secret/);
      }
      assert.equal(stage.faults.entries.length, 2);
    },
  },
  {
    name: 'an opening handshake that is not in order is refused before anyone is asked',
    async claim(open) {
      await using stage = await Stage.set(open);
      const without = (name: string) => handshakeHeaders.filter((line) => !line.startsWith(name));
      const bad: [string, string[]][] = [
        ['GET', [...without('Sec-WebSocket-Version'), 'Sec-WebSocket-Version: 8']],
        ['GET', without('Sec-WebSocket-Version')],
        ['GET', without('Sec-WebSocket-Key')],
        ['GET', without('Connection')],
        ['GET', [...without('Connection'), 'Connection: keep-alive']],
        ['GET', [...without('Sec-WebSocket-Key'), 'Sec-WebSocket-Key: short']],
        ['GET', [...without('Sec-WebSocket-Key'), 'Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!==']],
        ['POST', handshakeHeaders],
        ['GET', [...handshakeHeaders, 'Content-Length: 3']],
      ];
      for (const [method, headers] of bad) {
        const client = await stage.client();
        const reply = await client.request(method, '/', headers).reply();
        assert.equal(reply.status, 400, headers.join());
        await client.closed;
      }
      assert.equal(stage.upgrades.entries.length, 0);
      assert.equal(stage.requests.entries.length, 0);
    },
  },
  {
    name: 'a client that leaves while its upgrade is decided aborts it, and nothing is opened',
    async claim(open) {
      for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
        const decision = Promise.withResolvers<UpgradeDecision>();
        await using stage = await Stage.set(open, { upgrade: () => decision.promise });
        const client = await stage.client();
        client.request('GET', '/', handshakeHeaders);
        const { aborted } = await stage.upgrades.first();
        assert.equal(aborted.aborted, false);
        const left = new Promise((resolve) => aborted.addEventListener('abort', resolve));
        client.socket[leave]();
        await left;
        decision.resolve(stage.accept());
        assert.ok(await stage.serves());
        assert.equal(stage.connections.entries.length, 0);
      }
    },
  },
  {
    name: 'what a client says before the handshake is over is no message: it is cut off, or not heard',
    async claim(open) {
      const head = ['GET / HTTP/1.1', 'Host: relay.test', ...handshakeHeaders, '', ''].join('\r\n');
      for (const parts of [[head, maskedText('early')], [Buffer.concat([Buffer.from(head), maskedText('early')])]]) {
        const decision = Promise.withResolvers<UpgradeDecision>();
        await using stage = await Stage.set(open, { upgrade: () => decision.promise });
        const client = await stage.client();
        for (const part of parts) {
          client.send(part);
          assert.ok(await stage.serves());
        }
        decision.resolve(stage.accept());
        const opened = await client.reply().catch(() => undefined);
        if (opened?.status === 101) {
          client.send(maskedText('after'));
          await stage.messages.first();
          assert.deepEqual(stage.messages.entries, ['after']);
        }
        assert.ok(await stage.serves());
      }
    },
  },
  {
    name: 'compression is not agreed to, even when a client offers it',
    async claim(open) {
      await using stage = await Stage.set(open);
      const client = await stage.webSocket('/', { perMessageDeflate: true });
      assert.equal(client.socket.extensions, '');
    },
  },
  {
    name: 'a message one byte too long closes with 1009, in one frame or in many',
    async claim(open) {
      await using stage = await Stage.set(open);
      const whole = await stage.webSocket();
      whole.socket.send('x'.repeat(4_097));
      assert.equal((await whole.closed).code, 1009);
      const cut = await stage.webSocket();
      cut.socket.send('x'.repeat(4_000), { fin: false });
      cut.socket.send('x'.repeat(97), { fin: true });
      assert.equal((await cut.closed).code, 1009);
      await stage.closed.count(2);
      assert.deepEqual(stage.closed.entries, [1009, 1009]);
      assert.deepEqual(stage.dropped.entries, ['too-large', 'too-large']);
      assert.equal(stage.messages.entries.length, 0);
    },
  },
  {
    name: 'a message far too long ends the connection without being read',
    async claim(open) {
      await using stage = await Stage.set(open);
      const client = await stage.webSocket();
      client.socket.send('x'.repeat(1_000_000));
      await client.closed;
      assert.equal(await stage.closed.first(), 1009);
      const announced = await rawWebSocket(stage);
      // The length of a gigabyte alone, and none of its bytes.
      announced.send(Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0]));
      await announced.closed;
      await stage.closed.count(2);
      assert.deepEqual(stage.closed.entries, [1009, 1009]);
      assert.deepEqual(stage.dropped.entries, ['too-large', 'too-large']);
    },
  },
  {
    name: 'a binary message closes with 1003',
    async claim(open) {
      await using stage = await Stage.set(open);
      const client = await stage.webSocket();
      client.socket.send(Buffer.from('{}'));
      assert.equal((await client.closed).code, 1003);
      assert.equal(await stage.closed.first(), 1003);
      assert.deepEqual(stage.dropped.entries, ['binary']);
      assert.equal(stage.messages.entries.length, 0);
    },
  },
  {
    name: 'text that is not UTF-8 and frames that no one defined end the connection, and say why to the server',
    async claim(open) {
      await using stage = await Stage.set(open);
      const offences: [Buffer, number][] = [
        [Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]), 1007],
        [Buffer.from([0x81, 0x83, 0, 0, 0, 0, 0xed, 0xa0, 0x80]), 1007],
        [Buffer.from([0xf1, 0x80, 0, 0, 0, 0]), 1002],
        [Buffer.from([0x83, 0x80, 0, 0, 0, 0]), 1002],
      ];
      for (const [frame, code] of offences) {
        const client = await rawWebSocket(stage);
        await client.send(frame).closed;
        await stage.closed.first((seen) => seen === code);
        stage.closed.entries.length = 0;
      }
      assert.deepEqual(stage.dropped.entries, ['malformed', 'malformed', 'malformed', 'malformed']);
      assert.equal(stage.messages.entries.length, 0);
    },
  },
  {
    name: 'a client that does not read is closed with 1013 before it costs more than its buffer',
    async claim(open) {
      await using stage = await Stage.set(open, { settings: { sendBufferBytesMax: 1_000_000 } });
      const client = await stage.webSocket();
      const connection = await stage.connections.first();
      client.socket.pause();
      const text = 'x'.repeat(100_000);
      let sent = 0;
      while (connection.send(text)) assert.ok(++sent < 10_000, 'the bound is never reached');
      assert.equal(connection.send('more'), false);
      assert.equal(await stage.closed.first(), 1013);
      assert.deepEqual(stage.dropped.entries, ['slow']);
      client.socket.resume();
      for (; sent > 0; sent--) assert.equal((await client.next()).length, text.length);
      assert.equal((await client.closed).code, 1013);
      assert.deepEqual(stage.closed.entries, [1013]);
    },
  },
  {
    name: 'a message larger than the send buffer is never sent',
    async claim(open) {
      await using stage = await Stage.set(open, { settings: { sendBufferBytesMax: 1_000 } });
      const client = await stage.webSocket();
      const connection = await stage.connections.first();
      assert.equal(connection.send('é'.repeat(501)), false);
      assert.equal((await client.closed).code, 1013);
    },
  },
  {
    name: 'a close reaches the client with its code and reason; the handler hears of it once, afterwards',
    async claim(open) {
      let inside = true;
      let heardInside = false;
      await using stage = await Stage.set(open, {
        ended() {
          heardInside = inside;
        },
      });
      const client = await stage.webSocket();
      const connection = await stage.connections.first();
      connection.close(4401, 'The token has expired.');
      connection.close(4000, 'again');
      inside = false;
      client.socket.send('too late');
      assert.equal(connection.send('too late'), false);
      assert.deepEqual(await client.closed, { code: 4401, reason: 'The token has expired.' });
      assert.ok(await stage.serves());
      assert.deepEqual(stage.closed.entries, [4401]);
      assert.equal(heardInside, false);
      assert.equal(stage.messages.entries.length, 0);
    },
  },
  {
    name: 'a connection can be closed as it opens, and from inside a message',
    async claim(open) {
      await using stage = await Stage.set(open, {
        opened: (connection) => stage.upgrades.entries.length === 1 && connection.close(4000, 'at once'),
        message: (_text, connection) => connection.close(4001, 'enough'),
      });
      const first = await WebSocketClient.open(stage.url).catch(() => undefined);
      if (first !== undefined) assert.equal((await first.closed).code, 4000);
      await stage.closed.first((code) => code === 4000);
      const second = await stage.webSocket();
      second.socket.send('one');
      second.socket.send('two');
      assert.equal((await second.closed).code, 4001);
      assert.deepEqual(stage.closed.entries, [4000, 4001]);
      assert.deepEqual(stage.messages.entries, ['one']);
    },
  },
  {
    name: 'a close code or a reason that cannot be sent is the caller’s mistake, and changes nothing',
    async claim(open) {
      await using stage = await Stage.set(open);
      const client = await stage.webSocket();
      const connection = await stage.connections.first();
      for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000]) {
        assert.throws(() => connection.close(code, ''), TypeError);
      }
      assert.throws(() => connection.close(1000, 'é'.repeat(62)), TypeError);
      connection.send('still here');
      assert.equal(await client.next(), 'still here');
      connection.close(1000, `${'é'.repeat(61)}.`);
      assert.equal((await client.closed).reason, `${'é'.repeat(61)}.`);
    },
  },
  {
    name: 'a client’s own close is told with its code, and a lost connection with 1006',
    async claim(open) {
      await using stage = await Stage.set(open);
      (await stage.webSocket()).socket.close(4_321, 'bye');
      await stage.closed.count(1);
      (await stage.webSocket()).socket.close();
      await stage.closed.count(2);
      (await stage.webSocket()).socket.terminate();
      await stage.closed.count(3);
      assert.deepEqual(stage.closed.entries, [4_321, 1005, 1006]);
      assert.equal((await stage.connections.first()).send('too late'), false);
      assert.deepEqual(stage.dropped.entries, []);
    },
  },
  {
    name: 'a handler that throws costs its own connection alone, closed with 1011',
    async claim(open) {
      await using stage = await Stage.set(open, {
        opened: () => {
          if (stage.connections.entries.length === 1) throw new Error('in open');
        },
        message: () => {
          throw new Error('in message');
        },
        ended: () => {
          throw new Error('in closed');
        },
      });
      const first = await WebSocketClient.open(stage.url).catch(() => undefined);
      if (first !== undefined) assert.equal((await first.closed).code, 1011);
      const second = await stage.webSocket();
      second.socket.send('x');
      assert.equal((await second.closed).code, 1011);
      await stage.faults.count(3);
      assert.deepEqual(
        stage.faults.entries.map((error) => (error as Error).message),
        ['in open', 'in message', 'in closed'],
      );
      assert.ok(await stage.serves());
    },
  },
  {
    name: 'a ping is answered',
    async claim(open) {
      await using stage = await Stage.set(open);
      const client = await stage.webSocket();
      const pong = once(client.socket, 'pong');
      client.socket.ping('there?');
      assert.equal(String((await pong)[0]), 'there?');
    },
  },
  {
    name: 'a silent client is pinged, and stays when it answers',
    async claim(open) {
      await using stage = await Stage.set(open);
      const client = await stage.webSocket();
      for (let round = 0; round < 5; round++) {
        const ping = once(client.socket, 'ping');
        stage.clock.advance(1_250);
        await ping;
        // The pong left before this request did, so its answer says that the server has seen it.
        assert.ok(await stage.serves());
      }
      assert.deepEqual(stage.dropped.entries, []);
      assert.equal(client.socket.readyState, client.socket.OPEN);
    },
  },
  {
    name: 'a client that answers no ping is given up after twice the time',
    async claim(open) {
      await using stage = await Stage.set(open);
      const client = await stage.webSocket('/', { autoPong: false });
      const ping = once(client.socket, 'ping');
      stage.clock.advance(1_250);
      await ping;
      stage.clock.advance(749);
      assert.equal(stage.closed.entries.length, 0);
      stage.clock.advance(251);
      assert.equal(await stage.closed.first(), 1006);
      assert.equal((await client.closed).code, 1006);
      assert.deepEqual(stage.dropped.entries, ['silent']);
    },
  },
];

/** A connection that was upgraded by hand, so that any bytes can follow. */
async function rawWebSocket(stage: Stage) {
  const client = await stage.client();
  const before = stage.connections.entries.length;
  await client.request('GET', '/', handshakeHeaders).reply();
  await stage.connections.count(before + 1);
  return client;
}
