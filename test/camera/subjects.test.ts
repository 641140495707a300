import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSubjects } from '../../src/camera/subjects.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'subjects-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const owner = (sub: string) => ({ sub, role: 'owner' as const });
const guest = (sub: string) => ({ sub, role: 'viewer' as const });

test('an empty list admits nobody', () => {
  expect(createSubjects({ mode: 'list', subjects: [] }).admit(owner('alice'))).toBe(false);
});

test('a list compares whole names', () => {
  const subjects = createSubjects({ mode: 'list', subjects: ['cam10'] });
  expect(['cam1', 'cam10', 'cam100', ''].map((sub) => subjects.admit(owner(sub)))).toEqual([false, true, false, false]);
});

test('the first owner is learnt and kept, and then nobody else', () => {
  const file = join(folder, 'subjects.json');
  const subjects = createSubjects({ mode: 'learn', file });
  expect(subjects.admit(guest('carol'))).toBe(false);
  expect(subjects.admit(owner('alice'))).toBe(true);
  expect(subjects.admit(owner('bob'))).toBe(false);
  expect(subjects.admit(guest('alice'))).toBe(true);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ subjects: ['alice'] });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const later = createSubjects({ mode: 'learn', file });
  expect([later.admit(owner('bob')), later.admit(owner('alice'))]).toEqual([false, true]);
});

test('whom the file names from now on is admitted, and whom it names no more is not', () => {
  const file = join(folder, 'subjects.json');
  const subjects = createSubjects({ mode: 'learn', file });
  expect(subjects.admit(owner('alice'))).toBe(true);
  writeFileSync(file, '{"subjects":["ben"]}');
  expect([subjects.admit(guest('ben')), subjects.admit(owner('alice'))]).toEqual([true, false]);
});

test.each([
  ['goes bad', (file: string) => writeFileSync(file, '{"subjects":')],
  ['is emptied', (file: string) => writeFileSync(file, '{"subjects":[]}')],
  ['is gone', (file: string) => rmSync(file)],
])('a list that %s under a running camera admits nobody, and nobody is learnt', (_, spoil) => {
  const file = join(folder, 'subjects.json');
  const subjects = createSubjects({ mode: 'learn', file });
  subjects.admit(owner('alice'));
  spoil(file);
  expect(['alice', 'bob'].map((sub) => subjects.admit(owner(sub)))).toEqual([false, false]);
});

test('a file that appears and cannot be read is left as it is', () => {
  const file = join(folder, 'subjects.json');
  const subjects = createSubjects({ mode: 'learn', file });
  writeFileSync(file, 'ben');
  expect(subjects.admit(owner('alice'))).toBe(false);
  expect(readFileSync(file, 'utf8')).toBe('ben');
});

test('nobody is admitted whom the file cannot keep', () => {
  const subjects = createSubjects({ mode: 'learn', file: join(folder, 'no', 'such', 'folder.json') });
  expect(() => subjects.admit(owner('alice'))).toThrow();
  expect(() => subjects.admit(owner('bob'))).toThrow();
});

test.each(['', '{"subjects":"alice"}', '{"subjects":[""]}', '{"subject":[]}', '[]'])(
  'a file that holds %j is an error, and not an empty list',
  (text) => {
    const file = join(folder, 'subjects.json');
    writeFileSync(file, text);
    expect(() => createSubjects({ mode: 'learn', file })).toThrow(
      expect.objectContaining({ code: 'settings-invalid' }),
    );
  },
);
