import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, renameSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ask } from '../../src/audit/index.ts';
import { newName, newRecord } from '../../src/audit/records.ts';
import { openToRead } from '../../src/audit/schema.ts';
import { AuditPlace, startMs, subject } from './support/audit-place.ts';

const day = 86_400_000;

describe('the store', () => {
  it('is for its owner’s eyes alone', () => {
    using place = new AuditPlace();
    place.fill();
    for (const file of [place.place.file, place.place.anchorFile]) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('names nobody in the chain itself', () => {
    using place = new AuditPlace();
    place.fill();
    place.tamper((database) => {
      const chained = JSON.stringify(database.prepare('SELECT kind, session, body, seals FROM record').all());
      for (const name of ['alice', 'ben', 'cam-0', 'jti-of', 'idp', 'factory']) expect(chained).not.toContain(name);
    });
  });

  it('writes all of a batch or nothing', () => {
    using place = new AuditPlace();
    place.fill(1);
    const store = place.store();
    const records = [newRecord('gap', startMs, {}), newRecord('gap', startMs, {})];
    expect(() =>
      store.append(records, startMs, () => {
        throw new Error('a fault');
      }),
    ).toThrow('a fault');
    store.close();
    expect(place.verify()).toMatchObject({ last: 2, findings: [] });
  });

  it('writes nothing more where its file is gone or another one', () => {
    using place = new AuditPlace();
    place.fill(1);
    const store = place.store();
    renameSync(place.place.file, `${place.place.file}.away`);
    expect(() => store.append([newRecord('gap', startMs, {})], startMs)).toThrow(/is gone/);
    renameSync(`${place.place.file}.away`, place.place.file);
    store.append([newRecord('gap', startMs, {})], startMs);
    store.close();
    expect(place.verify()).toMatchObject({ last: 3, findings: [] });
  });

  it('says that the disk is full, and has lost nothing of what was there', () => {
    using place = new AuditPlace();
    place.fill(2);
    const store = place.store();
    store.database.exec('PRAGMA max_page_count = 1');
    const big = newRecord('gap', startMs, { filler: 'x'.repeat(100_000) });
    expect(() => store.append([big], startMs)).toThrow(/full/);
    store.database.exec('PRAGMA max_page_count = 1000000');
    store.append([big], startMs);
    store.close();
    expect(place.verify()).toMatchObject({ last: 5, findings: [] });
  });

  it('keeps one chain while several processes write', { timeout: 60_000 }, async () => {
    using place = new AuditPlace();
    place.fill(1);
    const writers = [1, 2, 3].map(() =>
      fork(new URL('./support/appending-process.ts', import.meta.url), [JSON.stringify(place.place), '15'], {
        execArgv: ['--disable-warning=ExperimentalWarning'],
      }),
    );
    const codes = await Promise.all(writers.map(async (writer) => (await once(writer, 'exit'))[0]));
    expect(codes).toEqual([0, 0, 0]);
    expect(place.verify()).toMatchObject({ last: 2 + 3 * 15, findings: [] });
  });
});

describe('an erasure', () => {
  it('takes a name out wherever it stands, leaves the rest, and the record whole', () => {
    using place = new AuditPlace();
    place.fill(6);
    const store = place.store();
    const acts = [newRecord('operator', startMs, { action: 'revoke' }, { names: [newName('target', 'alice')] })];
    store.append(acts, startMs);
    expect(store.erase('alice', 'somebody', startMs + day)).toBe(4);
    expect(store.emptyLog()).toBe(true);
    expect(place.verify()).toMatchObject({ erased: 4, findings: [] });
    for (const file of [place.place.file, `${place.place.file}-wal`]) {
      expect(textOf(file)).not.toContain('alice');
    }
    store.close();
    const { viewings } = ask(place.place.file, 'device', 'cam-0', startMs, startMs + day);
    expect(viewings.map(({ subject, device, seen }) => [subject, device?.name, seen])).toEqual([
      [undefined, 'cam-0', true],
      [undefined, 'cam-0', true],
      [undefined, 'cam-0', true],
    ]);
    expect(ask(place.place.file, 'subject', 'alice', 0, startMs + day).viewings).toEqual([]);
    expect(ask(place.place.file, 'subject', 'ben', 0, startMs + day).viewings).toHaveLength(3);
  });

  it('says that its bytes are in the log still while somebody reads, and is done when they have ended', () => {
    using place = new AuditPlace();
    place.fill(2);
    const store = place.store();
    const { database } = openToRead(place.place.file);
    database.exec('BEGIN');
    database.prepare('SELECT count(*) FROM record').get();
    store.append([newRecord('session-started', startMs, {}, { names: [subject('alice')] })], startMs);
    store.erase('alice', 'somebody', startMs);
    expect(store.emptyLog()).toBe(false);
    expect(textOf(`${place.place.file}-wal`)).toContain('alice');
    database.exec('COMMIT');
    expect(store.emptyLog()).toBe(true);
    expect(textOf(`${place.place.file}-wal`)).not.toContain('alice');
    database.close();
    store.close();
    expect(place.verify().findings).toEqual([]);
  });

  it('of nobody is no record', () => {
    using place = new AuditPlace();
    place.fill(1);
    const store = place.store();
    expect(store.erase('nobody', 'somebody', startMs)).toBe(0);
    store.close();
    expect(place.verify().last).toBe(2);
  });

  it('is not believed of a name that came after it', () => {
    using place = new AuditPlace();
    place.fill(1);
    const store = place.store();
    store.erase('alice', 'somebody', startMs);
    store.append([newRecord('session-started', startMs, {}, { session: 'later', names: [subject('alice')] })], startMs);
    store.close();
    place.tamper((database) => database.exec("DELETE FROM name WHERE name = 'alice'"));
    expect(place.findings()).toEqual(['name-gone']);
  });
});

describe('retention', () => {
  it('drops the names of old records, and no others', () => {
    using place = new AuditPlace();
    place.fill(4);
    const store = place.store();
    expect(store.dropNames(startMs + 2 * 60_000, startMs + day)).toBe(true);
    expect(store.dropNames(startMs + 2 * 60_000, startMs + day)).toBe(false);
    store.close();
    expect(place.verify()).toMatchObject({ erased: 4, findings: [] });
    expect(ask(place.place.file, 'subject', 'alice', 0, startMs + day).viewings).toHaveLength(1);
  });

  it('takes the oldest records out, and the rest goes on from a signed base', () => {
    using place = new AuditPlace();
    place.fill(4);
    const store = place.store();
    expect(store.prune(startMs + 2 * 60_000, startMs + day)).toBe(true);
    expect(store.prune(startMs + 2 * 60_000, startMs + day)).toBe(false);
    store.close();
    expect(place.verify()).toMatchObject({ first: 5, last: 9, records: 5, findings: [] });
    place.fill(1);
    expect(place.verify()).toMatchObject({ first: 5, last: 11, findings: [] });
    place.tamper((database) => database.exec('DELETE FROM record WHERE seq = 5; DELETE FROM name WHERE seq = 5'));
    expect(place.findings()).toEqual(['missing']);
  });

  it('of everything leaves a base that the next record follows', () => {
    using place = new AuditPlace();
    place.fill(2);
    const store = place.store();
    store.prune(startMs + day, startMs + day);
    store.close();
    expect(place.verify()).toMatchObject({ first: 5, last: 5, findings: [] });
    place.tamper((database) => database.exec("UPDATE head SET seq = 3 WHERE purpose = 'base'"));
    expect(place.findings()).toContain('base');
  });

  it('leaves a view that is open, and what came after it', () => {
    using place = new AuditPlace();
    place.fill(3);
    const store = place.store();
    store.database.exec(`INSERT INTO live VALUES ('session-1', 'run', 3, 0, '')`);
    store.prune(startMs + day, startMs + day);
    store.close();
    expect(place.verify().first).toBe(3);
  });
});

function textOf(file: string): string {
  return readFileSync(file, 'latin1');
}
