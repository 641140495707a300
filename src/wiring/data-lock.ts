import { mkdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LatchkeyError, limits, makeFile, placeFile } from '../base/index.ts';

/**
 * Takes the data directory for this process alone, until it is closed or the process ends, however that ends: the kernel holds the lock, for
 * every container that has the directory. Two relays in one would each bury the other's live views in the record, and neither would hear
 * of the other's levers. Throws `settings-invalid` where another has it, and names that one.
 */
export function lockDataDirectory(dataDirectory: string, holder = thisHolder()): { close(): void } {
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  const file = join(dataDirectory, 'relay.lock');
  const holderFile = join(dataDirectory, 'relay.holder');
  let database: DatabaseSync | undefined;
  try {
    makeFile(file);
    database = new DatabaseSync(file, { timeout: 0 });
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    // Not into the locked file: a process that closed it after a look would lose its own lock on it.
    placeFile(holderFile, `${holder}\n`);
  } catch (error) {
    database?.close();
    const isTaken = /locked|busy/i.test((error as Error).message);
    const why = isTaken ? `it is in use by ${holderIn(holderFile)}` : (error as Error).message;
    throw new LatchkeyError('settings-invalid', `dataDirectory: ${dataDirectory} cannot be taken: ${why}`, {
      cause: error,
    });
  }
  const locked = database;
  return { close: () => locked.close() };
}

/** The host name tells containers apart, which count processes each for itself. */
function thisHolder(): string {
  return `process ${process.pid} on ${hostname()} since ${new Date().toISOString()}`;
}

/** Who wrote it need not be trusted to have kept to one line. */
function holderIn(file: string): string {
  try {
    const [line = ''] = readFileSync(file, 'utf8').split('\n');
    return line.replace(/[^\x20-\x7e]/g, '?').slice(0, limits.reasonCharactersMax);
  } catch {
    return 'another process';
  }
}
