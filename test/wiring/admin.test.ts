import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../src/base/index.ts';
import { loadSettings } from '../../src/config/index.ts';
import { adminSettings } from '../../src/wiring/admin.ts';
import { ownTokenFile } from '../../src/wiring/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-admin-settings-'));

function read(environment: Record<string, string> = {}) {
  const settings = loadSettings('config/demo.json', { LATCHKEY_DATA_DIRECTORY: folder, ...environment });
  return adminSettings(settings, systemRandom, '1');
}

describe('what the admin port needs of the settings', () => {
  it('is a credential of its own that the relay makes once, for nobody else to read', async () => {
    const [first, second] = [await read(), await read()];
    expect(first.credentials[0]?.token.reveal()).toBe(second.credentials[0]?.token.reveal());
    expect(first).toMatchObject({ host: '127.0.0.1', port: 9465, credentials: [{ name: 'operator' }], tls: undefined });
    expect(JSON.parse(readFileSync(ownTokenFile(folder), 'utf8'))).toMatch(/^[\w-]{43}$/);
    expect(statSync(ownTokenFile(folder)).mode & 0o777).toBe(0o600);
  });

  it('is a file of credentials, and a certificate', async () => {
    const [tokens, pem] = [join(folder, 'tokens'), join(folder, 'pem')];
    writeFileSync(tokens, `day:${'d'.repeat(32)}\nnight:${'n'.repeat(32)}\n`);
    writeFileSync(pem, 'PEM');
    const settings = await read({
      LATCHKEY_ADMIN_TOKEN_FILE: tokens,
      LATCHKEY_ADMIN_TLS: JSON.stringify({ certificateFile: pem, keyFile: pem }),
      LATCHKEY_ADMIN_NAMES: '["node.example"]',
    });
    expect(settings).toMatchObject({
      credentials: [{ name: 'day' }, { name: 'night' }],
      tls: { certificate: 'PEM', key: 'PEM' },
      names: ['node.example'],
    });
  });

  it('is refused where a file cannot be read or names nobody', async () => {
    await expect(read({ LATCHKEY_ADMIN_TOKEN_FILE: join(folder, 'nowhere') })).rejects.toThrow(
      /nowhere cannot be read/,
    );
    const short = join(folder, 'short');
    writeFileSync(short, 'day:short');
    await expect(read({ LATCHKEY_ADMIN_TOKEN_FILE: short })).rejects.toMatchObject({ code: 'settings-invalid' });
  });
});
