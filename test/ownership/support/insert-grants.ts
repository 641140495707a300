import { DatabaseSync } from 'node:sqlite';
import type { Grant } from '../../../src/ownership/index.ts';

/** Writes many grants into a database at once, where one by one each would wait for the disk. */
export function insertGrants(file: string, grants: readonly Grant[]): void {
  const database = new DatabaseSync(file);
  try {
    const insert = database.prepare('INSERT INTO ownership_grant VALUES (?, ?, ?, ?, 0)');
    database.exec('BEGIN');
    for (const { subject, device, role, notAfterMs } of grants) insert.run(subject, device, role, notAfterMs ?? null);
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}
