// Who can mount it: an insider who may write the relay's database of who saw what, but does not have the key that signs it, and wants a
// name out of it, or another one in its place. The chain holds: each record is in the hash of the next, the end is signed, and what was
// erased lawfully says so itself.
import { expect, it } from 'vitest';
import { recordsOf } from '../../src/audit/reading.ts';
import { hashOf, newName, sealOf } from '../../src/audit/records.ts';
import { openToRead } from '../../src/audit/schema.ts';
import { AuditPlace } from '../audit/support/audit-place.ts';

it('who puts another person in their place is found', () => {
  using place = new AuditPlace();
  place.fill();
  place.tamper((database) => database.exec("UPDATE name SET name = 'ben' WHERE name = 'alice'"));
  expect(place.findings()).toEqual(['name-edited', 'name-edited']);
});

it('who deletes their own name is found, and where it stood', () => {
  using place = new AuditPlace();
  place.fill();
  place.tamper((database) => database.exec("DELETE FROM name WHERE name = 'alice'"));
  expect(place.verify().findings.map(({ kind, seq }) => [kind, seq])).toEqual([
    ['name-gone', 1],
    ['name-gone', 5],
  ]);
});

it('who takes a live view out, and closes the gap with new numbers and hashes, cannot sign the end', () => {
  using place = new AuditPlace();
  place.fill();
  const { database: reader } = openToRead(place.place.file);
  const records = [...recordsOf(reader)];
  reader.close();
  const left = records.filter(({ session }) => session !== 'session-1');
  let previous = records[0]?.previous ?? new Uint8Array();
  place.tamper((database) => {
    database.exec(
      'DELETE FROM record; DELETE FROM name WHERE seq IN (3, 4); UPDATE name SET seq = seq - 2 WHERE seq > 4',
    );
    for (const [index, record] of left.entries()) {
      const again = { ...record, seq: index + 1, previous };
      const hash = hashOf(again);
      const { seq, atMs, kind, session, body, seals } = again;
      database
        .prepare('INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
        .run(seq, atMs, kind, session, body, seals, previous, hash);
      previous = hash;
    }
    database.prepare("UPDATE head SET seq = 4, hash = ? WHERE purpose = 'head'").run(previous);
  });
  expect(place.findings()).toEqual(['head', 'elsewhere']);
});

it('who writes that they were erased, and was not, cannot put that into the chain', () => {
  using place = new AuditPlace();
  place.fill();
  place.tamper((database) => {
    const body = '{"by":"command","names":2,"part":"subject","records":"1,5"}';
    const row = database.prepare('SELECT seq, hash FROM record ORDER BY seq DESC LIMIT 1').get();
    const previous = row?.hash instanceof Uint8Array ? row.hash : new Uint8Array();
    const record = { seq: Number(row?.seq) + 1, atMs: 1, kind: 'erased', session: '', body, seals: '{}', previous };
    database
      .prepare('INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
      .run(record.seq, 1, 'erased', '', body, '{}', previous, hashOf(record));
    database.exec("DELETE FROM name WHERE name = 'alice'");
  });
  expect(place.findings()).toEqual(['head']);
});

it('a seal tells nobody whose name it was once the salt is gone', () => {
  const name = newName('subject', 'alice');
  const sealed = sealOf({ ...name, salt: Buffer.alloc(32, 1) });
  expect(sealOf({ ...name, salt: Buffer.alloc(32, 2) })).not.toBe(sealed);
  expect(sealOf({ ...name, salt: Buffer.alloc(0) })).not.toBe(sealed);
});
