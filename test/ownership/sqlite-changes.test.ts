import { copyFileSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { openSqliteSource, type SqliteSource } from '../../src/ownership/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { questionOf } from './support/scripted-source.ts';

let folder: string;
let file: string;
let clock: ManualClock;
let source: SqliteSource;
let heard: string[];
let faults: string[];
let end: (() => void) | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-changes-'));
  file = join(folder, 'ownership.sqlite');
  clock = new ManualClock();
  faults = [];
  source = openSqliteSource({ file, clock, observer: { fault: (fault) => void faults.push(fault) } });
  heard = [];
  end = source.changes?.((change) =>
    heard.push(change === 'everything' ? change : `${change.subject} ${change.device}`),
  );
});

afterEach(async () => {
  await source.close();
  rmSync(folder, { recursive: true });
});

function byHand(sql: string): void {
  const database = new DatabaseSync(file);
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}

/** What is told at the next look. */
function told(): string[] {
  clock.advance(limits.sqliteLookMs);
  return heard.splice(0);
}

const many = (count: number) => `INSERT INTO ownership_grant
  SELECT 'alice', 'cam' || value, 'owner', NULL, 0 FROM (
    WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < ${count}) SELECT value FROM n)`;

it('each look tells whose grants have changed since the last, whoever wrote them', () => {
  source.grant({ ...questionOf('alice', 'cam1'), role: 'owner' });
  byHand(`INSERT INTO ownership_grant VALUES ('ben', 'cam2', 'viewer', NULL, 0)`);
  expect(told()).toEqual(['alice cam1', 'ben cam2']);
  expect(told()).toEqual([]);
  byHand(`DELETE FROM ownership_grant WHERE subject = 'ben'`);
  expect(told()).toEqual(['ben cam2']);
});

it('a file that another was put in the place of answers nothing, until it is back', async () => {
  const never = new AbortController().signal;
  const alice = questionOf('alice', 'cam1');
  source.grant({ ...alice, role: 'owner' });
  told();
  copyFileSync(file, `${file}.backup`);
  renameSync(file, `${file}.before`);
  renameSync(`${file}.backup`, file);
  expect(told()).toEqual(['everything']);
  await expect(source.ask(alice, never)).rejects.toThrow('replaced');
  await expect(source.devicesOf(alice.subject, never)).rejects.toThrow('replaced');
  expect(() => source.revision?.()).toThrow('replaced');
  expect(faults).toEqual(['replaced', 'replaced']);
  expect(told()).toEqual([]);
  renameSync(`${file}.before`, file);
  expect(told()).toEqual(['everything']);
  expect((await source.ask(alice, never)).role).toBe('owner');
});

it('a grant that goes from one to another is told of both', () => {
  source.grant({ ...questionOf('alice', 'cam1'), role: 'owner' });
  told();
  byHand(`UPDATE ownership_grant SET subject = 'ben'`);
  expect(told()).toEqual(['alice cam1', 'ben cam1']);
});

it('what was rolled back is not told', () => {
  byHand(`BEGIN; INSERT INTO ownership_grant VALUES ('ben', 'cam2', 'viewer', NULL, 0); ROLLBACK`);
  expect(told()).toEqual([]);
});

it('so many changes are told one by one, and more as one of everything', () => {
  byHand(many(limits.sqliteChangesReadMax));
  expect(told()).toHaveLength(limits.sqliteChangesReadMax);
  byHand(`DELETE FROM ownership_grant; ${many(1)}`);
  expect(told()).toEqual(['everything']);
  expect(told()).toEqual([]);
});

it('changes that are not kept any more are told as one of everything, and few are kept', () => {
  byHand(many(limits.sqliteChangesKeptMax + 1));
  expect(told()).toEqual(['everything']);
  const database = new DatabaseSync(file);
  expect(database.prepare('SELECT count(*) AS count FROM ownership_change').get()?.count).toBe(
    limits.sqliteChangesKeptMax,
  );
  database.close();
});

it('a database that was set back may have changed in everything', () => {
  source.grant({ ...questionOf('alice', 'cam1'), role: 'owner' });
  told();
  byHand('DELETE FROM ownership_change');
  expect(told()).toEqual(['everything']);
});

it('a look that fails is made again, and misses nothing', () => {
  byHand('ALTER TABLE ownership_change RENAME TO gone');
  expect(told()).toEqual([]);
  byHand('ALTER TABLE gone RENAME TO ownership_change');
  source.grant({ ...questionOf('alice', 'cam1'), role: 'owner' });
  expect(told()).toEqual(['alice cam1']);
});

it('nobody looks any more once nobody listens, or the source is closed', async () => {
  end?.();
  expect(clock.pending).toBe(0);
  source.changes?.(() => {});
  await source.close();
  clock.advance(limits.sqliteLookMs);
  expect(clock.pending).toBe(0);
});
