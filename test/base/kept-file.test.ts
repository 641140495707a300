import {
  chownSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { isSameFile, makeFile, placeFile } from '../../src/base/index.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** What the disk was told, in order. */
const told = vi.hoisted(() => [] as string[]);
vi.mock('node:fs', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs')>();
  return {
    ...real,
    fsyncSync(descriptor: number) {
      told.push(real.fstatSync(descriptor).isDirectory() ? 'sync the folder' : 'sync the file');
      real.fsyncSync(descriptor);
    },
    renameSync(from: string, to: string) {
      told.push('rename');
      real.renameSync(from, to);
    },
  };
});

describe('a file that is put in its place', () => {
  it('is on the disk before it has its name, and its name is before anybody relies on it', () => {
    const folder = temporaryFolder();
    told.length = 0;
    placeFile(join(folder, 'kept'), 'x');
    expect(told).toEqual(['sync the file', 'rename', 'sync the folder']);
  });

  it('is whole, for its owner alone, and leaves nothing beside it', () => {
    const folder = temporaryFolder();
    const file = join(folder, 'kept');
    placeFile(file, 'first');
    placeFile(file, 'second');
    expect(readFileSync(file, 'utf8')).toBe('second');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['kept']);
  });

  it('that cannot be leaves what was there', () => {
    const folder = temporaryFolder();
    expect(() => placeFile(join(folder, 'nowhere', 'kept'), 'x')).toThrow(/ENOENT/);
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
  });
});

describe('a file that is made', () => {
  it('loses nothing where it is there', () => {
    const file = join(temporaryFolder(), 'kept');
    writeFileSync(file, 'something');
    makeFile(file);
    expect(readFileSync(file, 'utf8')).toBe('something');
  });

  it('is made behind a link too, for its owner alone', () => {
    const folder = temporaryFolder();
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'kept'));
    makeFile(join(folder, 'kept'));
    expect(statSync(join(folder, 'elsewhere')).mode & 0o777).toBe(0o600);
  });
});

describe('a file', () => {
  it('is the same while its name is its own, however it is written, and again when it has its name back', () => {
    const file = join(temporaryFolder(), 'kept');
    writeFileSync(file, 'one');
    const isSame = isSameFile(file);
    writeFileSync(file, 'two');
    expect(isSame()).toBe(true);
    linkSync(file, `${file}.kept`);
    rmSync(file);
    expect(isSame()).toBe(false);
    writeFileSync(file, 'two');
    expect(isSame()).toBe(false);
    renameSync(`${file}.kept`, file);
    expect(isSame()).toBe(true);
  });

  it('in memory is always the same, and one in a folder that is none is not', () => {
    expect(isSameFile(':memory:')()).toBe(true);
    const folder = join(temporaryFolder(), 'folder');
    makeFile(folder);
    expect(isSameFile(join(folder, 'kept'))()).toBe(false);
  });
});

it('what root makes in somebody’s folder is theirs', () => {
  if (process.getuid?.() !== 0) throw new Error('Root alone can show it: run this test as root.');
  const folder = temporaryFolder();
  const [user, group] = [65_533, 65_532];
  chownSync(folder, user, group);
  placeFile(join(folder, 'placed'), 'x');
  makeFile(join(folder, 'made'));
  for (const name of ['placed', 'made']) {
    const { uid, gid } = statSync(join(folder, name));
    expect([uid, gid]).toEqual([user, group]);
  }
});
