import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { limits, Redacted, systemClock, systemRandom } from '../../src/base/index.ts';
import {
  claimsSource,
  openPostgresBook,
  openPostgresSource,
  openServiceSource,
  openSqliteSource,
  refusingSource,
} from '../../src/ownership/index.ts';
import { insertGrants } from '../ownership/support/insert-grants.ts';
import { makersService } from '../ownership/support/makers-service.ts';
import { type PostgresServer, postgresServer } from '../support/postgres-server.ts';
import { viewerProof } from '../support/proofs.ts';
import { ownershipSourceContract } from './ownership-source.ts';

ownershipSourceContract('that refuses everyone', () => ({ source: refusingSource(), end: () => {} }));

ownershipSourceContract('on SQLite', (clock) => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-source-'));
  const file = join(folder, 'ownership.sqlite');
  const source = openSqliteSource({ file, clock });
  return {
    source,
    grant: (grants) => {
      if (grants.length > 100) insertGrants(file, grants);
      else for (const grant of grants) source.grant(grant);
    },
    revoke: (grant) => void source.revoke(grant),
    pass: () => clock.advance(limits.sqliteLookMs),
    end: () => rmSync(folder, { recursive: true }),
  };
});

let postgres: PostgresServer;

beforeAll(async () => {
  postgres = await postgresServer();
});

afterAll(() => postgres.stop());

ownershipSourceContract('on PostgreSQL', async (clock) => {
  await postgres.run('TRUNCATE latchkey.ownership_grant');
  const source = openPostgresSource(postgres.settings, {
    clock: { now: () => clock.now(), after: systemClock.after },
    random: systemRandom,
  });
  const book = openPostgresBook(postgres.settings);
  await new Promise((resolve) => source.changes(resolve));
  return {
    source,
    grant: async (grants) => {
      for (const grant of grants.length > 100 ? [] : grants) await book.grant(grant);
      if (grants.length <= 100) return;
      const columns = [grants.map(({ subject }) => subject), grants.map(({ device }) => device)];
      const owners = `SELECT *, 'owner' FROM unnest($1::text[], $2::text[])`;
      await postgres.run(`INSERT INTO latchkey.ownership_grant (subject, device, role) ${owners}`, columns);
    },
    revoke: async (grant) => void (await book.revoke(grant)),
    end: () => book.close(),
  };
});

ownershipSourceContract('of a maker’s own service', async () => {
  const service = await makersService();
  return {
    source: openServiceSource(
      { url: service.url, connectionsMax: 4, keys: new Redacted(service.key) },
      { clock: systemClock, random: systemRandom },
    ),
    grant: (grants) => service.grant(grants),
    revoke: (grant) => service.revoke(grant),
    end: () => service.close(),
  };
});

ownershipSourceContract('of a token’s own claims', (clock) => {
  const source = claimsSource();
  const viewer = (subject: string) => viewerProof(subject, clock.now());
  return {
    source: {
      ...source,
      ask: (question, signal) => source.ask(question, signal, viewer(question.subject)),
      devicesOf: (subject, signal) => source.devicesOf(subject, signal, viewer(subject)),
    },
    end: () => {},
  };
});
