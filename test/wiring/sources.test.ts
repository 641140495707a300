import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../src/base/index.ts';
import { loadSettings, type Settings } from '../../src/config/index.ts';
import { openGrantBook, openOwnershipSource } from '../../src/wiring/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-sources-'));
const keyFile = join(folder, 'keys');
const key = 'k'.repeat(32);
writeFileSync(keyFile, `${key}\n`);
const url = 'https://maker.example/ownership';

function settingsWith(ownership: Record<string, unknown>): Settings {
  const file = join(folder, 'settings.json');
  const own = { LATCHKEY_DATA_DIRECTORY: join(folder, 'data'), LATCHKEY_DEMO: 'false' };
  writeFileSync(file, JSON.stringify({ mode: 'development', identity: { developmentIssuer: true }, ownership }));
  return loadSettings(file, own);
}

const open = (ownership: Record<string, unknown>, environment: NodeJS.ProcessEnv = {}) =>
  openOwnershipSource(settingsWith(ownership), environment, { clock: systemClock, random: systemRandom });

describe('the source of the settings', () => {
  it.each<[string, Record<string, unknown>, NodeJS.ProcessEnv]>([
    ['none', { source: 'none' }, {}],
    ['sqlite', { source: 'sqlite' }, {}],
    ['claims', { source: 'claims' }, {}],
    ['postgres', { source: 'postgres', postgres: { port: 1 } }, { LATCHKEY_POSTGRES_PASSWORD: 'hush' }],
    ['http', { source: 'http', http: { url, keyFile } }, {}],
    ['http', { source: 'http', http: { url } }, { LATCHKEY_SERVICE_KEYS: key }],
  ])('is %s, and needs nothing to be reachable yet', async (name, ownership, environment) => {
    const source = open(ownership, environment);
    expect(source.name).toBe(name);
    await source.close();
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['a source that is none', { source: 'oracle' }, /ownership\.source/],
    ['a service without an address', { source: 'http', http: { keyFile } }, /ownership\.http\.url/],
    ['a service without a key', { source: 'http', http: { url } }, /ownership\.http\.keyFile.*LATCHKEY_SERVICE_KEYS/],
    ['a service in clear', { source: 'http', http: { url: 'http://maker.example', keyFile } }, /an https address/],
    ['a service with no address', { source: 'http', http: { url: 'nowhere', keyFile } }, /ownership\.http\.url/],
    ['a key that is not there', { source: 'http', http: { url, keyFile: 'no-such-key' } }, /no-such-key/],
    ['certificates that are not there', { source: 'http', http: { url, keyFile, caFile: 'no-such-ca' } }, /no-such-ca/],
    [
      'a password that is not there',
      { source: 'postgres', postgres: { passwordFile: 'no-such-file' } },
      /no-such-file/,
    ],
    ['no connections', { source: 'postgres', postgres: { connectionsMax: 0 } }, /ownership\.postgres\.connectionsMax/],
    ['half of TLS', { source: 'postgres', postgres: { tls: 'prefer' } }, /ownership\.postgres\.tls/],
  ])('is not %s', (_, ownership, message) => {
    expect(() => open(ownership)).toThrow(message);
  });
});

describe('the book of the settings', () => {
  it.each<[string, Record<string, unknown>, RegExp]>([
    ['none', { source: 'none' }, /nobody may see anything/],
    ['the maker’s', { source: 'http', http: { url, keyFile } }, /your own service/],
    ['the issuer’s', { source: 'claims' }, /its issuer/],
  ])('is not written here where it is %s', (_, ownership, message) => {
    expect(() => openGrantBook(settingsWith(ownership), {})).toThrow(message);
  });
});
