import { DatabaseSync } from 'node:sqlite';
import { isSameFile, LatchkeyError, limits, makeFile } from '../base/index.ts';

const version = 1;
const schema = `
CREATE TABLE record (
  seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, session TEXT NOT NULL, body TEXT NOT NULL,
  seals TEXT NOT NULL, previous BLOB NOT NULL, hash BLOB NOT NULL
) STRICT;
CREATE INDEX record_session ON record (session, seq) WHERE session <> '';
CREATE INDEX record_kind ON record (kind, seq);
CREATE TABLE name (
  seq INTEGER NOT NULL, part TEXT NOT NULL, name TEXT NOT NULL, details TEXT NOT NULL, salt BLOB NOT NULL,
  PRIMARY KEY (seq, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX name_name ON name (part, name, seq);
CREATE TABLE head (
  purpose TEXT PRIMARY KEY, seq INTEGER NOT NULL, hash BLOB NOT NULL, at_ms INTEGER NOT NULL, signature BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE run (
  id TEXT PRIMARY KEY, process TEXT NOT NULL, started_ms INTEGER NOT NULL, alive_ms INTEGER NOT NULL, batch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE live (
  session TEXT PRIMARY KEY, run TEXT NOT NULL, started_seq INTEGER NOT NULL, at_ms INTEGER NOT NULL, figures TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;

/** A database of the audit, and which file it is: one that was put in its place has another number. */
export interface OpenDatabase {
  readonly database: DatabaseSync;
  /** Throws where the file is gone, or is another one. */
  demandFile(): void;
}

/** Opens the database to write, and makes it where it is not there. Throws `settings-invalid` for what is no database of this program’s. */
export function openToWrite(file: string): OpenDatabase {
  return opened(file, () => {
    // Whoever makes the file says who may read it: it tells who was at home when.
    makeFile(file);
    const database = new DatabaseSync(file, { timeout: limits.sqliteBusyMsMax });
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON');
    migrate(database);
    return database;
  });
}

/** Opens a database that is there, to read. Throws `settings-invalid` where none is. */
export function openToRead(file: string): OpenDatabase {
  return opened(file, () => {
    const database = new DatabaseSync(file, { readOnly: true, timeout: limits.sqliteBusyMsMax });
    const found = versionOf(database);
    if (found === version) return database;
    database.close();
    throw new Error(found === 0 ? 'no audit' : `an audit of version ${found}; this program knows ${version}`);
  });
}

function opened(file: string, open: () => DatabaseSync): OpenDatabase {
  try {
    const database = open();
    const isSame = isSameFile(file);
    return {
      database,
      demandFile() {
        if (!isSame()) throw new Error(`${file} is gone, or is another file than the one that was opened`);
      },
    };
  } catch (error) {
    throw new LatchkeyError('settings-invalid', `audit: ${file}: ${(error as Error).message}`, { cause: error });
  }
}

function migrate(database: DatabaseSync): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    const found = versionOf(database);
    if (found > version) throw new Error(`an audit of version ${found}; this program knows ${version}`);
    if (found === 0) database.exec(`${schema} PRAGMA user_version = ${version}`);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    database.close();
    throw error;
  }
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version);
}
