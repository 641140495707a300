import { mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keptSecret, secretText } from '../../src/config/index.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'latchkey-secrets-'));

describe('a kept secret', () => {
  it('is made once and read ever after', async () => {
    const file = join(folder(), 'deep', 'key.json');
    const first = await keptSecret(file, async () => ({ key: 'one' }));
    const second = await keptSecret(file, async () => ({ key: 'two' }));
    expect([first, second]).toEqual([{ key: 'one' }, { key: 'one' }]);
  });

  it('is for its owner’s eyes alone, and leaves nothing else behind', async () => {
    const place = folder();
    await keptSecret(join(place, 'key.json'), async () => 1);
    expect(statSync(join(place, 'key.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(place)).toEqual(['key.json']);
  });

  it('is one secret, though many ask for it at the same time', async () => {
    const file = join(folder(), 'key.json');
    let made = 0;
    const answers = await Promise.all(Array.from({ length: 20 }, () => keptSecret(file, async () => made++)));
    expect(new Set(answers).size).toBe(1);
  });

  it('is never made anew in place of a damaged one', async () => {
    const file = join(folder(), 'key.json');
    writeFileSync(file, '{"key":');
    await expect(keptSecret(file, async () => 1)).rejects.toThrow(/damaged/);
  });

  it('that cannot be made is an error that names the file', async () => {
    const place = folder();
    writeFileSync(join(place, 'plain'), '');
    await expect(keptSecret(join(place, 'plain', 'key.json'), async () => 1)).rejects.toThrow(/key\.json/);
  });
});

describe('a secret that an operator keeps', () => {
  it('is read from a file or a variable, without the white space around it', () => {
    const file = join(folder(), 'secret');
    writeFileSync(file, ' open sesame\n');
    expect(secretText({ file }).reveal()).toBe('open sesame');
    expect(secretText({ environment: 'SECRET' }, { SECRET: 'open sesame\n' }).reveal()).toBe('open sesame');
  });

  it('does not print', () => {
    expect(`${secretText({ environment: 'SECRET' }, { SECRET: 'open sesame' })}`).toBe('[redacted]');
  });

  it.each<[string, NodeJS.ProcessEnv]>([
    ['not set', {}],
    ['empty', { SECRET: '' }],
    ['blank', { SECRET: ' \n' }],
  ])('is missed where its variable is %s', (_, environment) => {
    const read = () => secretText({ environment: 'SECRET' }, environment);
    expect(read).toThrow(expect.objectContaining({ code: 'settings-invalid' }));
    expect(read).toThrow(/SECRET/);
  });

  it('is missed where its file is not there, or empty', () => {
    const place = folder();
    writeFileSync(join(place, 'empty'), '\n');
    for (const name of ['nowhere', 'empty']) expect(() => secretText({ file: join(place, name) })).toThrow(name);
  });
});
