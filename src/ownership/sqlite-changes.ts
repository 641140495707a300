import type { DatabaseSync } from 'node:sqlite';
import { type Clock, deviceId, limits, subjectId, type Timer } from '../base/index.ts';
import type { OwnershipChange } from './source.ts';
import type { SqliteFile } from './sqlite-file.ts';

/**
 * Looks every `limits.sqliteLookMs` which grants have changed, whoever wrote them. Returns what ends it. A look that fails is made
 * again, and misses nothing: what has changed since the last good one is still there, or else everything may have. Everything may have as well
 * where its file goes, or comes back.
 */
export function watchChanges(
  database: DatabaseSync,
  file: SqliteFile,
  clock: Clock,
  listener: (change: OwnershipChange) => void,
): () => void {
  const newest = database.prepare('SELECT coalesce(max(number), 0) AS number FROM ownership_change');
  const since = database.prepare(
    'SELECT number, subject, device FROM ownership_change WHERE number > ? ORDER BY number LIMIT ?',
  );
  const newestNumber = () => Number(newest.get()?.number);
  let seen = newestNumber();
  let wasThere = true;
  let timer: Timer;

  function changesSince(): OwnershipChange[] {
    const last = newestNumber();
    if (last === seen) return [];
    const rows = since.all(seen, limits.sqliteChangesReadMax + 1);
    const isWhole = rows[0]?.number === seen + 1 && rows.length <= limits.sqliteChangesReadMax;
    seen = isWhole ? Number(rows.at(-1)?.number) : last;
    if (!isWhole) return ['everything'];
    return rows.map((row) => ({ subject: subjectId(String(row.subject)), device: deviceId(String(row.device)) }));
  }

  function look(): void {
    if (!database.isOpen) return;
    timer = clock.after(limits.sqliteLookMs, look);
    const isThere = file.look();
    if (isThere !== wasThere) listener('everything');
    wasThere = isThere;
    if (!isThere) return;
    for (const change of attempted(changesSince)) listener(change);
  }

  timer = clock.after(limits.sqliteLookMs, look);
  return () => timer.cancel();
}

function attempted<T>(read: () => T[]): T[] {
  try {
    return read();
  } catch {
    return [];
  }
}
