import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type PostgresServer, postgresServer } from '../support/postgres-server.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { watching } from '../support/watching.ts';

const camera = 'maple-garden';
const generous = { timeout: 60_000, interval: 50 };
let postgres: PostgresServer;

beforeAll(async () => {
  postgres = await postgresServer();
});

afterAll(() => postgres.stop());

function relayOnPostgres(): Promise<RunningRelay> {
  const passwordFile = join(postgres.folder, 'relay-password');
  writeFileSync(passwordFile, 'first\n');
  return runningRelay({
    environment: {
      LATCHKEY_OWNERSHIP_SOURCE: 'postgres',
      LATCHKEY_OWNERSHIP_POSTGRES_HOST: '127.0.0.1',
      LATCHKEY_OWNERSHIP_POSTGRES_PORT: `${postgres.settings.port}`,
      LATCHKEY_OWNERSHIP_POSTGRES_DATABASE: 'postgres',
      LATCHKEY_OWNERSHIP_POSTGRES_USER: 'admin',
      LATCHKEY_OWNERSHIP_POSTGRES_PASSWORD_FILE: passwordFile,
      LATCHKEY_OWNERSHIP_POSTGRES_TLS: 'off',
      LATCHKEY_TELEMETRY_LOG_LEVEL: 'silent',
    },
  });
}

const kinds: [string, () => Promise<RunningRelay>, (relay: RunningRelay, sql: string) => Promise<unknown>][] = [
  [
    'SQLite',
    () => runningRelay(),
    async (relay, sql) => {
      const database = new DatabaseSync(join(relay.settings.dataDirectory, 'ownership.sqlite'));
      database.exec(sql);
      database.close();
    },
  ],
  ['PostgreSQL', relayOnPostgres, (_, sql) => postgres.run(sql.replace('ownership_grant', 'latchkey.ownership_grant'))],
];

describe.each(kinds)('a camera on %s that changes hands while its owner watches', (_, start, run) => {
  it('ends the picture of the old owner, and shows itself to the new one', async () => {
    await using relay = await start();
    await relay.grant('alice', camera);
    await relay.grant('chloe', camera, 'viewer');
    await relay.camera(camera);
    await using alice = await watching(relay, 'alice', camera);
    await using chloe = await watching(relay, 'chloe', camera);
    expect([await alice.outcome, await chloe.outcome]).toEqual(['frame', 'frame']);

    await run(relay, `UPDATE ownership_grant SET subject = 'ben' WHERE subject = 'alice'`);

    expect(await alice.view.ended).toBe('revoked');
    await using again = await watching(relay, 'alice', camera);
    await using ben = await watching(relay, 'ben', camera);
    expect([await again.outcome, await ben.outcome]).toEqual(['not-allowed', 'frame']);
    const seen = chloe.frames.length;
    await vi.waitFor(() => expect(chloe.frames.length).toBeGreaterThan(seen), generous);
    expect(await relay.metric('latchkey_reproofs_total', { outcome: 'ended' })).toBe(1);

    await relay.revoke('chloe', camera);
    expect(await chloe.view.ended).toBe('revoked');
    await relay.revoke('ben', camera);
  });
});

describe('a relay whose PostgreSQL is killed', () => {
  it('tells everyone under load what is theirs, or that nobody can say', async () => {
    const people = Array.from({ length: 20 }, (_, n) => n);
    await postgres.run(`INSERT INTO latchkey.ownership_grant (subject, device, role)
      SELECT 'person' || n, 'cam' || n, 'owner' FROM generate_series(0, 19) AS n`);
    await using relay = await relayOnPostgres();
    const seen = new Map<string, number>();
    const count = (what: string) => seen.get(what) ?? 0;
    let stopped = false;
    const asker = async (n: number) => {
      const headers = { authorization: `Bearer ${await relay.token('viewer', `person${n}`)}` };
      while (!stopped) {
        const response = await fetch(`${relay.url}/devices`, { headers });
        const text = await response.text();
        const ids = response.status === 200 ? JSON.parse(text).devices.map((each: { id: string }) => each.id) : [];
        const what = response.status === 200 && `${ids}` !== `cam${n}` ? `wrong: ${text}` : `${response.status}`;
        seen.set(what, count(what) + 1);
      }
    };
    const askers = people.map(asker);
    await vi.waitFor(() => expect(count('200')).toBeGreaterThan(100), generous);
    await postgres.kill();
    await vi.waitFor(() => expect(count('503')).toBeGreaterThan(100), generous);
    await postgres.start();
    const before = count('200');
    await vi.waitFor(() => expect(count('200')).toBeGreaterThan(before + 100), generous);
    stopped = true;
    await Promise.all(askers);
    expect([...seen.keys()].sort()).toEqual(['200', '503']);
  });

  it('goes on with what is open, opens nothing new, and makes up for what it missed', async () => {
    await using relay = await relayOnPostgres();
    await relay.grant('alice', camera);
    await relay.grant('ben', camera);
    await relay.camera(camera);
    await using alice = await watching(relay, 'alice', camera);
    await using ben = await watching(relay, 'ben', camera);
    expect([await alice.outcome, await ben.outcome]).toEqual(['frame', 'frame']);

    await postgres.kill();
    await using refused = await watching(relay, 'alice', camera);
    expect(await refused.outcome).toBe('source-unavailable');
    const seen = alice.frames.length;
    await vi.waitFor(() => expect(alice.frames.length).toBeGreaterThan(seen), generous);

    await postgres.start();
    await postgres.run(`DELETE FROM latchkey.ownership_grant WHERE subject = 'ben'`);
    expect(await ben.view.ended).toBe('revoked');
    await using back = await watching(relay, 'alice', camera);
    expect(await back.outcome).toBe('frame');
    const then = alice.frames.length;
    await vi.waitFor(() => expect(alice.frames.length).toBeGreaterThan(then), generous);
  });
});
