import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockDataDirectory } from '../../src/wiring/data-lock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a data directory', () => {
  it('is one relay’s, and the next one’s when that has ended', () => {
    const first = lockDataDirectory(folder);
    expect(() => lockDataDirectory(folder, 'a stranger')).toThrow(
      `${folder} cannot be taken: it is in use by process ${process.pid} on ${hostname()} since 20`,
    );
    expect(() => lockDataDirectory(folder)).toThrow(`by process ${process.pid}`);
    first.close();
    lockDataDirectory(folder).close();
  });

  it('whose holder cannot be told is refused all the same, in one clean line', () => {
    using first = new DisposableStack();
    first.adopt(lockDataDirectory(folder, '\u001b[2Jforged\u2028name'), (lock) => lock.close());
    expect(() => lockDataDirectory(folder)).toThrow('by ?[2Jforged?name');
    rmSync(join(folder, 'relay.holder'));
    expect(() => lockDataDirectory(folder)).toThrow('by another process');
  });

  it('is made where it is not there', () => {
    lockDataDirectory(join(folder, 'new', 'one')).close();
  });

  it('that cannot be taken says why', () => {
    writeFileSync(
      join(folder, 'relay.lock'),
      'this is no database, and longer than the head of one would be'.repeat(40),
    );
    expect(() => lockDataDirectory(folder)).toThrow(/cannot be taken: (?!it is in use)/);
  });
});
