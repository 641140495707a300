import assert from 'node:assert/strict';
import { subtle } from 'node:crypto';
import type { UpgradeDecision } from '../../src/signaling/transport/index.ts';
import type { RawClient } from '../support/raw-client.ts';
import { handshakeHeaders, maskedText, Stage, type TransportClaim } from './transport-stage.ts';

const handshake = ['GET / HTTP/1.1', 'Host: a', ...handshakeHeaders, '', ''].join('\r\n');

/** When a decision to open a WebSocket falls, and what may happen around it. Whoever can reach the port can do it all. */
export const upgradeClaims: TransportClaim[] = [
  {
    name: 'every upgrade of a crowd that is decided after real work stays open and is answered',
    async claim(open) {
      for (let round = 0; round < 8; round++) {
        await using stage = await echoing(open, async () => {
          await subtle.digest('SHA-256', new Uint8Array(64));
          return stage.accept();
        });
        await crowd(stage, 300);
      }
    },
  },
  {
    name: 'every upgrade of a crowd that is decided at once, or a few promises later, stays open and is answered',
    async claim(open) {
      await using stage = await echoing(open, async () => {
        for (let step = 0; step < 3; step++) await Promise.resolve();
        return stage.accept();
      });
      for (let round = 0; round < 2; round++) await crowd(stage, 300);
    },
  },
  {
    name: 'an upgrade that is decided while another request is handed over opens, and the other is answered',
    async claim(open) {
      for (const other of ['request', 'refused', 'body', 'upgrade', 'second'] as const) {
        const decided = Promise.withResolvers<void>();
        await using stage = await echoing(
          open,
          async (request) => {
            if (request.path === '/other') decided.resolve();
            else await decided.promise;
            return stage.accept();
          },
          async (request) => {
            if (request.path === '/body') await request.body(100).then(() => decided.resolve());
            if (request.path === '/other') decided.resolve();
            if (request.path !== '/never') return { status: 200 };
            request.aborted.addEventListener('abort', () => decided.resolve());
            return await new Promise<never>(() => {});
          },
        );
        const waiting = (await stage.client()).send(handshake);
        await stage.upgrades.first();
        const client = await stage.client();
        const status = await othersStatus(stage, client, other, decided.resolve);
        assert.equal(status, { request: 200, refused: 400, body: 200, upgrade: 101, second: undefined }[other]);
        assert.equal((await waiting.reply()).status, 101, other);
        await echoes(waiting, other);
        assert.ok(await stage.serves());
        assert.deepEqual(stage.faults.entries, []);
      }
    },
  },
  {
    name: 'a handshake of HTTP/1.0, or one that also asks for a close, opens nothing, whenever it is decided',
    async claim(open) {
      for (const decide of moments) {
        await using stage = await echoing(open, () => decide(stage));
        for (const bad of badHandshakes) {
          for (const cut of [bad.length, 9, bad.length - 9]) {
            const client = (await stage.client()).send(bad.slice(0, cut));
            if (cut < bad.length) {
              assert.ok(await stage.serves());
              client.send(bad.slice(cut));
            }
            await client.closed;
            assert.match(client.received.toString('latin1'), /^HTTP\/1.1 (400|505) /, bad);
          }
        }
        assert.equal(stage.upgrades.entries.length, 0);
        assert.equal(stage.connections.entries.length, 0);
        assert.ok(await stage.serves());
        assert.deepEqual(stage.faults.entries, []);
      }
    },
  },
  {
    name: 'whatever else stands in Connection, an upgrade is refused or opens whole',
    async claim(open) {
      for (const decide of moments) {
        await using stage = await echoing(open, () => decide(stage));
        let opened = 0;
        for (const values of oddConnections) {
          for (const cut of [0, 70]) {
            const head = handshakeWith('HTTP/1.1', values);
            const client = (await stage.client()).send(head.subarray(0, cut));
            if (cut > 0) assert.ok(await stage.serves());
            const { status } = await client.send(head.subarray(cut)).reply();
            assert.ok(status === 101 || status === 400, `${values}: ${status}`);
            if (status === 101) await echoes(client, String(++opened));
            else await client.closed;
          }
        }
        assert.equal(stage.connections.entries.length, opened);
        assert.ok(await stage.serves());
        assert.deepEqual(stage.faults.entries, []);
      }
    },
  },
  {
    name: 'clients that leave at the very moment of the decision leave nothing behind',
    async claim(open) {
      for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
        const decided = Promise.withResolvers<void>();
        await using stage = await echoing(open, async () => {
          await decided.promise;
          await subtle.digest('SHA-256', new Uint8Array(64));
          return stage.accept();
        });
        const clients = await Promise.all(Array.from({ length: 100 }, () => stage.client()));
        for (const client of clients) client.send(handshake);
        await stage.upgrades.count(clients.length);
        decided.resolve();
        for (const [index, client] of clients.entries()) {
          if (index % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
          client.socket[leave]();
        }
        await Promise.all(clients.map((client) => client.closed));
        while (stage.open.entries.at(-1) !== 0) await stage.open.count(stage.open.entries.length + 1);
        assert.equal(stage.closed.entries.length, stage.connections.entries.length);
        assert.ok(await stage.serves());
        assert.deepEqual(stage.faults.entries, []);
      }
    },
  },
];

type Decide = (request: { readonly path: string }) => Promise<UpgradeDecision>;
type Answer = NonNullable<Parameters<typeof Stage.set>[1]>['request'];

function echoing(open: Parameters<typeof Stage.set>[0], upgrade: Decide, request?: Answer): Promise<Stage> {
  return Stage.set(open, {
    settings: { connectionsMax: 1_000 },
    upgrade,
    ...(request === undefined ? {} : { request }),
    message: (text, connection) => connection.send(text),
  });
}

/** So many clients ask at once; each is opened, gets its own words back, and does so again when all the others have. */
async function crowd(stage: Stage, count: number): Promise<void> {
  const clients = await Promise.all(Array.from({ length: count }, () => stage.client()));
  for (const client of clients) client.send(handshake);
  const opened = clients.map(async (client, index) => {
    assert.equal((await client.reply()).status, 101);
    await echoes(client, `one ${index}`);
  });
  await Promise.allSettled(opened);
  const ends = await Promise.allSettled(
    clients.map(async (client, index) => {
      await opened[index];
      await echoes(client, `two ${index}`);
    }),
  );
  const lost = ends.filter(({ status }) => status === 'rejected').length;
  assert.equal(lost, 0, `${lost} of ${count} were lost`);
  assert.deepEqual(stage.faults.entries, []);
  for (const client of clients) client.destroy();
}

async function echoes(client: RawClient, text: string): Promise<void> {
  const before = client.received.length;
  client.send(maskedText(text));
  await client.bytes(before + 2 + text.length);
  assert.equal(client.received.toString('latin1', before + 2), text);
}

/** What becomes of a request in whose own call the decision on an earlier one falls. */
async function othersStatus(
  stage: Stage,
  client: RawClient,
  other: 'request' | 'refused' | 'body' | 'upgrade' | 'second',
  decided: () => void,
): Promise<number | undefined> {
  switch (other) {
    case 'request':
      return (await client.request('GET', '/other').reply()).status;
    case 'upgrade':
      return (await client.send(handshake.replace('/', '/other')).reply()).status;
    case 'refused': {
      // What a refusal tells its observer can set others free as well.
      const told = stage.refused.first().then(decided);
      const { status } = await client.request('GET', '/', ['Expect: nonsense']).reply();
      await told;
      return status;
    }
    case 'body': {
      client.send('POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n12');
      await stage.requests.first();
      return (await client.send('34').reply()).status;
    }
    case 'second':
      client.send('GET /never HTTP/1.1\r\nHost: a\r\n\r\n');
      await stage.requests.first();
      await client.send('GET /again HTTP/1.1\r\nHost: a\r\n\r\n').closed;
      return undefined;
  }
}

/** A decision at once, and one after real work. */
const moments: ((stage: Stage) => Promise<UpgradeDecision>)[] = [
  async (stage) => stage.accept(),
  async (stage) => {
    await subtle.digest('SHA-256', new Uint8Array(64));
    return stage.accept();
  },
];

function handshakeWith(version: string, connections: readonly string[], host = 'Host: a'): Buffer {
  const lines = [host, ...connections.map((value) => `Connection: ${value}`), ...handshakeHeaders.slice(1)];
  return Buffer.from([`GET / ${version}`, ...lines.filter(Boolean), '', ''].join('\r\n'), 'latin1');
}

const badHandshakes = [
  handshakeWith('HTTP/1.0', ['Upgrade']),
  handshakeWith('HTTP/1.0', ['Upgrade'], ''),
  handshakeWith('HTTP/1.0', ['keep-alive, Upgrade']),
  handshakeWith('HTTP/1.1', ['close']),
  handshakeWith('HTTP/1.1', ['Close, Upgrade']),
  handshakeWith('HTTP/1.1', ['Upgrade,close']),
  handshakeWith('HTTP/1.1', ['Upgrade', 'close']),
  handshakeWith('HTTP/1.1', ['close', 'Upgrade']),
  handshakeWith('HTTP/1.1', ['CLOSE', 'keep-alive, Upgrade']),
].map(String);

/** Some are of five bytes, by which a server may tell `close`; some only where a byte above 127 is two, or is nothing. */
const oddConnections = [
  ['Upgrade', 'keep-alive'],
  ['keep-alive', 'Upgrade'],
  ['trail', 'Upgrade'],
  ['a, bc', 'Upgrade'],
  ['Upgrade', 'trail'],
  ['abc\u00c3\u00a9', 'Upgrade'],
  ['a\u00c3\u00a9bc', 'Upgrade'],
  ['a\u00e9bcd', 'Upgrade'],
  ['a\u00e9bc', 'Upgrade'],
  ['\u00e9abcd', 'Upgrade'],
  [' clos ', 'Upgrade'],
  ['a\tbcd', 'Upgrade'],
  [',,,,,', 'Upgrade'],
  ['', 'Upgrade'],
];
