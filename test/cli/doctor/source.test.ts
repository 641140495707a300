import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/base/index.ts';
import { sourceCheck } from '../../../src/cli/doctor/source.ts';
import { openSqliteSource } from '../../../src/ownership/index.ts';
import { makersService, send } from '../../ownership/support/makers-service.ts';
import { type PostgresServer, postgresServer } from '../../support/postgres-server.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { patient, said } from './support/patient.ts';

describe('the check of no source, and of claims', () => {
  it.each([
    ['none', /^warning: .*nobody may see anything/],
    ['claims', /^ok: /],
  ])('%s', async (source, wanted) => {
    const environment = { LATCHKEY_OWNERSHIP_SOURCE: source };
    expect((await said(sourceCheck, patient({ environment })))[0]).toMatch(wanted);
  });
});

describe('the check of SQLite', () => {
  it('opens the database as it is, and says what is wrong with it', async () => {
    const file = join(temporaryFolder(), 'ownership.sqlite');
    const of = () => said(sourceCheck, patient({ environment: { LATCHKEY_OWNERSHIP_FILE: file } }));
    expect((await of())[0]).toMatch(/^ok: .*is not there yet/);
    await openSqliteSource({ file, clock: systemClock }).close();
    expect((await of())[0]).toMatch(/^ok: .*has this program’s schema/);
    writeFileSync(file, 'no database, but a text that is long enough to be taken for one by nobody');
    expect((await of())[0]).toMatch(/^problem: it cannot be used: .*→ restore it/);
  });
});

describe('the check of PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await postgresServer();
  });
  afterAll(() => server.stop());

  const ofServer = (more: Record<string, string> = {}) =>
    patient({
      environment: {
        LATCHKEY_OWNERSHIP_SOURCE: 'postgres',
        LATCHKEY_OWNERSHIP_POSTGRES_HOST: '127.0.0.1',
        LATCHKEY_OWNERSHIP_POSTGRES_PORT: `${server.settings.port}`,
        LATCHKEY_OWNERSHIP_POSTGRES_DATABASE: 'postgres',
        LATCHKEY_OWNERSHIP_POSTGRES_USER: 'admin',
        LATCHKEY_OWNERSHIP_POSTGRES_TLS: 'off',
        LATCHKEY_POSTGRES_PASSWORD: 'first',
        ...more,
      },
    });

  it('asks it, and hears its changes', async () => {
    expect(await said(sourceCheck, ofServer())).toEqual([
      expect.stringMatching(/^ok: postgres answers in \d+ ms/),
      expect.stringMatching(/^ok: its changes are heard \(LISTEN\)/),
    ]);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    [
      'a wrong password',
      { LATCHKEY_POSTGRES_PASSWORD: 'wrong' },
      /^problem: postgres is refused \(28P01\) → see that user admin/,
    ],
    [
      'a database without the schema',
      { LATCHKEY_OWNERSHIP_POSTGRES_DATABASE: 'template1' },
      /^problem: .*→ latchkey own schema \| psql -d template1/,
    ],
    [
      'a database that is not there',
      { LATCHKEY_OWNERSHIP_POSTGRES_DATABASE: 'nowhere' },
      /^problem: postgres is refused \(3D000\)/,
    ],
    [
      'a certificate of nobody',
      { LATCHKEY_OWNERSHIP_POSTGRES_TLS: 'verify' },
      /^problem: .*→ name the CA of its certificate: ownership\.postgres\.caFile/,
    ],
  ])('%s', async (_, more, wanted) => {
    expect((await said(sourceCheck, ofServer(more)))[0]).toMatch(wanted);
  });

  it('a user who may not read the revision is not told of changes', async () => {
    await server.run(`CREATE ROLE reader LOGIN PASSWORD 'second'; GRANT USAGE ON SCHEMA latchkey TO reader;
      GRANT SELECT ON latchkey.ownership_grant TO reader`);
    const found = await said(
      sourceCheck,
      ofServer({ LATCHKEY_OWNERSHIP_POSTGRES_USER: 'reader', LATCHKEY_POSTGRES_PASSWORD: 'second' }),
    );
    expect(found.join('\n')).toMatch(/problem: .*42501/);
  });

  it('one that is dead is a problem', async () => {
    await server.kill();
    onTestFinished(() => server.start());
    expect((await said(sourceCheck, ofServer()))[0]).toMatch(
      /^problem: postgres is unreachable \(ECONNREFUSED\) → see that 127\.0\.0\.1 port \d+ can be reached/,
    );
  });
});

describe('the check of a service', () => {
  async function ofService(more: Record<string, string> = {}) {
    const service = await makersService();
    onTestFinished(() => service.close());
    const environment = {
      LATCHKEY_OWNERSHIP_SOURCE: 'http',
      LATCHKEY_OWNERSHIP_HTTP_URL: service.url,
      LATCHKEY_SERVICE_KEYS: service.key,
      ...more,
    };
    return { service, one: patient({ environment }) };
  }

  it('asks it, and takes the time that it tells', async () => {
    const { one } = await ofService();
    expect(await said(sourceCheck, one)).toEqual([expect.stringMatching(/^ok: http answers in \d+ ms/)]);
  });

  it('a service that refuses the relay’s seal is a problem', async () => {
    const { one } = await ofService({ LATCHKEY_SERVICE_KEYS: 'k'.repeat(48) });
    expect((await said(sourceCheck, one))[0]).toMatch(/^problem: http is refused \(403\) → .*give both the same key/);
  });

  it('an answer with a wrong MAC is a problem', async () => {
    const { service, one } = await ofService();
    service.behave((_, response, truth) => send(response, { ...truth, mac: 'A'.repeat(43) }));
    expect((await said(sourceCheck, one))[0]).toMatch(
      /^problem: the service’s answer is not sealed.*LATCHKEY_SERVICE_KEYS/,
    );
  });

  it('an answer to another question is a problem', async () => {
    const { service, one } = await ofService();
    service.behave((asked, response) => send(response, service.truthOf(asked, { subject: 'somebody-else' })));
    expect((await said(sourceCheck, one))[0]).toMatch(/^problem: the answer belongs to another question/);
  });

  it('a service that cannot answer, one that is not there, and one without a key', async () => {
    const { service, one } = await ofService();
    service.behave((_, response) => response.writeHead(500).end());
    expect((await said(sourceCheck, one))[0]).toMatch(/^problem: http is failed \(500\)/);
    const { one: nowhere } = await ofService({ LATCHKEY_OWNERSHIP_HTTP_URL: 'http://127.0.0.1:1/' });
    expect((await said(sourceCheck, nowhere))[0]).toMatch(/^problem: http is unreachable \(ECONNREFUSED\)/);
    const { one: keyless } = await ofService({ LATCHKEY_SERVICE_KEYS: '' });
    expect((await said(sourceCheck, keyless))[0]).toMatch(/^problem: .*LATCHKEY_SERVICE_KEYS/);
  });
});
