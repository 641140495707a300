import assert from 'node:assert/strict';
import { LatchkeyError } from '../../src/base/index.ts';
import { handshakeHeaders, Stage, type TransportClaim } from './transport-stage.ts';

const tokenSized = 'x'.repeat(8 * 1024);

export const httpClaims: TransportClaim[] = [
  {
    name: 'a request comes to the handler as it was sent',
    async claim(open) {
      await using stage = await Stage.set(open);
      const client = await stage.client();
      await client.request('GET', '/a%2Fb/%C3%A9?x=1?y&access_token=t', ['X-Two: 1', 'x-two: 2', 'Via: here']).reply();
      const request = await stage.requests.first();
      assert.equal(request.method, 'GET');
      assert.equal(request.path, '/a%2Fb/%C3%A9');
      assert.equal(request.query, 'x=1?y&access_token=t');
      assert.equal(request.header('x-two'), '1, 2');
      assert.equal(request.header('via'), 'here');
      assert.equal(request.header('absent'), undefined);
      assert.deepEqual(await request.body(10), Buffer.alloc(0));
    },
  },
  {
    name: 'repeated Authorization headers are joined, so that none of them is believed alone',
    async claim(open) {
      await using stage = await Stage.set(open);
      const client = await stage.client();
      await client.request('GET', '/', ['Authorization: Bearer a', 'Authorization: Bearer b']).reply();
      assert.equal((await stage.requests.first()).header('authorization'), 'Bearer a, Bearer b');
    },
  },
  {
    name: 'an IPv4 client of a server on all addresses has its IPv4 address',
    async claim(open) {
      await using stage = await Stage.set(open);
      await (await stage.client()).request('GET', '/').reply();
      await stage.webSocket();
      assert.equal((await stage.requests.first()).remoteAddress, '127.0.0.1');
      assert.equal((await stage.upgrades.first()).remoteAddress, '127.0.0.1');
      assert.equal((await stage.connections.first()).remoteAddress, '127.0.0.1');
    },
  },
  {
    name: 'a client behind a trusted proxy has the address that the proxy names, and behind any other it has the proxy’s',
    async claim(open) {
      for (const [trustedProxies, address] of [
        [['127.0.0.0/8'], '203.0.113.9'],
        [['192.0.2.1'], '127.0.0.1'],
        [[], '127.0.0.1'],
      ] as const) {
        await using stage = await Stage.set(open, { settings: { trustedProxies } });
        const headers = ['X-Forwarded-For: 198.51.100.1, 203.0.113.9'];
        await (await stage.client()).request('GET', '/', headers).reply();
        assert.equal((await stage.requests.first()).remoteAddress, address);
        await (await stage.client()).request('GET', '/', [...headers, ...handshakeHeaders]).reply();
        assert.equal((await stage.upgrades.first()).remoteAddress, address);
        assert.equal((await stage.connections.first()).remoteAddress, address);
      }
    },
  },
  {
    name: 'status, headers and body come back, and the connection serves the next request',
    async claim(open) {
      const bodies = ['text with é', new Uint8Array([104, 105])];
      await using stage = await Stage.set(open, {
        request: async () => ({ status: 201, headers: { 'X-Session': 'a b' }, body: bodies.shift() ?? '' }),
      });
      const client = await stage.client();
      const first = await client.request('POST', '/').reply();
      assert.equal(first.status, 201);
      assert.equal(first.headers.get('x-session'), 'a b');
      assert.equal(first.body, 'text with é');
      assert.equal((await client.request('GET', '/').reply()).body, 'hi');
    },
  },
  {
    name: 'HEAD brings the headers of the body and no body',
    async claim(open) {
      await using stage = await Stage.set(open);
      const client = await stage.client();
      const head = await client.request('HEAD', '/').reply('HEAD');
      assert.equal(head.headers.get('content-length'), '4');
      assert.equal((await stage.requests.first()).method, 'HEAD');
      const next = await client.request('GET', '/').reply();
      assert.equal(next.status, 200);
      assert.equal(next.body, 'fine');
    },
  },
  {
    name: '204 and 304 bring neither body nor length',
    async claim(open) {
      const statuses = [204, 304];
      await using stage = await Stage.set(open, {
        request: async () => ({ status: statuses.shift() ?? 200, body: 'left out' }),
      });
      const client = await stage.client();
      for (const status of [204, 304, 200]) {
        const reply = await client.request('GET', '/').reply();
        assert.equal(reply.status, status);
        assert.equal(reply.headers.has('content-length'), status === 200);
      }
    },
  },
  {
    name: 'a body comes whole, with its length declared or in chunks, however it is cut',
    async claim(open) {
      await using stage = await Stage.set(open, {
        request: async (request) => ({ status: 200, body: await request.body(100) }),
      });
      const client = await stage.client();
      client.request('POST', '/', ['Content-Length: 7']).send('v=0');
      await stage.requests.count(1);
      assert.equal((await client.send('\r\né').reply()).body, 'v=0\r\né');
      const chunked = client.request('POST', '/', ['Transfer-Encoding: chunked']).send('3\r\nv=0\r\n');
      await stage.requests.count(2);
      assert.equal((await chunked.send('4\r\n\r\né\r\n0\r\n\r\n').reply()).body, 'v=0\r\né');
    },
  },
  {
    name: 'a body may be as large as is allowed, and not a byte larger',
    async claim(open) {
      await using stage = await Stage.set(open, { request: echoOrCode(10) });
      const exact = await (await stage.client()).request('POST', '/', [], 'x'.repeat(10)).reply();
      assert.equal(exact.body, 'x'.repeat(10));
      const declared = await (await stage.client()).request('POST', '/', [], 'x'.repeat(11)).reply();
      assert.equal(declared.body, 'message-too-large');
      const chunked = await stage.client();
      chunked.request('POST', '/', ['Transfer-Encoding: chunked']).send('6\r\nxxxxxx\r\n5\r\nxxxxx\r\n0\r\n\r\n');
      assert.equal((await chunked.reply()).body, 'message-too-large');
    },
  },
  {
    name: 'no body is larger than the transport’s own bound, whatever the handler allows',
    async claim(open) {
      await using stage = await Stage.set(open, {
        settings: { messageBytesMax: 20 },
        request: echoOrCode(1_000_000),
      });
      const declared = await (await stage.client()).request('POST', '/', [], 'x'.repeat(21)).reply();
      assert.equal(declared.body, 'message-too-large');
      const chunked = await stage.client();
      chunked.request('POST', '/', ['Transfer-Encoding: chunked']).send(`15\r\n${'x'.repeat(21)}\r\n0\r\n\r\n`);
      assert.equal((await chunked.reply()).body, 'message-too-large');
    },
  },
  {
    name: 'a body that is refused by its declared length is not waited for',
    async claim(open) {
      await using stage = await Stage.set(open, { request: echoOrCode(10) });
      const client = await stage.client();
      const reply = await client.request('POST', '/', ['Content-Length: 1000000000']).reply();
      assert.equal(reply.body, 'message-too-large');
      assert.equal(reply.headers.get('connection'), 'close');
      await client.closed;
    },
  },
  {
    name: 'a body that dribbles is given up after its time',
    async claim(open) {
      await using stage = await Stage.set(open, { request: echoOrCode(100) });
      const client = await stage.client();
      client.request('POST', '/', ['Content-Length: 50']).send('a');
      await stage.requests.first();
      stage.clock.advance(9_999);
      client.send('b');
      stage.clock.advance(1);
      const reply = await client.reply();
      assert.equal(reply.body, 'request-timeout');
      await client.closed;
    },
  },
  {
    name: 'a body that was not read ends its connection with the answer',
    async claim(open) {
      await using stage = await Stage.set(open);
      const client = await stage.client();
      const reply = await client.request('POST', '/', ['Content-Length: 50']).send('part').reply();
      assert.equal(reply.status, 200);
      await client.closed;
      assert.equal(stage.requests.entries.length, 1);
    },
  },
  {
    name: 'a body is asked for once',
    async claim(open) {
      await using stage = await Stage.set(open, {
        async request(request) {
          await request.body(10);
          return { status: 200, body: await request.body(10) };
        },
      });
      const reply = await (await stage.client()).request('POST', '/', [], 'x').reply();
      assert.equal(reply.status, 500);
      assert.ok((await stage.faults.first()) instanceof TypeError);
    },
  },
  {
    name: 'a client that leaves in the middle of its body ends the wait for it',
    async claim(open) {
      const outcome = Promise.withResolvers<unknown>();
      await using stage = await Stage.set(open, {
        async request(request) {
          await request.body(100).catch(outcome.resolve);
          return { status: 200 };
        },
      });
      const client = await stage.client();
      client.request('POST', '/', ['Content-Length: 50']).send('part');
      await stage.requests.first();
      client.destroy();
      assert.equal(codeOf(await outcome.promise), 'peer-gone');
      assert.ok(await stage.serves());
    },
  },
  {
    name: 'a client that leaves before its answer aborts its request, and one that stays does not',
    async claim(open) {
      await using stage = await Stage.set(open, {
        request: (request) =>
          request.path === '/alive' ? Promise.resolve({ status: 200 }) : new Promise<never>(() => {}),
      });
      const client = await stage.client();
      client.request('GET', '/wait');
      const { aborted } = await stage.requests.first();
      assert.equal(aborted.aborted, false);
      const left = new Promise((resolve) => aborted.addEventListener('abort', resolve));
      client.destroy();
      await left;
      assert.ok(await stage.serves());
      assert.equal(stage.requests.entries[1]?.aborted.aborted, false);
    },
  },
  {
    name: 'what a handler throws becomes a bare 500 and is told to the observer',
    async claim(open) {
      await using stage = await Stage.set(open, {
        request: async () => {
          throw new Error('the secret is 42');
        },
      });
      const reply = await (await stage.client()).request('GET', '/').reply();
      assert.equal(reply.status, 500);
      assert.doesNotMatch(reply.body, /secret/);
      assert.match(String(await stage.faults.first()), /the secret is 42/);
    },
  },
  {
    name: 'a response that HTTP does not have becomes a bare 500',
    async claim(open) {
      const bad = [
        { status: 200, headers: { 'X-A': 'a\r\nSet-Cookie: b' } },
        { status: 200, headers: { 'X-A\r\nSet-Cookie': 'b' } },
        { status: 99 },
        { status: 101 },
        { status: 200.5 },
      ];
      await using stage = await Stage.set(open, { request: async () => bad.shift() ?? { status: 204 } });
      const client = await stage.client();
      for (let count = bad.length; count > 0; count--) {
        const reply = await client.request('GET', '/').reply();
        assert.equal(reply.status, 500);
        assert.equal(reply.headers.has('set-cookie'), false);
      }
    },
  },
  {
    name: 'what a handler says of the connection and the length is not believed',
    async claim(open) {
      await using stage = await Stage.set(open, {
        request: async () => ({ status: 200, headers: { 'Content-Length': '99', connection: 'close' }, body: 'four' }),
      });
      const client = await stage.client();
      for (let count = 2; count > 0; count--) {
        const reply = await client.request('GET', '/').reply();
        assert.equal(reply.headers.get('content-length'), '4');
      }
    },
  },
  {
    name: 'a client that waits for 100 Continue gets its body through; other expectations are refused',
    async claim(open) {
      await using stage = await Stage.set(open, { request: echoOrCode(10) });
      const client = await stage.client();
      client.request('POST', '/', ['Expect: 100-continue', 'Content-Length: 2']);
      assert.equal((await client.reply()).status, 100);
      assert.equal((await client.send('hi').reply()).body, 'hi');
      const other = await (await stage.client()).request('POST', '/', ['Expect: magic'], 'hi').reply();
      assert.equal(other.status, 400);
      assert.equal(stage.requests.entries.length, 1);
    },
  },
  {
    name: 'methods that HTTP knows reach the handler, others do not, and case counts',
    async claim(open) {
      await using stage = await Stage.set(open);
      for (const method of ['OPTIONS', 'DELETE', 'PATCH', 'PROPFIND', 'TRACE']) {
        await (await stage.client()).request(method, '/').reply();
      }
      assert.deepEqual(
        stage.requests.entries.map((request) => request.method),
        ['OPTIONS', 'DELETE', 'PATCH', 'PROPFIND', 'TRACE'],
      );
      for (const method of ['get', 'FOO']) {
        const client = await stage.client();
        assert.equal((await client.request(method, '/').reply()).status, 400);
        await client.closed;
      }
      assert.equal(stage.requests.entries.length, 5);
    },
  },
  {
    name: 'an upgrade to something else is not heard, and its request is served',
    async claim(open) {
      await using stage = await Stage.set(open);
      const headers = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP'];
      assert.equal((await (await stage.client()).request('GET', '/', headers).reply()).status, 200);
    },
  },
  {
    name: 'a token of the longest length fits into a header or the query',
    async claim(open) {
      await using stage = await Stage.set(open);
      const client = await stage.client();
      assert.equal((await client.request('GET', '/', [`Authorization: Bearer ${tokenSized}`]).reply()).status, 200);
      assert.equal((await client.request('GET', `/?access_token=${tokenSized}`).reply()).status, 200);
      assert.equal(stage.requests.entries[0]?.header('authorization')?.length, tokenSized.length + 7);
    },
  },
  {
    name: 'a head with too many headers, or too large, is refused with 431',
    async claim(open) {
      await using stage = await Stage.set(open);
      for (const headers of [[`A: ${tokenSized}`, `B: ${tokenSized}`], Array.from({ length: 80 }, () => 'A: b')]) {
        const client = await stage.client();
        assert.equal((await client.request('GET', '/', headers).reply()).status, 431);
        await client.closed;
      }
      assert.equal(stage.requests.entries.length, 0);
      assert.ok(await stage.serves());
    },
  },
];

/** A handler that gives the body back, or the code of the error that it met. */
function echoOrCode(bytesMax: number) {
  return async (request: { body(bytesMax: number): Promise<Buffer> }) => {
    const body = await request.body(bytesMax).catch(codeOf);
    return { status: 200, body };
  };
}

function codeOf(error: unknown): string {
  assert.ok(error instanceof LatchkeyError);
  return error.code;
}
