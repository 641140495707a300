import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deviceId, limits } from '../../src/base/index.ts';
import { type Grant, openSqliteSource, type Role, type SqliteSource } from '../../src/ownership/index.ts';
import { codeOf } from '../support/codes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { asking } from './support/asking.ts';
import { insertGrants } from './support/insert-grants.ts';
import { questionOf } from './support/scripted-source.ts';

const never = new AbortController().signal;
const alice = questionOf('alice', 'cam1');
let folder: string;
let file: string;
let clock: ManualClock;
let opened: SqliteSource[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-sqlite-'));
  file = join(folder, 'ownership.sqlite');
  clock = new ManualClock();
  opened = [];
});

afterEach(async () => {
  await Promise.all(opened.map((source) => source.close()));
  rmSync(folder, { recursive: true });
});

function open(readOnly = false): SqliteSource {
  const source = openSqliteSource({ file, clock, readOnly });
  opened.push(source);
  return source;
}

function byHand(sql: string): void {
  const database = new DatabaseSync(file);
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}

describe('many grants', () => {
  it('are made at once, or none of them', () => {
    const source = open();
    const bob = questionOf('bob', 'cam1');
    source.grantAll([alice, bob].map((pair) => ({ ...pair, role: 'owner' })));
    expect(source.list()).toHaveLength(2);
    const [good, bad] = [questionOf('carol', 'cam1'), { ...alice, notAfterMs: 0.5 }];
    expect(() => source.grantAll([good, bad].map((pair) => ({ ...pair, role: 'viewer' })))).toThrow(/whole number/);
    expect(source.list()).toEqual([alice, bob].map((pair) => ({ ...pair, role: 'owner', notAfterMs: undefined })));
  });

  it('are taken back at once, with those that are not there', () => {
    const source = open();
    source.grantAll(['cam1', 'cam2'].map((device) => ({ ...questionOf('alice', device), role: 'owner' })));
    source.revokeAll([alice, questionOf('alice', 'cam9')]);
    expect(source.list().map(({ device }) => device)).toEqual(['cam2']);
  });
});

describe('a grant', () => {
  it('replaces the one before it', async () => {
    const source = open();
    source.grant({ ...alice, role: 'viewer', notAfterMs: clock.now() + 1 });
    source.grant({ ...alice, role: 'owner' });
    expect(await source.ask(alice, never)).toMatchObject({ role: 'owner', notAfterMs: undefined });
    expect(source.list()).toHaveLength(1);
  });

  it('lasts beyond the program', async () => {
    const first = open();
    first.grant({ ...alice, role: 'owner' });
    await first.close();
    expect((await open().ask(alice, never)).role).toBe('owner');
  });

  it('that was taken back is gone, and says whether it was there', () => {
    const source = open();
    source.grant({ ...alice, role: 'owner' });
    source.grant({ ...questionOf('alice', 'cam2'), role: 'owner' });
    expect([source.revoke(alice), source.revoke(alice)]).toEqual([true, false]);
    expect(source.list().map((grant) => grant.device)).toEqual(['cam2']);
  });

  it.each<[string, Partial<Record<keyof Grant, unknown>>]>([
    ['a role that is none', { role: 'admin' }],
    ['no role', { role: undefined }],
    ['an end that is not whole', { notAfterMs: 1.5 }],
    ['an end that is NaN', { notAfterMs: Number.NaN }],
    ['an end beyond all times', { notAfterMs: 2 ** 53 }],
    ['a subject that is none', { subject: '' }],
    ['a device that is none', { device: 'cam/1' }],
  ])('is not made with %s', async (_, wrong) => {
    const source = open();
    const grant = { ...alice, role: 'owner' as Role, ...wrong } as Grant;
    expect(await codeOf(() => source.grant(grant))).toMatch(/^(?:params|id)-invalid$/);
    expect(source.list()).toEqual([]);
  });
});

describe('the list', () => {
  beforeEach(() => {
    const source = open();
    for (const [subject, device] of [
      ['ben', 'a'],
      ['alice', 'b'],
      ['alice', 'a'],
    ] as const) {
      source.grant({ ...questionOf(subject, device), role: 'owner' });
    }
    source.grant({ ...questionOf('chloe', 'a'), role: 'viewer', notAfterMs: clock.now() - 1 });
  });

  const pairs = (grants: Grant[]) => grants.map(({ subject, device }) => `${subject} ${device}`);

  it('has every grant, also what has ended, in order', () => {
    expect(pairs(open().list())).toEqual(['alice a', 'alice b', 'ben a', 'chloe a']);
    expect(open().list()[3]).toEqual({ ...questionOf('chloe', 'a'), role: 'viewer', notAfterMs: clock.now() - 1 });
  });

  it('can be of a person, of a camera, or of both', () => {
    const { subject } = alice;
    expect(pairs(open().list({ subject }))).toEqual(['alice a', 'alice b']);
    expect(pairs(open().list({ device: deviceId('a') }))).toEqual(['alice a', 'ben a', 'chloe a']);
    expect(pairs(open().list({ subject, device: deviceId('a') }))).toEqual(['alice a']);
  });
});

describe('the devices of a subject', () => {
  it('are not crowded out by shares that have ended', async () => {
    const source = open();
    const ended = Array.from({ length: limits.devicesPerSubjectMax }, (_, n) => questionOf('alice', `a${n}`));
    insertGrants(
      file,
      ended.map((each): Grant => ({ ...each, role: 'viewer', notAfterMs: clock.now() })),
    );
    source.grant({ ...questionOf('alice', 'z'), role: 'viewer', notAfterMs: clock.now() + 1 });
    const listed = await source.devicesOf(alice.subject, never);
    expect(listed.map((answer) => answer.device)).toEqual(['z']);
  });
});

describe('another process', () => {
  it('is seen when it grants and when it revokes, at once and in spite of the cache', async () => {
    const { codeFor, told } = asking({ source: open(), clock });
    const other = open();
    expect(await codeFor('alice', 'cam1')).toBe('not-allowed');
    other.grant({ ...alice, role: 'owner' });
    expect(await codeFor('alice', 'cam1')).toBe('done');
    expect(await codeFor('alice', 'cam1')).toBe('done');
    other.revoke(alice);
    expect(await codeFor('alice', 'cam1')).toBe('not-allowed');
    expect(told.map((each) => each.split(' ')[1])).toEqual(['source', 'source', 'cache', 'source']);
  });

  it('is seen when it really is one', async () => {
    const { codeFor } = asking({ source: open(), clock });
    opened[0]?.grant({ ...alice, role: 'owner' });
    expect(await codeFor('alice', 'cam1')).toBe('done');
    const program = `
      const { DatabaseSync } = require('node:sqlite');
      const database = new DatabaseSync(${JSON.stringify(file)});
      database.exec("DELETE FROM ownership_grant WHERE subject = 'alice'");
      database.close();`;
    execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', '-e', program]);
    expect(await codeFor('alice', 'cam1')).toBe('not-allowed');
  });

  it('that changes a row by hand is seen as well', async () => {
    const source = open();
    source.grant({ ...alice, role: 'owner' });
    const marks = [source.revision?.()];
    for (const sql of [
      `INSERT INTO ownership_grant VALUES ('ben', 'cam1', 'viewer', NULL, 0)`,
      `UPDATE ownership_grant SET role = 'viewer' WHERE subject = 'alice'`,
      `DELETE FROM ownership_grant`,
    ]) {
      byHand(sql);
      marks.push(source.revision?.());
    }
    expect(new Set(marks).size).toBe(4);
    expect((await source.ask(alice, never)).role).toBeUndefined();
  });

  it.each([
    `INSERT INTO ownership_grant VALUES ('al ice', 'cam1', 'viewer', NULL, 0)`,
    `INSERT INTO ownership_grant VALUES ('', 'cam1', 'viewer', NULL, 0)`,
    `INSERT INTO ownership_grant VALUES ('.alice', 'cam1', 'viewer', NULL, 0)`,
    `INSERT INTO ownership_grant VALUES ('alice', 'cam1%', 'viewer', NULL, 0)`,
    `INSERT INTO ownership_grant VALUES ('alice', '*', 'viewer', NULL, 0)`,
    `INSERT INTO ownership_grant VALUES ('alice', 'cam1', 'admin', NULL, 0)`,
    `INSERT INTO ownership_grant VALUES ('alice', 'cam1', 'owner', 'never', 0)`,
    `INSERT INTO ownership_grant VALUES ('alice', NULL, 'owner', NULL, 0)`,
    `INSERT INTO ownership_grant VALUES ('${'x'.repeat(257)}', 'cam1', 'owner', NULL, 0)`,
    `INSERT INTO ownership_grant VALUES ('alice', '${'x'.repeat(129)}', 'owner', NULL, 0)`,
    `INSERT INTO ownership_revision VALUES (2, 0)`,
  ])('cannot write what no grant can be: %s', (sql) => {
    open();
    expect(() => byHand(sql)).toThrow(/constraint|cannot store/);
  });

  it.each(['A-z0_9.:@|-', '0'])('can write an id such as %s', (id) => {
    const source = open();
    byHand(`INSERT INTO ownership_grant VALUES ('${id}', '${id}', 'viewer', NULL, 0)`);
    expect(source.list()).toHaveLength(1);
  });
});

describe('the database', () => {
  it('notes when a grant was changed', () => {
    const source = open();
    source.grant({ ...alice, role: 'owner' });
    clock.advance(5);
    source.grant({ ...alice, role: 'viewer' });
    const database = new DatabaseSync(file);
    expect(database.prepare('SELECT changed_at_ms FROM ownership_grant').get()?.changed_at_ms).toBe(clock.now());
    expect(database.prepare('PRAGMA journal_mode').get()?.journal_mode).toBe('wal');
    database.close();
  });

  it('is left as it is by a reader, which sees what others write', async () => {
    const writer = open();
    const reader = open(true);
    writer.grant({ ...alice, role: 'owner' });
    expect((await reader.ask(alice, never)).role).toBe('owner');
    expect(() => reader.grant({ ...alice, role: 'viewer' })).toThrow(/readonly/);
  });

  it.each<[string, () => void, boolean]>([
    ['is not there, for a reader', () => {}, true],
    ['is not set up yet, for a reader', () => byHand('PRAGMA user_version = 0; CREATE TABLE other (a)'), true],
    ['is of a later program', () => byHand('PRAGMA user_version = 99'), false],
    ['is of a later program, for a reader', () => byHand('PRAGMA user_version = 99'), true],
    ['is no database', () => writeFileSync(file, 'no database, whatever its name says'), false],
    ['holds a table of that name from elsewhere', () => byHand('CREATE TABLE ownership_grant (a)'), false],
  ])('is refused when it %s', async (_, prepare, readOnly) => {
    prepare();
    const opening = () => open(readOnly);
    expect(await codeOf(opening)).toBe('settings-invalid');
    expect(opening).toThrow(file);
  });

  it('is refused where there is no folder', async () => {
    file = join(folder, 'nowhere', 'ownership.sqlite');
    expect(await codeOf(() => open())).toBe('settings-invalid');
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  });

  it('that could not be set up is as it was', async () => {
    byHand('CREATE TABLE ownership_revision (a)');
    expect(await codeOf(() => open())).toBe('settings-invalid');
    const database = new DatabaseSync(file);
    expect(database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all()).toHaveLength(1);
    expect(database.prepare('PRAGMA user_version').get()?.user_version).toBe(0);
    database.close();
  });

  it('is set up once, whoever opens it', () => {
    open().grant({ ...alice, role: 'owner' });
    expect(open().list()).toHaveLength(1);
  });
});
