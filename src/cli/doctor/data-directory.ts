import { existsSync, mkdtempSync, readFileSync, rmSync, type Stats, statfsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { limits } from '../../base/index.ts';
import { areLeversGone } from '../../levers/index.ts';
import { leversFile } from '../../wiring/index.ts';
import { type Finding, ok, problem, warning, whyOf } from './finding.ts';
import type { Check } from './patient.ts';

/** Where the relay keeps its database and its keys. */
export const dataDirectoryCheck: Check = {
  name: 'data',
  look({ settings, machine: { userId } }) {
    const folder = resolve(settings.dataDirectory);
    if (!existsSync(folder)) {
      const parent = nearest(folder);
      const why = whyNotWritable(parent);
      if (why === undefined) return [ok(`${folder} is not there yet; the relay makes it as it starts`)];
      return [
        problem(
          `${folder} cannot be made: ${why}`,
          `mkdir -m 700 ${folder}, and give it to the relay’s user with chown`,
        ),
      ];
    }
    const facts = statSync(folder);
    const why = whyNotWritable(folder);
    if (why !== undefined)
      return [
        problem(`${folder} cannot be written: ${why}`, `chown the relay’s user ${folder}, and chmod 700 ${folder}`),
      ];
    return [
      ok(`${folder} can be written`),
      ...ofOwner(folder, facts, userId),
      ...ofSpace(folder),
      ...ofKeptFiles(folder),
      ...ofLevers(leversFile({ dataDirectory: folder })),
    ];
  },
};

function nearest(folder: string): string {
  return existsSync(folder) ? folder : nearest(dirname(folder));
}

function whyNotWritable(folder: string): string | undefined {
  try {
    rmSync(mkdtempSync(join(folder, '.latchkey-doctor-')), { recursive: true });
    return undefined;
  } catch (thrown) {
    return whyOf(thrown);
  }
}

function ofOwner(folder: string, { mode, uid }: Stats, userId: number | undefined): Finding[] {
  const found: Finding[] = [];
  if ((mode & 0o077) !== 0)
    found.push(warning(`${folder} is open to others (mode ${(mode & 0o777).toString(8)})`, `chmod 700 ${folder}`));
  if (userId !== undefined && uid !== userId) {
    found.push(
      warning(
        `${folder} belongs to user ${uid}, and you are user ${userId}`,
        `look as the relay’s user: sudo -u '#${uid}' latchkey doctor`,
      ),
    );
  }
  return found;
}

function ofSpace(folder: string): Finding[] {
  const { bavail, bsize } = statfsSync(folder);
  return [ofFreeBytes(folder, bavail * bsize)];
}

export function ofFreeBytes(folder: string, bytes: number): Finding {
  const found = `${Math.floor(bytes / 2 ** 20)} MB are free in ${folder}`;
  if (bytes >= limits.doctorRoomBytesMin) return ok(found);
  const todo = `make room: df -h ${folder}`;
  return bytes < limits.doctorFreeBytesMin ? problem(found, todo) : warning(found, todo);
}

/** A relay does not start without the levers that it had. */
function ofLevers(file: string): Finding[] {
  if (!areLeversGone(file)) return [];
  return [
    problem(
      `${file} is gone or empty, and with it who was signed out, quarantined or switched off`,
      'restore it from a backup, or accept the loss: latchkey levers accept-loss',
    ),
  ];
}

/** What the relay has made for itself, and cannot do without once it is there. */
function ofKeptFiles(folder: string): Finding[] {
  return ['grant-key.json', 'ticket-keys.json', 'development-issuer.json'].flatMap((name) => {
    const file = join(folder, name);
    if (!existsSync(file)) return [];
    try {
      JSON.parse(readFileSync(file, 'utf8'));
    } catch (thrown) {
      return [
        problem(
          `${file} is damaged: ${whyOf(thrown).slice(0, limits.reasonCharactersMax)}`,
          `move it away, and the relay makes a new one: mv ${file} ${file}.damaged`,
        ),
      ];
    }
    const mode = statSync(file).mode & 0o777;
    return (mode & 0o077) === 0
      ? []
      : [problem(`${file} is open to others (mode ${mode.toString(8)})`, `chmod 600 ${file}`)];
  });
}
