import assert from 'node:assert/strict';
import { limits } from '../../src/base/index.ts';
import type { UpgradeDecision } from '../../src/signaling/transport/index.ts';
import type { RawClient } from '../support/raw-client.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { WebSocketClient } from '../support/web-socket-client.ts';
import { handshakeHeaders, Stage, type TransportClaim } from './transport-stage.ts';

/** Whoever can reach the port can do all of this: no token is needed. */
export const hostileClaims: TransportClaim[] = [
  {
    name: 'a head that two readers could read in two ways reaches no handler',
    async claim(open) {
      await using stage = await Stage.set(open);
      const post = (...headers: string[]) => ['POST / HTTP/1.1', 'Host: a', ...headers, '', ''].join('\r\n');
      const heads = [
        `${post('Content-Length: 3', 'Content-Length: 4')}abcd`,
        `${post('Content-Length: 3', 'Content-Length: 3')}abc`,
        `${post('Content-Length: 3, 3')}abc`,
        `${post('Content-Length: 3', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
        `${post('Transfer-Encoding: gzip')}abc`,
        `${post('Transfer-Encoding: gzip, chunked')}0\r\n\r\n`,
        `${post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
        `${post('Transfer-Encoding : chunked')}0\r\n\r\n`,
        `${post('Transfer-Encoding:\x0bchunked')}0\r\n\r\n`,
        `${post('Content-Length: -3')}abc`,
        `${post('Content-Length: +3')}abc`,
        `${post('Content-Length: 0x3')}abc`,
        `${post('Content-Length: 99999999999999999999')}abc`,
        'GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n folded\r\n\r\n',
        'GET / HTTP/1.1\r\n\r\n',
        'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
        'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
        'GET nowhere HTTP/1.1\r\nHost: a\r\n\r\n',
        'GET /é HTTP/1.1\r\nHost: a\r\n\r\n',
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      ];
      for (const head of heads) {
        const client = await stage.client();
        await client.send(head).closed;
        assert.doesNotMatch(client.received.toString('latin1'), /^HTTP\/1.1 [123]/, head);
        assert.equal(stage.requests.entries.length, 0, head);
      }
      assert.ok(await stage.serves());
    },
  },
  {
    name: 'a second request before the answer to the first ends the connection',
    async claim(open) {
      await using stage = await Stage.set(open, {
        request: (request) =>
          request.path === '/alive' ? Promise.resolve({ status: 200 }) : new Promise<never>(() => {}),
      });
      const client = await stage.client();
      client.send('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
      await client.closed;
      assert.deepEqual(
        stage.requests.entries.map((request) => request.path),
        ['/1'],
      );
      assert.ok(await stage.serves());
    },
  },
  {
    name: 'an upgrade before the answer to a request ends the connection, whatever would be decided',
    async claim(open) {
      await using stage = await Stage.set(open, {
        request: (request) =>
          request.path === '/alive' ? Promise.resolve({ status: 200 }) : new Promise<never>(() => {}),
        upgrade: (request) => decideByPath(stage, request.path),
      });
      for (const upgrade of upgradesOfEveryOutcome) {
        const client = (await stage.client()).send(`GET /first HTTP/1.1\r\nHost: a\r\n\r\n${upgrade}`);
        await client.closed;
        assert.equal(client.received.length, 0, upgrade);
        assert.ok(await stage.serves());
      }
      assert.equal(stage.upgrades.entries.length, 0);
      assert.equal(stage.connections.entries.length, 0);
      assert.deepEqual(stage.faults.entries, []);
    },
  },
  {
    name: 'an upgrade in one write with a request that is answered at once hurts nobody else',
    async claim(open) {
      await using stage = await Stage.set(open, { upgrade: (request) => decideByPath(stage, request.path) });
      const witness = await stage.webSocket('/accepted');
      for (const [index, upgrade] of upgradesOfEveryOutcome.entries()) {
        const client = (await stage.client()).send(`GET /${index} HTTP/1.1\r\nHost: a\r\n\r\n${upgrade}`);
        await stage.requests.first((request) => request.path === `/${index}`);
        assert.ok(await stage.serves());
        client.destroy();
      }
      assert.equal(witness.socket.readyState, witness.socket.OPEN);
      assert.deepEqual(stage.faults.entries, []);
    },
  },
  {
    name: 'what throws where nothing should costs its own connection, and nobody else',
    async claim(open) {
      const broken = new TypeError('a broken observer');
      await using stage = await Stage.set(open, {
        observer: {
          refused() {
            throw broken;
          },
        },
      });
      const request = (await stage.client()).request('GET', '/', ['Expect: nonsense']);
      await request.closed;
      const upgrade = (await stage.client()).request('GET', '/', [...handshakeHeaders.slice(0, 2)]);
      await upgrade.closed;
      assert.equal(request.received.length + upgrade.received.length, 0);
      assert.deepEqual(stage.faults.entries, [broken, broken]);
      assert.ok(await stage.serves());
      // Nothing is left that the end would have to wait for.
      await stage.transport.close(60_000);
    },
  },
  {
    name: 'connections beyond the bound get 503 and a time to come back, until one leaves',
    async claim(open) {
      await using stage = await Stage.set(open, { settings: { connectionsMax: 2 } });
      const first = await stage.webSocket();
      await stage.webSocket();
      const client = await stage.client();
      const reply = await client.request('GET', '/').reply();
      assert.equal(reply.status, 503);
      assert.match(reply.headers.get('retry-after') ?? '', /^([5-9]|[12]\d|30)$/);
      await client.closed;
      await stage.open.first((count) => count === 3);
      await stage.openBecomes(2);
      const refusal = await WebSocketClient.refusal(stage.url);
      assert.equal(refusal.status, 503);
      assert.ok(refusal.headers['retry-after']);
      assert.deepEqual(stage.refused.entries, ['overloaded', 'overloaded']);
      assert.equal(stage.upgrades.entries.length, 2);
      await stage.openBecomes(2);
      first.socket.terminate();
      await stage.openBecomes(1);
      assert.ok(await stage.serves());
    },
  },
  {
    name: 'connections far beyond the bound are dropped without a word, and the others stay',
    async claim(open) {
      await using stage = await Stage.set(open, { settings: { connectionsMax: 1 } });
      const witness = await stage.webSocket();
      const polite = await Promise.all(
        Array.from({ length: limits.connectionsRefusedAtOnceMax }, () => stage.client()),
      );
      await stage.openBecomes(1 + polite.length);
      const dropped = await stage.client();
      await dropped.closed;
      assert.equal(dropped.received.length, 0);
      const [first] = polite;
      assert.equal((await first?.request('GET', '/').reply())?.status, 503);
      for (const client of polite) client.destroy();
      await stage.openBecomes(1);
      assert.equal(witness.socket.readyState, witness.socket.OPEN);
      assert.ok(polite.slice(1).every((client) => client.received.length === 0));
    },
  },
  {
    name: 'refusals spread those that come back over time',
    async claim(open) {
      await using stage = await Stage.set(open, { settings: { connectionsMax: 1 } });
      await stage.webSocket();
      const times = new Set<string | undefined>();
      for (let round = 0; round < 20; round++) {
        const reply = await (await stage.client()).request('GET', '/').reply();
        times.add(reply.headers.get('retry-after'));
      }
      assert.ok(times.size > 5, [...times].join());
    },
  },
  {
    name: 'random bytes, at any moment of a connection, hurt nobody else',
    async claim(open) {
      await using stage = await Stage.set(open, { message: (text, connection) => connection.send(text) });
      const random = seededRandom(20_260_101);
      const noise = () => random.bytes(1 + Math.floor(random.fraction() * 300));
      const head = 'GET / HTTP/1.1\r\nHost: a\r\n';
      const handshake = `${head}${handshakeHeaders.join('\r\n')}\r\n`;
      const openings = ['', head.slice(0, 9), head, `${head}X: `, handshake, `${handshake}\r\n`];
      const bodies = [`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`];
      const witness = await stage.webSocket();
      for (let round = 0; round < 40; round++) {
        const clients: RawClient[] = [];
        for (const opening of [...openings, ...bodies]) {
          clients.push((await stage.client()).send(opening).send(noise()).send(noise()));
        }
        const framed = await stage.client();
        await framed.request('GET', '/', handshakeHeaders).reply();
        framed.send(maskedNoise(noise(), random.bytes(1)[0] ?? 0)).send(noise());
        clients.push(framed);
        for (const client of clients) client.socket.end();
        witness.socket.send(`round ${round}`);
        assert.equal(await witness.next(), `round ${round}`);
        for (const client of clients) client.destroy();
      }
      assert.ok(await stage.serves());
      assert.deepEqual(stage.faults.entries, []);
    },
  },
  {
    name: 'a head that dribbles, or never comes, is cut off',
    slow: true,
    async claim(open) {
      await using stage = await Stage.set(open);
      const silent = await stage.client();
      const partial = (await stage.client()).send('GET / HTTP/1.1\r\nHost: a\r\nX: ');
      const second = await stage.client();
      await second.request('GET', '/').reply();
      second.send('GET / HTTP/1.1\r\nHo');
      const dribbling = (await stage.client()).send('GET / HTTP/1.1\r\nHost: a\r\nX: ');
      const dribble = setInterval(() => dribbling.send('x'), 500);
      dribbling.socket.once('close', () => clearInterval(dribble));
      await Promise.all([silent.closed, partial.closed, second.closed, dribbling.closed]);
      assert.ok(await stage.serves());
    },
  },
  {
    name: 'connections that are half open, of every kind, ask no handler, keep nobody waiting, and are gone in time',
    slow: true,
    async claim(open) {
      await using stage = await Stage.set(open, {
        settings: { connectionsMax: 200 },
        request: (request) =>
          request.method === 'POST'
            ? request.body(1_000).then(() => ({ status: 200 }))
            : Promise.resolve({ status: 200 }),
      });
      const openings = [
        '',
        'GET / HTTP/1.1\r\nHost: a\r\n',
        `GET / HTTP/1.1\r\nHost: a\r\n${handshakeHeaders.join('\r\n')}\r\n`,
        'POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nsome',
        'POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsome',
      ];
      const clients: RawClient[] = [];
      for (const opening of openings) {
        for (let count = 0; count < 20; count++) {
          const client = await stage.client();
          clients.push(opening === '' ? client : client.send(opening));
        }
      }
      await stage.requests.count(40);
      assert.ok(stage.requests.entries.every(({ path }) => path === '/body'));
      assert.equal(stage.upgrades.entries.length, 0);
      assert.ok(await stage.serves());
      stage.clock.advance(limits.requestBodyMsMax);
      await Promise.all(clients.map((client) => client.closed));
      await stage.openBecomes(0);
      assert.ok(stage.faults.entries.every((fault) => (fault as { code?: string }).code === 'request-timeout'));
    },
  },
];

/** Upgrades that are accepted, refused by the handler, and refused before any handler is asked. */
const upgradesOfEveryOutcome = [
  ['GET /accepted HTTP/1.1', 'Host: a', ...handshakeHeaders, '', ''],
  ['GET /refused HTTP/1.1', 'Host: a', ...handshakeHeaders, '', ''],
  ['GET /accepted HTTP/1.1', 'Host: a', ...handshakeHeaders.slice(0, -1), 'Sec-WebSocket-Key: short', '', ''],
].map((lines) => lines.join('\r\n'));

async function decideByPath(stage: Stage, path: string): Promise<UpgradeDecision> {
  return path === '/accepted' ? stage.accept() : { refuse: { status: 403 } };
}

/** Waits until `count` TCP connections are open. */
/** A frame whose first byte is random, and whose length is true. */
function maskedNoise(payload: Buffer, firstByte: number): Buffer {
  const bytes = payload.subarray(0, 125);
  return Buffer.concat([Buffer.from([firstByte, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]);
}
