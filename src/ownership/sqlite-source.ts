import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import {
  type Clock,
  type DeviceId,
  deviceId,
  LatchkeyError,
  limits,
  type SubjectId,
  subjectId,
} from '../base/index.ts';
import { demandGrant, type Grant, type GrantBook } from './grant-book.ts';
import { type OwnershipAnswer, type OwnershipQuestion, type OwnershipSource, type Role, roles } from './source.ts';
import type { SourceObserver } from './source-observer.ts';
import { watchChanges } from './sqlite-changes.ts';
import { SqliteFile } from './sqlite-file.ts';
import { demandCurrent, migrate } from './sqlite-schema.ts';

export interface SqliteSourceSettings {
  /** The database; made when it is not there, in a folder that is. */
  readonly file: string;
  readonly clock: Clock;
  /** Whether to leave the file as it is; it must be there already. */
  readonly readOnly?: boolean;
  readonly observer?: SourceObserver;
}

/** The embedded database of who may see what. Several processes may have it open, and each sees at once what another wrote. */
export interface SqliteSource extends OwnershipSource, GrantBook {
  grant(grant: Grant): void;
  /** Makes all of these grants, or none of them. Throws as `grant` does. */
  grantAll(grants: Iterable<Grant>): void;
  revoke(question: OwnershipQuestion): boolean;
  /** Takes all of these back, or none. */
  revokeAll(questions: Iterable<OwnershipQuestion>): void;
  list(of?: { readonly subject?: SubjectId; readonly device?: DeviceId }): Grant[];
}

/** Opens the database and brings it to this program's schema. Throws `settings-invalid` when it cannot be used. */
export function openSqliteSource(settings: SqliteSourceSettings): SqliteSource {
  const { file, clock, readOnly = false, observer = {} } = settings;
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { readOnly, timeout: limits.sqliteBusyMsMax });
    if (readOnly) demandCurrent(database);
    else {
      database.exec('PRAGMA journal_mode = WAL');
      migrate(database);
    }
    return sourceOn(database, new SqliteFile(file, observer), clock);
  } catch (error) {
    database?.close();
    const why = error instanceof LatchkeyError ? error.detail : (error as Error).message;
    throw new LatchkeyError('settings-invalid', `${file}: ${why}`, { cause: error });
  }
}

function sourceOn(database: DatabaseSync, file: SqliteFile, clock: Clock): SqliteSource {
  const columns = 'subject, device, role, not_after_ms';
  const one = database.prepare(`SELECT ${columns} FROM ownership_grant WHERE subject = ? AND device = ?`);
  const inForce = database.prepare(
    `SELECT ${columns} FROM ownership_grant
     WHERE subject = ? AND (not_after_ms IS NULL OR not_after_ms > ?) ORDER BY device LIMIT ?`,
  );
  const some = database.prepare(
    `SELECT ${columns} FROM ownership_grant
     WHERE (?1 IS NULL OR subject = ?1) AND (?2 IS NULL OR device = ?2) ORDER BY subject, device LIMIT ?3`,
  );
  const put = database.prepare(
    `INSERT INTO ownership_grant VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
     role = excluded.role, not_after_ms = excluded.not_after_ms, changed_at_ms = excluded.changed_at_ms`,
  );
  const take = database.prepare('DELETE FROM ownership_grant WHERE subject = ? AND device = ?');
  const mark = database.prepare('SELECT revision FROM ownership_revision');
  const revision = () => {
    file.demand(false);
    return String(mark.get()?.revision);
  };
  const atOnce = (work: () => void) => {
    database.exec('BEGIN IMMEDIATE');
    try {
      work();
      database.exec('COMMIT');
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
  };
  const grant = (asked: Grant) => {
    const { subject, device, role, notAfterMs } = demandGrant(asked);
    put.run(subject, device, role, notAfterMs ?? null, clock.now());
  };

  return {
    name: 'sqlite',
    revision,
    async ask({ subject, device }, signal) {
      signal.throwIfAborted();
      file.demand(true);
      const version = revision();
      const row = one.get(subject, device);
      if (row === undefined) return { subject, device, role: undefined, notAfterMs: undefined, version };
      return answerOf(row, version);
    },
    async devicesOf(subject, signal) {
      signal.throwIfAborted();
      file.demand(true);
      const version = revision();
      return inForce.all(subject, clock.now(), limits.devicesPerSubjectMax).map((row) => answerOf(row, version));
    },
    changes: (listener) => watchChanges(database, file, clock, listener),
    grant,
    grantAll(grants) {
      atOnce(() => {
        for (const each of grants) grant(each);
      });
    },
    revokeAll(questions) {
      atOnce(() => {
        for (const { subject, device } of questions) take.run(subject, device);
      });
    },
    revoke({ subject, device }) {
      return take.run(subject, device).changes === 1;
    },
    list({ subject, device } = {}) {
      return some.all(subject ?? null, device ?? null, limits.grantsListedMax).map(grantOf);
    },
    async close() {
      if (database.isOpen) database.close();
    },
  };
}

function answerOf(row: Record<string, SQLOutputValue>, version: string): OwnershipAnswer {
  return { ...grantOf(row), version };
}

function grantOf(
  row: Record<string, SQLOutputValue>,
): OwnershipQuestion & { role: Role; notAfterMs: number | undefined } {
  const role = roles.find((known) => known === row.role);
  if (role === undefined) throw new TypeError('The database holds a role that its schema does not allow.');
  return {
    subject: subjectId(String(row.subject)),
    device: deviceId(String(row.device)),
    role,
    notAfterMs: row.not_after_ms === null ? undefined : Number(row.not_after_ms),
  };
}
