import assert from 'node:assert/strict';
import { subtle } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LatchkeyError } from '../../src/base/index.ts';
import type { HttpResponse } from '../../src/signaling/transport/index.ts';
import { RawClient } from '../support/raw-client.ts';
import { selfSigned } from '../support/self-signed.ts';
import { WebSocketClient } from '../support/web-socket-client.ts';
import { type OpenTransport, Stage, type stageSettings, type TransportClaim } from './transport-stage.ts';

export const lifeClaims: TransportClaim[] = [
  {
    name: 'many who have said nothing are counted, cut off when it closes, and not counted any more',
    async claim(open) {
      await using stage = await Stage.set(open);
      const clients = await Promise.all(Array.from({ length: 100 }, () => stage.client()));
      await stage.openBecomes(clients.length);
      const closed = stage.transport.close(0);
      stage.clock.advance(0);
      await Promise.all(clients.map((client) => client.closed));
      await closed;
      await stage.openBecomes(0);
      assert.equal(stage.transport.held, 0);
    },
  },
  {
    name: 'of many who come at once all are served, those who can wait as well, held where it holds them, and each is counted once',
    async claim(open) {
      let mostHeld = 0;
      const canWait = (beginning: string) => {
        mostHeld = Math.max(mostHeld, stage.transport.held);
        return beginning.includes('GET /later');
      };
      await using stage = await Stage.set(open, { canWait });
      const paths = Array.from({ length: 100 }, (_, index) => (index % 3 === 0 ? '/now' : '/later'));
      const clients = await Promise.all(paths.map(() => stage.client()));
      const replies = await Promise.all(
        clients.map((client, index) => client.request('GET', paths[index] ?? '').reply()),
      );
      assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]));
      assert.deepEqual(stage.requests.entries.map(({ path }) => path).sort(), [...paths].sort());
      assert.equal(Math.max(...stage.open.entries), clients.length);
      assert.deepEqual([mostHeld > 0, stage.transport.held], [stage.transport.name === 'uws', 0]);
      for (const client of clients) client.destroy();
      await stage.openBecomes(0);
    },
  },
  {
    name: 'closing tells every WebSocket 1001, ends when all are gone, and frees the port',
    async claim(open) {
      await using stage = await Stage.set(open);
      const clients = [await stage.webSocket(), await stage.webSocket()];
      const { port } = stage.transport;
      const closed = stage.transport.close(60_000);
      for (const client of clients) assert.equal((await client.closed).code, 1001);
      await closed;
      await stage.transport.close(60_000);
      assert.deepEqual(stage.closed.entries, [1001, 1001]);
      await assert.rejects(RawClient.connect(port), /ECONNREFUSED/);
      await using again = await Stage.set(open, { settings: { port } });
      assert.equal(again.transport.port, port);
    },
  },
  {
    name: 'closing lets a request that is under way be answered, and takes no other',
    async claim(open) {
      const answer = Promise.withResolvers<HttpResponse>();
      await using stage = await Stage.set(open, { request: () => answer.promise });
      const client = await stage.client();
      client.request('GET', '/');
      await stage.requests.first();
      const { port } = stage.transport;
      const closed = stage.transport.close(60_000);
      await assert.rejects(RawClient.connect(port), /ECONNREFUSED/);
      answer.resolve({ status: 200, body: 'in time' });
      const reply = await client.reply();
      assert.equal(reply.body, 'in time');
      assert.equal(reply.headers.get('connection'), 'close');
      await closed;
      await client.closed;
    },
  },
  {
    name: 'an upgrade that is decided while the server closes is refused',
    async claim(open) {
      const decided = Promise.withResolvers<void>();
      await using stage = await Stage.set(open, {
        async upgrade() {
          await decided.promise;
          return stage.accept();
        },
      });
      const refusal = WebSocketClient.refusal(stage.url);
      await stage.upgrades.first();
      const closed = stage.transport.close(60_000);
      decided.resolve();
      assert.equal((await refusal).status, 503);
      await closed;
      assert.equal(stage.connections.entries.length, 0);
    },
  },
  {
    name: 'closing gives a client that lags the time to read what was sent to it',
    async claim(open) {
      const answer = Promise.withResolvers<HttpResponse>();
      await using stage = await Stage.set(open, {
        settings: { sendBufferBytesMax: 32_000_000 },
        request: () => answer.promise,
      });
      const asking = (await stage.client()).request('GET', '/');
      await stage.requests.first();
      const client = await stage.webSocket();
      const connection = await stage.connections.first();
      client.socket.pause();
      const text = 'x'.repeat(1_000_000);
      for (let sent = 0; sent < 24; sent++) assert.ok(connection.send(text));
      const closed = stage.transport.close(60_000);
      answer.resolve({ status: 200 });
      await asking.reply();
      client.socket.resume();
      for (let received = 0; received < 24; received++) assert.equal((await client.next()).length, text.length);
      assert.equal((await client.closed).code, 1001);
      stage.clock.advance(60_000);
      await closed;
    },
  },
  {
    name: 'closing waits no longer than it is given',
    async claim(open) {
      await using stage = await Stage.set(open, { request: () => new Promise<never>(() => {}) });
      const client = await stage.client();
      client.request('GET', '/');
      const { aborted } = await stage.requests.first();
      const closed = stage.transport.close(1_000);
      stage.clock.advance(999);
      assert.equal(aborted.aborted, false);
      stage.clock.advance(1);
      await closed;
      await client.closed;
      assert.equal(aborted.aborted, true);
    },
  },
  {
    name: 'a port in use is the configuration’s fault, and the error says what to do',
    async claim(open) {
      const holder = createServer();
      await new Promise<void>((resolve) => holder.listen({ host: '127.0.0.1', port: 0 }, resolve));
      const { port } = holder.address() as { port: number };
      await refusesSettings(open, { host: '127.0.0.1', port }, new RegExp(`port ${port} is in use.*http\\.port`));
      await new Promise((resolve) => holder.close(resolve));
      // One that demanded its port by number does not share it either, not even with its like.
      await using stage = await Stage.set(open, { settings: { port } });
      await refusesSettings(open, { port: stage.transport.port }, /is in use/);
    },
  },
  {
    name: 'an address of another machine is the configuration’s fault, and named',
    async claim(open) {
      await refusesSettings(open, { host: '192.0.2.1' }, /192\.0\.2\.1 is no address of this machine.*http\.host/);
    },
  },
  {
    name: 'with a certificate, HTTPS and WebSockets over TLS are served, and plain HTTP is not',
    async claim(open) {
      const { certificateFile, keyFile } = tlsFiles();
      await using stage = await Stage.set(open, {
        settings: { tls: { certificateFile, keyFile } },
        async upgrade(request) {
          if (request.path === '/later') await subtle.digest('SHA-256', new Uint8Array(64));
          return stage.accept();
        },
        message: (text, connection) => connection.send(text),
      });
      const { port } = stage.transport;
      const status = new Promise((resolve, reject) => {
        const request = get({ host: '127.0.0.1', port, path: '/', rejectUnauthorized: false }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        request.once('error', reject);
      });
      assert.equal(await status, 200);
      for (const path of ['/', '/later']) {
        const client = await WebSocketClient.open(`wss://127.0.0.1:${port}${path}`, [], { rejectUnauthorized: false });
        client.socket.send('sealed');
        assert.equal(await client.next(), 'sealed');
      }
      assert.equal((await stage.connections.first()).remoteAddress, '127.0.0.1');
      const plain = await stage.client();
      await plain.request('GET', '/').closed;
      assert.equal(stage.requests.entries.length, 1);
    },
  },
  {
    name: 'a TLS file that cannot be used is the configuration’s fault, and named',
    async claim(open) {
      const { certificateFile, keyFile } = tlsFiles();
      const other = tlsFiles();
      const nowhere = join(tmpdir(), 'latchkey-nowhere.pem');
      const empty = fileWith('');
      const refused = (certificate: string, key: string, message: RegExp) =>
        refusesSettings(open, { tls: { certificateFile: certificate, keyFile: key } }, message);
      await refused(nowhere, keyFile, /http\.tls\.certificateFile: .*latchkey-nowhere/);
      await refused(certificateFile, nowhere, /http\.tls\.keyFile: .*latchkey-nowhere/);
      await refused(empty, keyFile, /must be a PEM certificate/);
      await refused(certificateFile, empty, /must be a PEM certificate/);
      await refused(certificateFile, other.keyFile, /the PEM key that belongs to it/);
    },
  },
];

async function refusesSettings(
  open: OpenTransport,
  settings: Partial<typeof stageSettings>,
  message: RegExp,
): Promise<void> {
  await assert.rejects(
    Stage.set(open, { settings }),
    (error) => error instanceof LatchkeyError && error.code === 'settings-invalid' && message.test(error.message),
  );
}

/** A certificate of its own and its key. */
export function tlsFiles(): { certificateFile: string; keyFile: string } {
  const { certificate, key } = selfSigned();
  return { certificateFile: fileWith(certificate), keyFile: fileWith(key) };
}

function fileWith(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'latchkey-transport-')), 'tls.pem');
  writeFileSync(file, text);
  return file;
}
