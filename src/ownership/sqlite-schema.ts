import type { DatabaseSync } from 'node:sqlite';
import { LatchkeyError, limits } from '../base/index.ts';

/**
 * Each step takes a database from the version of its index to the next. The triggers raise the revision on every change,
 * also one that was made by hand with another program.
 */
const steps = [
  `CREATE TABLE ownership_grant (
     subject TEXT NOT NULL CHECK (length(subject) <= 256 AND subject GLOB '[A-Za-z0-9]*' AND subject NOT GLOB '*[^A-Za-z0-9._:@|-]*'),
     device TEXT NOT NULL CHECK (length(device) <= 128 AND device GLOB '[A-Za-z0-9]*' AND device NOT GLOB '*[^A-Za-z0-9._:@|-]*'),
     role TEXT NOT NULL CHECK (role IN ('owner', 'viewer')),
     not_after_ms INTEGER,
     changed_at_ms INTEGER NOT NULL,
     PRIMARY KEY (subject, device)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX ownership_grant_by_device ON ownership_grant (device, subject);
   CREATE TABLE ownership_revision (only INTEGER PRIMARY KEY CHECK (only = 1), revision INTEGER NOT NULL) STRICT;
   INSERT INTO ownership_revision VALUES (1, 0);
   CREATE TRIGGER ownership_granted AFTER INSERT ON ownership_grant
     BEGIN UPDATE ownership_revision SET revision = revision + 1; END;
   CREATE TRIGGER ownership_changed AFTER UPDATE ON ownership_grant
     BEGIN UPDATE ownership_revision SET revision = revision + 1; END;
   CREATE TRIGGER ownership_revoked AFTER DELETE ON ownership_grant
     BEGIN UPDATE ownership_revision SET revision = revision + 1; END;`,
  // Which grants have changed, the latest of them, for whoever looks every now and then.
  `CREATE TABLE ownership_change (
     number INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, device TEXT NOT NULL
   ) STRICT;
   CREATE TRIGGER ownership_change_bounded AFTER INSERT ON ownership_change
     BEGIN DELETE FROM ownership_change WHERE number <= NEW.number - ${limits.sqliteChangesKeptMax}; END;
   CREATE TRIGGER ownership_grant_noted AFTER INSERT ON ownership_grant
     BEGIN INSERT INTO ownership_change (subject, device) VALUES (NEW.subject, NEW.device); END;
   CREATE TRIGGER ownership_change_noted AFTER UPDATE ON ownership_grant
     BEGIN INSERT INTO ownership_change (subject, device)
       VALUES (OLD.subject, OLD.device), (NEW.subject, NEW.device); END;
   CREATE TRIGGER ownership_revocation_noted AFTER DELETE ON ownership_grant
     BEGIN INSERT INTO ownership_change (subject, device) VALUES (OLD.subject, OLD.device); END;`,
];

/** Brings a database to this program's schema. Throws `settings-invalid` for one of a later program. */
export function migrate(database: DatabaseSync): void {
  if (versionOf(database) === steps.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = versionOf(database);
    if (version > steps.length) throw tooNew(version);
    for (const step of steps.slice(version)) database.exec(step);
    database.exec(`PRAGMA user_version = ${steps.length}`);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

/** Throws `settings-invalid` for a database that is not of this program's schema. */
export function demandCurrent(database: DatabaseSync): void {
  const version = versionOf(database);
  if (version > steps.length) throw tooNew(version);
  if (version < steps.length) throw new LatchkeyError('settings-invalid', 'the database is not set up yet');
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version);
}

function tooNew(version: number): LatchkeyError {
  return new LatchkeyError(
    'settings-invalid',
    `the database is of version ${version}; this program knows ${steps.length}`,
  );
}
