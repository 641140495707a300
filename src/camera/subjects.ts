import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { LatchkeyError, limits } from '../base/index.ts';
import type { GrantClaims } from '../protocol/index.ts';
import type { SubjectPolicy } from './settings.ts';

/** The camera's own list of those who may watch it. */
export interface Subjects {
  /** Whether the subject of a grant is on it. In `learn` mode the first owner is put on it. */
  admit(claims: Pick<GrantClaims, 'sub' | 'role'>): boolean;
}

const fileSchema = z.strictObject({ subjects: z.array(z.string().min(1)).max(limits.subjectsPerCameraMax) });

/** Throws `settings-invalid` for a list that cannot be read: an unreadable list does not turn into an empty one. */
export function createSubjects(policy: SubjectPolicy): Subjects {
  if (policy.mode === 'any') return { admit: () => true };
  if (policy.mode === 'list') {
    const listed = new Set(policy.subjects);
    return { admit: ({ sub }) => listed.has(sub) };
  }
  let begun = readLearnt(policy.file).length > 0;
  return {
    admit({ sub, role }) {
      const learnt = readAgain(policy.file);
      if (learnt === undefined) return false;
      begun ||= learnt.length > 0;
      if (begun || role !== 'owner') return learnt.includes(sub);
      writeLearnt(policy.file, [sub]);
      begun = true;
      return true;
    },
  };
}

/** What the file says now, for people are put on it and taken off it by hand; undefined while it cannot be read. */
function readAgain(file: string): string[] | undefined {
  try {
    return readLearnt(file);
  } catch {
    return undefined;
  }
}

function readLearnt(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreadable(file, cause);
  }
  try {
    return fileSchema.parse(JSON.parse(text)).subjects;
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

/** Written whole under another name first, so that a loss of power leaves the old list or the new one. */
function writeLearnt(file: string, subjects: readonly string[]): void {
  const draft = `${file}.new`;
  writeFileSync(draft, `${JSON.stringify({ subjects }, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

function unreadable(file: string, cause: unknown): LatchkeyError {
  return new LatchkeyError('settings-invalid', `the list of subjects cannot be read: ${file}`, { cause });
}
