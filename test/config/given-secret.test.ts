import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { givenSecret } from '../../src/config/index.ts';
import { codeOf } from '../support/codes.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-given-'));
let files = 0;

function fileWith(text: string): string {
  const path = join(folder, `${files++}`);
  writeFileSync(path, text);
  return path;
}

describe('a given secret', () => {
  it('is what its file holds, without the space around it', () => {
    expect(givenSecret(fileWith('  hush hush\n\n'), 'VARIABLE', {})?.reveal()).toBe('hush hush');
  });

  it('is what the variable says where no file is named, and nothing where neither is there', () => {
    expect(givenSecret(null, 'VARIABLE', { VARIABLE: ' hush\n' })?.reveal()).toBe('hush');
    expect(givenSecret(null, 'VARIABLE', { VARIABLE: ' ' })).toBeUndefined();
    expect(givenSecret(null, 'VARIABLE', {})).toBeUndefined();
  });

  it('is its file’s where both are there', () => {
    expect(givenSecret(fileWith('file'), 'VARIABLE', { VARIABLE: 'variable' })?.reveal()).toBe('file');
  });

  it('does not print', () => {
    const secret = givenSecret(fileWith('hush'), 'VARIABLE', {});
    expect(`${secret} ${inspect({ secret })} ${JSON.stringify({ secret })}`).not.toContain('hush');
  });

  it.each([
    ['not there', () => join(folder, 'nowhere')],
    ['empty', () => fileWith(' \n')],
    ['too large', () => fileWith('x'.repeat(limits.secretFileBytesMax + 1))],
  ])('is refused whose file is %s, and the file is named', async (_, make) => {
    const file = make();
    expect(await codeOf(() => givenSecret(file, 'VARIABLE', {}))).toBe('settings-invalid');
    expect(() => givenSecret(file, 'VARIABLE', {})).toThrow(file);
  });

  it('may be as large as that', () => {
    expect(givenSecret(fileWith('x'.repeat(limits.secretFileBytesMax)), 'V', {})?.reveal()).toHaveLength(
      limits.secretFileBytesMax,
    );
  });
});
