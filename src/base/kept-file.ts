import { closeSync, fchownSync, fsyncSync, openSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Puts a text in the place of a file, mode 0600, whole or not at all; it is on the disk when the call returns. Throws what the file system
 * does; what was there is there still, and an unfinished file may be, with the number of this process after its name.
 */
export function placeFile(file: string, text: string): void {
  const unfinished = `${file}.${process.pid}`;
  const descriptor = openSync(unfinished, 'w', 0o600);
  try {
    handToOwner(descriptor, dirname(file));
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(unfinished, file);
  syncFolder(dirname(file));
}

/** Makes an empty file, mode 0600, where there is none: before whoever opens it next says who may read it. Throws what the file system does. */
export function makeFile(file: string): void {
  try {
    const descriptor = openSync(file, 'ax', 0o600);
    try {
      handToOwner(descriptor, dirname(file));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // It is there, or a link to where it shall be.
    closeSync(openSync(file, 'a', 0o600));
  }
}

/** Whether `file`, whenever that is asked, is the file that it is now; never where there is none now. SQLite's `:memory:` is always the same. */
export function isSameFile(file: string): () => boolean {
  const then = identityOf(file);
  return () => file === ':memory:' || (then !== undefined && identityOf(file) === then);
}

function identityOf(file: string): string | undefined {
  try {
    const { dev, ino } = statSync(file, { bigint: true });
    return `${dev} ${ino}`;
  } catch {
    return undefined;
  }
}

/** What root makes in somebody’s folder is theirs: a relay that runs as its own user has to write what a command of root’s has made. */
export function handToOwner(descriptor: number, folder: string): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(folder);
  try {
    fchownSync(descriptor, uid, gid);
  } catch (error) {
    // A root that may give nothing away (a container without CAP_CHOWN) keeps it.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
  }
}

/** A name that was changed is on the disk with its folder; Windows has no such call, and needs none. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
