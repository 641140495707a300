import type { DatabaseSync } from 'node:sqlite';
import { LatchkeyError } from '../base/index.ts';

/** Each step takes a database from the version of its index to the next. */
const steps = [
  `CREATE TABLE revoked_bearer (bearer TEXT PRIMARY KEY, issued_before_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE revoked_token (token_id TEXT PRIMARY KEY, issued_before_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE revoked_all (only INTEGER PRIMARY KEY CHECK (only = 1), issued_before_ms INTEGER NOT NULL) STRICT;
   CREATE TABLE quarantined (device TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE switched (feature TEXT PRIMARY KEY, position TEXT NOT NULL) STRICT, WITHOUT ROWID;`,
  `CREATE TABLE forgotten (
     only INTEGER PRIMARY KEY CHECK (only = 1), issued_before_ms INTEGER NOT NULL, token_age_ms INTEGER NOT NULL
   ) STRICT;`,
];

/** Brings a database to this program's schema. `empty` is asked before the first step of all. Throws `settings-invalid` for one of a later program. */
export function migrate(database: DatabaseSync, empty: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
    if (version > steps.length) {
      const why = `the database is of version ${version}; this program knows ${steps.length}`;
      throw new LatchkeyError('settings-invalid', why);
    }
    if (version === 0) empty();
    for (const step of steps.slice(version)) database.exec(step);
    database.exec(`PRAGMA user_version = ${steps.length}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
