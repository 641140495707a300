import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { limits, Redacted, systemClock, systemRandom } from '../../src/base/index.ts';
import {
  type OwnershipChange,
  openPostgresBook,
  openPostgresSource,
  type PostgresSettings,
  type PostgresSource,
} from '../../src/ownership/index.ts';
import { codeOf } from '../support/codes.ts';
import { heldLine } from '../support/held-line.ts';
import { type PostgresServer, postgresServer } from '../support/postgres-server.ts';
import { questionOf } from './support/scripted-source.ts';

const never = new AbortController().signal;
const alice = questionOf('alice', 'cam1');
const generous = { timeout: 20_000, interval: 20 };
let server: PostgresServer;
let opened: PostgresSource[];
let faults: string[];

beforeAll(async () => {
  server = await postgresServer();
});

afterAll(() => server.stop());

beforeEach(async () => {
  opened = [];
  faults = [];
  await server.run('TRUNCATE latchkey.ownership_grant');
});

afterEach(() => Promise.all(opened.map((source) => source.close())));

function open(more: Partial<PostgresSettings> = {}): PostgresSource {
  const observer = { fault: (fault: string, code?: string) => void faults.push(`${fault} ${code ?? '-'}`) };
  const source = openPostgresSource(
    { ...server.settings, ...more },
    { clock: systemClock, random: systemRandom, observer },
  );
  opened.push(source);
  return source;
}

/** A source that listens, and what it has told since. */
async function listening(more: Partial<PostgresSettings> = {}) {
  const source = open(more);
  const heard = listener(source);
  await heard.first('everything');
  heard.changes.length = 0;
  return { source, heard };
}

function listener(source: PostgresSource) {
  const changes: string[] = [];
  const waiting = new Set<() => void>();
  source.changes((change: OwnershipChange) => {
    changes.push(change === 'everything' ? change : `${change.subject} ${change.device}`);
    for (const look of waiting) look();
  });
  return {
    changes,
    first: (wanted: string) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!changes.includes(wanted)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

const insert = (subject: string, device: string, role = 'owner') =>
  server.run('INSERT INTO latchkey.ownership_grant (subject, device, role) VALUES ($1, $2, $3)', [
    subject,
    device,
    role,
  ]);

describe('a change', () => {
  it('is told once it is committed, whose grant it was, and never when it is rolled back', async () => {
    const { source, heard } = await listening();
    const before = source.revision();
    await server.run(
      `BEGIN; INSERT INTO latchkey.ownership_grant (subject, device, role) VALUES ('ben', 'cam9', 'owner'); ROLLBACK`,
    );
    await insert('alice', 'cam1');
    await heard.first('alice cam1');
    expect(heard.changes).toEqual(['alice cam1']);
    expect(source.revision()).not.toBe(before);
    expect((await source.ask(alice, never)).role).toBe('owner');
  });

  it('from one subject to another is told of both', async () => {
    await insert('alice', 'cam1');
    const { heard } = await listening();
    await server.run(`UPDATE latchkey.ownership_grant SET subject = 'ben' WHERE subject = 'alice'`);
    await Promise.all([heard.first('alice cam1'), heard.first('ben cam1')]);
    expect(heard.changes.sort()).toEqual(['alice cam1', 'ben cam1']);
  });

  it.each([
    [
      'of many lines',
      `INSERT INTO latchkey.ownership_grant (subject, device, role)
      SELECT 'alice', 'cam' || n, 'owner' FROM generate_series(1, ${limits.postgresLinesToldMax + 1}) AS n`,
    ],
    ['of all lines', 'TRUNCATE latchkey.ownership_grant'],
  ])('%s is told as one of everything', async (_, sql) => {
    const { heard } = await listening();
    await server.run(sql);
    await heard.first('everything');
    expect(heard.changes).toEqual(['everything']);
  });

  it('of as many lines as may be is told line by line', async () => {
    const { heard } = await listening();
    await server.run(`INSERT INTO latchkey.ownership_grant (subject, device, role)
      SELECT 'alice', 'cam' || n, 'owner' FROM generate_series(1, ${limits.postgresLinesToldMax}) AS n`);
    await heard.first(`alice cam${limits.postgresLinesToldMax}`);
    expect(new Set(heard.changes).size).toBe(limits.postgresLinesToldMax);
  });

  it('that changes nothing is not told', async () => {
    const { source, heard } = await listening();
    const before = source.revision();
    await server.run(`DELETE FROM latchkey.ownership_grant WHERE subject = 'nobody'`);
    await insert('alice', 'cam1');
    await heard.first('alice cam1');
    expect(heard.changes).toEqual(['alice cam1']);
    expect(Number(source.revision().split('.').at(-1))).toBe(Number(before.split('.').at(-1)) + 1);
  });

  it('that was not told is found, and may have been anybody’s', async () => {
    const { source, heard } = await listening();
    const before = source.revision();
    await server.run('UPDATE latchkey.ownership_revision SET revision = revision + 1');
    await heard.first('everything');
    expect(source.revision()).not.toBe(before);
    expect(faults).toEqual(['unheard -']);
  });

  it('is of one revision to every relay that has heard of it', async () => {
    const [one, other] = [await listening(), await listening()];
    await insert('alice', 'cam1');
    await Promise.all([one.heard.first('alice cam1'), other.heard.first('alice cam1')]);
    expect(one.source.revision()).toBe(other.source.revision());
  });
});

describe('the connection that listens', () => {
  it('is made again when it breaks; until then nothing is remembered, and then everything may have changed', async () => {
    const { source, heard } = await listening();
    const lost = vi.waitFor(() => expect(faults).toContain('not-listening 57P01'), generous);
    await server.run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'latchkey' AND query LIKE '%pg_postmaster_start_time%'`);
    await lost;
    expect(() => source.revision()).toThrow('not-listening');
    await heard.first('everything');
    expect(() => source.revision()).not.toThrow();
  });

  it('takes up what is told together with the answer to its first look', async () => {
    const line = await heldLine(server.settings.port);
    const held = line.hold({ sent: 'pg_postmaster_start_time', answered: 'alice cam1' });
    const source = open({ port: line.port });
    const revisions: string[] = [];
    source.changes(() => void revisions.push(source.revision()));
    await held;
    await insert('alice', 'cam1');
    await vi.waitFor(() => expect(revisions).toHaveLength(1), generous);
    const [now] = await server.run('SELECT revision::text FROM latchkey.ownership_revision');
    expect(revisions[0]?.split('.').at(-1)).toBe(now?.revision);
    line.close();
  });

  it('takes a change for told that comes together with the answer to a look which was before it', async () => {
    const line = await heldLine(server.settings.port);
    const { heard } = await listening({ port: line.port });
    await line.hold({ sent: 'pg_postmaster_start_time', answered: 'alice cam1' });
    await insert('alice', 'cam1');
    await heard.first('alice cam1');
    await line.hold({ sent: 'pg_postmaster_start_time', answered: 'ben cam2' });
    await insert('ben', 'cam2');
    await heard.first('ben cam2');
    expect(heard.changes).toEqual(['alice cam1', 'ben cam2']);
    expect(faults).toEqual([]);
    line.close();
  });

  it('is given up where nobody answers that it listens', async () => {
    const line = await heldLine(server.settings.port);
    const held = line.hold({ sent: 'LISTEN', answered: 'never' });
    const source = open({ port: line.port });
    const heard = listener(source);
    await held;
    await vi.waitFor(() => expect(faults.join()).toContain('not-listening'), generous);
    await heard.first('everything');
    line.close();
  });

  it('is never there for a schema of another version', async () => {
    await server.run('UPDATE latchkey.ownership_revision SET schema_version = 99');
    const source = open();
    await vi.waitFor(() => expect(faults).toContain('not-listening schema_version'), generous);
    expect(() => source.revision()).toThrow('not-listening');
    const heard = listener(source);
    await server.run('UPDATE latchkey.ownership_revision SET schema_version = 1');
    await heard.first('everything');
  });

  it('ends with the source', async () => {
    const { source, heard } = await listening();
    await source.close();
    expect(() => source.revision()).toThrow('not-listening');
    await vi.waitFor(async () => expect(await connections()).toBe(0), generous);
    expect(heard.changes).toEqual([]);
  });
});

const connections = async () =>
  Number((await server.run(`SELECT count(*) FROM pg_stat_activity WHERE application_name = 'latchkey'`))[0]?.count);

const takenBack = 'canceling statement due to user request';

describe('a question', () => {
  it('shares few connections with many others', async () => {
    await insert('alice', 'cam1');
    const { source } = await listening({ connectionsMax: 2 });
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, n) => source.ask(questionOf('alice', `cam${n}`), never)),
    );
    expect(answers.flatMap(({ device, role }) => (role === undefined ? [] : [device]))).toEqual(['cam1']);
    expect(answers.map(({ device }) => device)).toEqual(Array.from({ length: 300 }, (_, n) => `cam${n}`));
    expect(await connections()).toBe(3);
  });

  it.each([false, true])('that nobody waits for is taken back from the database (TLS: %s)', async (tls) => {
    const secured = tls ? { host: 'localhost', tls: { ca: server.certificate } } : {};
    const { source } = await listening(secured);
    const release = await server.locked('latchkey.ownership_grant');
    const gone = new AbortController();
    const asked = source.ask(alice, gone.signal);
    asked.catch(() => {});
    await vi.waitFor(async () => {
      const waiting = await server.run(`SELECT pid FROM pg_stat_activity
        WHERE application_name = 'latchkey' AND wait_event_type = 'Lock' AND state = 'active'`);
      expect(waiting).toHaveLength(1);
    }, generous);
    const before = server.log().split(takenBack).length;
    gone.abort(new Error('gone'));
    await expect(asked).rejects.toThrow('gone');
    await vi.waitFor(() => expect(server.log().split(takenBack)).toHaveLength(before + 1), generous);
    expect(faults).toEqual(['late -']);
    await release();
    expect((await source.ask(alice, never)).role).toBeUndefined();
  });

  it('that waits for its turn is not told as one that found no database', async () => {
    const { source } = await listening({ connectionsMax: 1 });
    const release = await server.locked('latchkey.ownership_grant');
    const [first, second] = [source.ask(alice, never), source.ask(alice, never)];
    await expect(first).rejects.toThrow('late (57014)');
    await release();
    expect((await second).role).toBeUndefined();
    expect(faults).toEqual(['late 57014']);
  });

  it('is given up by the database itself when it takes too long', async () => {
    const { source } = await listening();
    const release = await server.locked('latchkey.ownership_grant');
    await expect(source.ask(alice, never)).rejects.toThrow('late (57014)');
    await release();
  });

  it('is not asked of a server with another certificate', async () => {
    const source = open({ host: 'localhost', tls: {} });
    await expect(source.ask(alice, never)).rejects.toThrow('unreachable (DEPTH_ZERO_SELF_SIGNED_CERT)');
    const elsewhere = open({ tls: { ca: server.certificate } });
    await expect(elsewhere.ask(alice, never)).rejects.toThrow('unreachable (ERR_TLS_CERT_ALTNAME_INVALID)');
  });

  it.each<[string, Partial<PostgresSettings>, RegExp]>([
    ['with a wrong password', { password: new Redacted('wrong') }, /refused \(28P01\)/],
    ['of a database that is not there', { database: 'nowhere' }, /refused \(3D000\)/],
    ['where nobody listens', { port: 1 }, /unreachable \(ECONNREFUSED\)/],
  ])('%s is refused, and says why', async (_, wrong, why) => {
    await expect(open(wrong).ask(alice, never)).rejects.toThrow(why);
  });
});

describe('the schema', () => {
  it('lets a relay read that may write nothing, and a writer write that may do nothing else', async () => {
    await server.run(`
      CREATE ROLE relay LOGIN PASSWORD 'relay'; CREATE ROLE writer LOGIN PASSWORD 'writer';
      GRANT USAGE ON SCHEMA latchkey TO relay, writer;
      GRANT SELECT ON latchkey.ownership_grant, latchkey.ownership_revision TO relay;
      GRANT SELECT, INSERT, UPDATE, DELETE ON latchkey.ownership_grant TO writer`);
    const { source, heard } = await listening({ user: 'relay', password: new Redacted('relay') });
    const writer = openPostgresBook({ ...server.settings, user: 'writer', password: new Redacted('writer') });
    await writer.grant({ ...alice, role: 'owner' });
    await heard.first('alice cam1');
    expect((await source.ask(alice, never)).role).toBe('owner');
    const reader = openPostgresBook({ ...server.settings, user: 'relay', password: new Redacted('relay') });
    expect(await codeOf(Promise.resolve(reader.grant({ ...alice, role: 'owner' })))).toBe('settings-invalid');
    await Promise.all([writer.close(), reader.close()]);
  });

  it.each([
    ['al ice', 'cam1', 'viewer'],
    ['', 'cam1', 'viewer'],
    ['.alice', 'cam1', 'viewer'],
    ['alice\n', 'cam1', 'viewer'],
    ['alice', 'cam1%', 'viewer'],
    ['alice', '*', 'viewer'],
    ['alice', 'cam1', 'admin'],
    ['x'.repeat(257), 'cam1', 'viewer'],
    ['alice', 'x'.repeat(129), 'viewer'],
  ])('holds no grant of %j for %j as %j', async (subject, device, role) => {
    await expect(insert(subject, device, role)).rejects.toThrow(/violates check constraint/);
  });

  it('is asked for by its name where it is not there', async () => {
    await server.run('CREATE DATABASE empty');
    const settings = { ...server.settings, database: 'empty' };
    const book = openPostgresBook(settings);
    await expect(book.list()).rejects.toThrow(/latchkey own schema/);
    await book.close();
    const source = open({ database: 'empty' });
    await expect(source.ask(alice, never)).rejects.toThrow('refused (42P01)');
  });
});

describe('the book', () => {
  it('grants, replaces, lists and revokes', async () => {
    const book = openPostgresBook(server.settings);
    const notAfterMs = Date.UTC(2030, 0, 1);
    await book.grant({ ...alice, role: 'owner' });
    await book.grant({ ...alice, role: 'viewer', notAfterMs });
    await book.grant({ ...questionOf('ben', 'cam1'), role: 'owner' });
    expect(await book.list({ subject: alice.subject })).toEqual([{ ...alice, role: 'viewer', notAfterMs }]);
    expect((await book.list({ device: alice.device })).map(({ subject }) => subject)).toEqual(['alice', 'ben']);
    expect([await book.revoke(alice), await book.revoke(alice)]).toEqual([true, false]);
    await book.close();
  });
});

describe('a database that is killed under load', () => {
  it('answers nothing meanwhile, and nothing wrong ever; then it answers again by itself', async () => {
    await server.run(`INSERT INTO latchkey.ownership_grant (subject, device, role)
      SELECT 'person' || n, 'cam' || n, 'owner' FROM generate_series(0, 49) AS n`);
    const { source, heard } = await listening();
    let stopped = false;
    const counts = { right: 0, wrong: 0, failed: 0 };
    const asker = async (n: number) => {
      for (let other = n; !stopped; other = (other + 7) % 50) {
        const question = questionOf(`person${n}`, `cam${other}`);
        const patience = AbortSignal.timeout(limits.ownershipAnswerMsMax);
        const answer = await source.ask(question, patience).catch(() => undefined);
        if (answer === undefined) counts.failed += 1;
        else {
          const isRight = answer.subject === question.subject && answer.device === question.device;
          if (isRight && (answer.role === 'owner') === (other === n)) counts.right += 1;
          else counts.wrong += 1;
        }
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    };
    const askers = Array.from({ length: 50 }, (_, n) => asker(n));
    await vi.waitFor(() => expect(counts.right).toBeGreaterThan(500), generous);
    await server.kill();
    await vi.waitFor(() => expect(counts.failed).toBeGreaterThan(500), generous);
    expect(() => source.revision()).toThrow('not-listening');
    const before = counts.right;
    heard.changes.length = 0;
    await server.start();
    await heard.first('everything');
    await vi.waitFor(() => expect(counts.right).toBeGreaterThan(before + 500), generous);
    stopped = true;
    await Promise.all(askers);
    expect(counts.wrong).toBe(0);
  });
});
