import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AuditStore, headText, newAuditKey, readHead } from '../../src/audit/index.ts';
import { headOf, recordsOf } from '../../src/audit/reading.ts';
import { type ChainedRecord, genesisOf, newRecord } from '../../src/audit/records.ts';
import { ChainCheck, Erasures } from '../../src/audit/verify.ts';
import { codeOf } from '../support/codes.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { AuditPlace, startMs, subject } from './support/audit-place.ts';

/** The records of a filled place, and a look at them that finds what is wrong. */
function chain() {
  using place = new AuditPlace();
  place.fill(4);
  const store = place.store();
  const records = [...recordsOf(store.database)];
  const head = headOf(store.database, 'head');
  store.close();
  const look = (changed: readonly ChainedRecord[]) => {
    const check = new ChainCheck({ publicKey: place.publicKey, base: undefined, head, erasures: new Erasures() });
    for (const record of changed) check.take(record);
    return check.conclude().findings;
  };
  return { records, look };
}

describe('a record that nobody touched', () => {
  it('is whole', () => {
    using place = new AuditPlace();
    place.fill(5);
    expect(place.verify()).toMatchObject({ records: 10, first: 1, last: 10, erased: 0, gaps: 0, findings: [] });
  });

  it('is whole while it is empty', () => {
    const { look } = chain();
    expect(look([]).map(({ kind }) => kind)).toEqual(['head']);
    expect(genesisOf('a')).not.toEqual(genesisOf('b'));
  });

  it('has the heads that were written down elsewhere', () => {
    using place = new AuditPlace();
    place.fill(1);
    const early = place.verify().head;
    place.fill(2);
    expect(place.verify([readHead(early)]).findings).toEqual([]);
    const other = readHead(`1:${'ab'.repeat(32)}`);
    expect(place.verify([other]).findings.map(({ kind }) => kind)).toEqual(['elsewhere']);
  });
});

describe('whatever somebody does to the records', () => {
  const { records, look } = chain();
  const index = fc.nat(records.length - 1);
  const text = (value: string, at: number, by: number) => {
    const bytes = Buffer.from(value);
    const place = at % bytes.length;
    bytes[place] = ((bytes[place] ?? 0) + by) % 128;
    return bytes.toString();
  };
  const flipped = (value: Uint8Array, at: number, by: number) => {
    const bytes = Buffer.from(value);
    bytes[at % bytes.length] = ((bytes[at % bytes.length] ?? 0) + by) % 256;
    return bytes;
  };
  const edits: readonly ((record: ChainedRecord, at: number, by: number) => ChainedRecord)[] = [
    (record, at, by) => ({ ...record, body: text(record.body, at, by) }),
    (record, at, by) => ({ ...record, seals: text(record.seals, at, by) }),
    (record, at, by) => ({ ...record, kind: text(record.kind, at, by) }),
    (record, at, by) => ({ ...record, session: text(record.session, at, by) }),
    (record, _, by) => ({ ...record, atMs: record.atMs + by }),
    (record, _, by) => ({ ...record, seq: record.seq + by }),
    (record, at, by) => ({ ...record, hash: flipped(record.hash, at, by) }),
    (record, at, by) => ({ ...record, previous: flipped(record.previous, at, by) }),
  ];

  it('an edit of any byte of any part is found', () => {
    fc.assert(
      fc.property(
        index,
        fc.constantFrom(...edits),
        fc.nat(),
        fc.integer({ min: 1, max: 127 }),
        (at, edit, place, by) => {
          const changed = records.map((record, number) => (number === at ? edit(record, place, by) : record));
          expect(look(changed)).not.toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('an edit of any byte of a name, or of what it was believed for, is found', () => {
    const named = fc.constantFrom(...records.filter(({ names }) => names.length > 0));
    const part = fc.constantFrom('name', 'details', 'salt');
    fc.assert(
      fc.property(named, part, fc.nat(), fc.integer({ min: 1, max: 127 }), (record, which, place, by) => {
        const changed = records.map((each) => {
          const [first, ...others] = each.names;
          if (each !== record || first === undefined) return each;
          const edited =
            which === 'salt'
              ? { ...first, salt: flipped(first.salt, place, by) }
              : { ...first, [which]: text(first[which as 'name'], place, by) };
          return { ...each, names: [edited, ...others] };
        });
        expect(look(changed)).not.toEqual([]);
      }),
    );
  });

  it('any that are taken out are missed', () => {
    fc.assert(
      fc.property(fc.uniqueArray(index, { minLength: 1, maxLength: records.length }), (gone) => {
        expect(look(records.filter((_, at) => !gone.includes(at)))).not.toEqual([]);
      }),
    );
  });

  it('any two that change places are found', () => {
    fc.assert(
      fc.property(index, index, (a, b) => {
        fc.pre(a !== b);
        const changed = records.map((record, at) => (at === a ? records[b] : at === b ? records[a] : record) ?? record);
        expect(look(changed)).not.toEqual([]);
      }),
    );
  });

  it('one that comes twice is found', () => {
    fc.assert(
      fc.property(index, (at) => {
        expect(look(records.flatMap((record, number) => (number === at ? [record, record] : [record])))).not.toEqual(
          [],
        );
      }),
    );
  });
});

describe('a database', () => {
  it('that ends too early is found, whoever cut it', () => {
    using place = new AuditPlace();
    place.fill();
    place.tamper((database) => database.exec('DELETE FROM record WHERE seq > 4; DELETE FROM name WHERE seq > 4'));
    expect(place.findings()).toEqual(['head', 'elsewhere']);
  });

  it('that was put back to an earlier state does not reach its anchor', () => {
    using place = new AuditPlace();
    place.fill(2);
    copyFileSync(place.place.file, `${place.place.file}.before`);
    place.fill(2);
    copyFileSync(`${place.place.file}.before`, place.place.file);
    expect(place.findings()).toEqual(['elsewhere']);
  });

  it('without its anchor, or with a damaged one, is not believed', () => {
    using place = new AuditPlace();
    place.fill();
    writeFileSync(place.place.anchorFile, readFileSync(place.place.anchorFile, 'utf8').slice(0, 40));
    expect(place.findings()).toEqual(['anchor']);
    rmSync(place.place.anchorFile);
    expect(place.findings()).toEqual(['anchor']);
  });

  it('that somebody else signed is found', () => {
    using place = new AuditPlace();
    place.fill();
    place.tamper((database) => database.exec("UPDATE head SET signature = zeroblob(64) WHERE purpose = 'head'"));
    expect(place.findings()).toEqual(['head']);
  });

  it('whose names were deleted by hand says which', () => {
    using place = new AuditPlace();
    place.fill();
    place.tamper((database) => database.exec("DELETE FROM name WHERE seq = 3 AND part = 'subject'"));
    expect(place.verify().findings).toMatchObject([{ kind: 'name-gone', seq: 3 }]);
  });

  it('that has a name too many is found', () => {
    using place = new AuditPlace();
    place.fill();
    place.tamper((database) => database.exec("INSERT INTO name VALUES (2, 'subject', 'mallory', '{}', zeroblob(32))"));
    expect(place.findings()).toEqual(['name-added']);
  });

  it('with more wrong than can be told says as much as it may', () => {
    using place = new AuditPlace();
    place.fill(60);
    place.tamper((database) => database.exec('UPDATE record SET at_ms = at_ms + 1'));
    expect(place.findings()).toHaveLength(100);
  });
});

describe('a relay that finds its record damaged', () => {
  it('goes on with it, and what it found stays on record', () => {
    using place = new AuditPlace();
    place.fill();
    place.tamper((database) => database.exec('DELETE FROM record WHERE seq > 4; DELETE FROM name WHERE seq > 4'));
    const store = place.store();
    const broken = store.broken(startMs);
    store.append(broken === undefined ? [] : [broken], startMs);
    store.append([newRecord('session-started', startMs, {}, { session: 'next', names: [subject('alice')] })], startMs);
    store.close();
    expect(broken?.body).toContain('"what":"head"');
    expect(place.findings()).toEqual(['broken']);
  });
});

it('a relay that finds its record signed with another key than its own says so', () => {
  using place = new AuditPlace();
  place.fill();
  const store = new AuditStore({ ...place.place, key: newAuditKey() }, seededRandom(2));
  expect(store.broken(startMs)?.body).toContain('"what":"key"');
  store.close();
  const rightful = place.store();
  expect(rightful.broken(startMs)).toBeUndefined();
  rightful.close();
});

describe('a head', () => {
  it('is read as it is written', () => {
    const head = { seq: 17, hash: Buffer.alloc(32, 9) };
    expect(readHead(headText(head))).toEqual(head);
  });

  it.each(['', '17', '17:abc', `x:${'a'.repeat(64)}`, `17:${'A'.repeat(64)}`])('is none: “%s”', async (text) => {
    expect(await codeOf(() => readHead(text))).toBe('params-invalid');
  });
});
