import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { LatchkeyError } from '../../base/index.ts';

/** The full path of a program on the PATH. Throws `settings-invalid`, which names the Debian package that has it. */
export function findProgram(name: string, debianPackage: string, searchPath = process.env.PATH ?? ''): string {
  for (const folder of searchPath.split(delimiter)) {
    const file = join(folder, name);
    if (folder !== '' && isExecutable(file)) return file;
  }
  throw new LatchkeyError(
    'settings-invalid',
    `this source needs the program ${name}: on Debian, apt-get install ${debianPackage}`,
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
