import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { LatchkeyError } from '../../src/base/index.ts';
import { WebSocketClient } from '../support/web-socket-client.ts';
import { tlsFiles } from './transport-life.ts';
import { Stage, stageSettings, type TransportClaim } from './transport-stage.ts';

function trusting({ certificateFile }: { readonly certificateFile: string }): { readonly ca: Buffer } {
  return { ca: readFileSync(certificateFile) };
}

/** What a transport takes while it serves. */
export const renewalClaims: TransportClaim[] = [
  {
    name: 'renewing shows new connections the new certificate, while an old WebSocket lives on',
    async claim(open) {
      const [before, after] = [tlsFiles(), tlsFiles()];
      await using stage = await Stage.set(open, { settings: { tls: before } });
      const url = `wss://localhost:${stage.transport.port}`;
      const old = await WebSocketClient.open(url, [], trusting(before));
      await stage.connections.count(1);
      for (let turn = 0; turn < 3; turn++) await stage.transport.renew({ ...stageSettings, tls: before });
      await stage.transport.renew({ ...stageSettings, tls: after });
      await assert.rejects(WebSocketClient.open(url, [], trusting(before)), /self-signed|SELF_SIGNED/i);
      const fresh = await WebSocketClient.open(url, [], trusting(after));
      await stage.connections.count(2);
      for (const client of [old, fresh]) client.socket.send('still here');
      await stage.messages.count(2);
      await stage.transport.renew({ ...stageSettings, tls: before });
      const last = await WebSocketClient.open(url, [], trusting(before));
      const closed = stage.transport.close(60_000);
      for (const client of [old, fresh, last]) assert.equal((await client.closed).code, 1001);
      await closed;
    },
  },
  {
    name: 'renewing loses nobody who comes meanwhile',
    async claim(open) {
      const files = [tlsFiles(), tlsFiles()];
      await using stage = await Stage.set(open, { settings: { tls: files[0], connectionsMax: 1_000 } });
      const url = `wss://localhost:${stage.transport.port}`;
      let over = false;
      const comers = Array.from({ length: 4 }, async () => {
        let served = 0;
        while (!over) {
          const client = await WebSocketClient.open(url, [], { rejectUnauthorized: false });
          client.socket.close(1000);
          served += 1;
        }
        return served;
      });
      for (let turn = 1; turn <= 10; turn++) {
        await stage.connections.count(4 * turn);
        await stage.transport.renew({ ...stageSettings, connectionsMax: 1_000, tls: files[turn % 2] });
      }
      over = true;
      for (const served of await Promise.all(comers)) assert.ok(served > 0);
    },
  },
  {
    name: 'renewing with files that do not belong together changes nothing, and says why',
    async claim(open) {
      const [one, other] = [tlsFiles(), tlsFiles()];
      await using stage = await Stage.set(open, { settings: { tls: one } });
      const mixed = { certificateFile: one.certificateFile, keyFile: other.keyFile };
      const renewed = stage.transport.renew({ ...stageSettings, connectionsMax: 0, tls: mixed });
      await assert.rejects(renewed, (error) => error instanceof LatchkeyError && error.code === 'settings-invalid');
      const badProxy = stage.transport.renew({ ...stageSettings, tls: other, trustedProxies: ['nobody'] });
      await assert.rejects(badProxy, /trustedProxies/);
      const client = await WebSocketClient.open(`wss://localhost:${stage.transport.port}`, [], trusting(one));
      client.socket.close(1000);
    },
  },
  {
    name: 'renewing takes other bounds and other proxies for those who come then',
    async claim(open) {
      await using stage = await Stage.set(open);
      const from = async () => {
        const before = stage.requests.entries.length;
        const client = await stage.client();
        const asked = client.request('GET', '/', ['X-Forwarded-For: 203.0.113.7']);
        const { status } = await asked.reply();
        client.destroy();
        return [status, stage.requests.entries[before]?.remoteAddress];
      };
      assert.deepEqual(await from(), [200, '127.0.0.1']);
      await stage.transport.renew({ ...stageSettings, trustedProxies: ['127.0.0.0/8'] });
      assert.deepEqual(await from(), [200, '203.0.113.7']);
      const kept = await stage.webSocket();
      await stage.transport.renew({ ...stageSettings, connectionsMax: 1 });
      assert.deepEqual(await from(), [503, undefined]);
      kept.socket.send('still here');
      await stage.messages.count(1);
    },
  },
  {
    name: 'letting go ends each HTTP connection with its next answer, and no WebSocket',
    async claim(open) {
      await using stage = await Stage.set(open);
      const [client, webSocket] = [await stage.client(), await stage.webSocket()];
      const before = await client.request('GET', '/').reply();
      assert.notEqual(before.headers.get('connection'), 'close');
      stage.transport.letGo();
      const after = await client.request('GET', '/').reply();
      assert.equal(after.headers.get('connection'), 'close');
      await client.closed;
      webSocket.socket.send('still here');
      await stage.messages.count(1);
      assert.ok(await stage.serves());
    },
  },
];
