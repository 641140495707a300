import { chmodSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dataDirectoryCheck, ofFreeBytes } from '../../../src/cli/doctor/data-directory.ts';
import { openLeverStore } from '../../../src/levers/index.ts';
import { leversFile } from '../../../src/wiring/index.ts';
import { patient, said, sentence } from './support/patient.ts';

const at = (LATCHKEY_DATA_DIRECTORY: string) => patient({ environment: { LATCHKEY_DATA_DIRECTORY } });

describe('the check of the data directory', () => {
  it('is content with one that can be written, and leaves it as it was', async () => {
    const one = patient();
    for (const finding of await said(dataDirectoryCheck, one)) expect(finding).toMatch(/^ok: /);
    expect(readdirSync(one.settings.dataDirectory)).toEqual([]);
  });

  it('one that cannot be written is a problem, for root as well', async () => {
    expect(await said(dataDirectoryCheck, at('/proc/sys'))).toEqual([
      expect.stringMatching(/^problem: \/proc\/sys cannot be written: .*→ chown/),
    ]);
  });

  it('one that cannot be made is a problem; one that can is not', async () => {
    expect((await said(dataDirectoryCheck, at('/proc/sys/latchkey/data')))[0]).toMatch(
      /^problem: .*cannot be made.*mkdir/,
    );
    expect((await said(dataDirectoryCheck, at(join(patient().settings.dataDirectory, 'new'))))[0]).toMatch(/^ok: /);
  });

  it('one that is open to others, or another’s, is worth a warning', async () => {
    const one = patient({ machine: { userId: 12_345 } });
    chmodSync(one.settings.dataDirectory, 0o755);
    const found = (await said(dataDirectoryCheck, one)).join('\n');
    expect(found).toMatch(/warning: .*mode 755\) → chmod 700/);
    expect(found).toMatch(/warning: .*belongs to user \d+, and you are user 12345 → .*sudo -u/);
  });

  it('kept keys that are damaged or open to others are problems', async () => {
    const one = patient();
    writeFileSync(join(one.settings.dataDirectory, 'grant-key.json'), '{"kty":', { mode: 0o600 });
    writeFileSync(join(one.settings.dataDirectory, 'ticket-keys.json'), '[]', { mode: 0o644 });
    const found = (await said(dataDirectoryCheck, one)).join('\n');
    expect(found).toMatch(/problem: .*grant-key\.json is damaged.*→ move it away/);
    expect(found).toMatch(/problem: .*ticket-keys\.json is open to others \(mode 644\)/);
  });

  it.each<[string, (file: string) => void]>([
    ['gone', (file) => rmSync(file)],
    ['empty', (file) => writeFileSync(file, '')],
  ])('levers that are %s are a problem, and those that are there are none', async (_, lose) => {
    const one = patient();
    const file = leversFile(one.settings);
    openLeverStore(file).close();
    expect((await said(dataDirectoryCheck, one)).join('\n')).not.toContain('levers');
    lose(file);
    expect((await said(dataDirectoryCheck, one)).join('\n')).toMatch(/problem: .*levers\.sqlite is gone.*accept-loss/);
  });

  it.each([
    [1e9, /^ok: /],
    [1e8, /^warning: 95 MB are free/],
    [1e6, /^problem: 0 MB are free/],
  ])('%d bytes that are free', (bytes, wanted) => {
    expect(sentence(ofFreeBytes('data', bytes))).toMatch(wanted);
  });
});
