import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LatchkeyError } from '../base/index.ts';

/**
 * Takes the data directory for this relay alone, until it is closed or its process ends, however that ends: the kernel holds the lock. Two
 * relays in one directory would each take the other for one that was killed, and neither would hear of the other's levers. Throws
 * `settings-invalid` where another relay has it.
 */
export function lockDataDirectory(dataDirectory: string): { close(): void } {
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(dataDirectory, 'relay.lock'));
  try {
    database.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    const why = /locked|busy/i.test((error as Error).message) ? 'another relay runs on it' : (error as Error).message;
    throw new LatchkeyError('settings-invalid', `dataDirectory: ${dataDirectory} cannot be taken: ${why}`, {
      cause: error,
    });
  }
  return { close: () => database.close() };
}
