import { existsSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LatchkeyError, placeFile } from '../base/index.ts';

const markName = 'levers-kept';
const markWords = `What an operator has revoked, quarantined and switched is kept beside this file, in levers.sqlite.
Where that is gone the relay does not start: restore it, or say "latchkey levers accept-loss".
`;

/** Whether levers have been kept in such a file. It is told by a mark of another name, so that they do not go with one slip. */
export function hasMark(file: string): boolean {
  return existsSync(markBeside(file));
}

/** Whether levers have been kept in such a file and it is not there, or has nothing in it: told by a look at the folder alone. */
export function areLeversGone(file: string): boolean {
  return hasMark(file) && (statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0;
}

/** Says from now on that levers are kept there. Throws what the file system does. */
export function setMark(file: string): void {
  placeFile(markBeside(file), markWords);
}

export function lostLevers(): LatchkeyError {
  return new LatchkeyError(
    'settings-invalid',
    `it is gone or empty, and ${markName} beside it says that it held levers: whoever was signed out, quarantined or switched off would be let in ` +
      'again. Restore it from a backup, or accept the loss with "latchkey levers accept-loss"',
  );
}

/**
 * Lets a relay begin again without the levers that it had, once `agreed` has called what it is given. Rejects as that does, and with
 * `params-invalid` where none are lost; nothing has changed then.
 */
export async function acceptLostLevers(file: string, agreed: (accept: () => void) => Promise<void>): Promise<void> {
  if (!hasMark(file) || holdsLevers(file)) {
    throw new LatchkeyError('params-invalid', `nothing is lost: ${file} is there, or never was`);
  }
  await agreed(() => rmSync(markBeside(file)));
}

function markBeside(file: string): string {
  return join(dirname(file), markName);
}

/** Whether the file is there, and is more than an empty database. One that cannot be read is for whoever opens it to complain of. */
function holdsLevers(file: string): boolean {
  if (!existsSync(file)) return false;
  try {
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      return Number(database.prepare('PRAGMA user_version').get()?.user_version) > 0;
    } finally {
      database.close();
    }
  } catch {
    return true;
  }
}
