import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { postgresSchema } from '../../src/ownership/index.ts';
import { AuditPlace } from '../audit/support/audit-place.ts';
import { command } from '../support/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-cli-'));
const own = { LATCHKEY_DATA_DIRECTORY: join(folder, 'data') };
const demo = ['--config', 'config/demo.json'];

describe('latchkey', () => {
  it.each([
    'latchkey',
    'latchkey serve',
    'latchkey doctor',
    'latchkey camera',
    'latchkey view',
    'latchkey token',
    'latchkey own',
    'latchkey own grant',
    'latchkey own revoke',
    'latchkey own list',
    'latchkey own schema',
    'latchkey status',
    'latchkey revoke',
    'latchkey revoke subject',
    'latchkey revoke device',
    'latchkey revoke token',
    'latchkey revoke all',
    'latchkey release',
    'latchkey switch',
    'latchkey drain',
    'latchkey reload',
    'latchkey levers',
    'latchkey levers accept-loss',
    'latchkey audit',
    'latchkey audit who-saw',
    'latchkey audit what-saw',
    'latchkey audit verify',
    'latchkey audit export',
    'latchkey audit export-subject',
    'latchkey audit erase',
  ])('%s explains itself', async (name) => {
    const { code, output } = await command([...name.split(' ').slice(1), '--help']);
    expect(code).toBe(0);
    expect(output).toContain(`Usage: ${name} [options]`);
  });

  it('ends in peace when nobody reads what it says', async () => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'src/main.ts', '--help'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let errors = '';
    child.stderr.on('data', (data) => {
      errors += data;
    });
    const [code] = await once(child, 'close');
    expect([code, errors]).toEqual([0, '']);
  });

  it.each([
    ['an unknown subcommand', ['dance'], /unknown command/],
    ['an unknown option', ['serve', '--port', '1'], /unknown option/],
    ['a kind of token that is none', ['token', 'admin', 'alice'], /viewer.*camera/],
    ['a lifetime that is no time', ['token', 'viewer', 'alice', '--lifetime', 'long'], /90s, 15m/],
    ['an id that cannot be', ['token', 'viewer', 'a b'], /letters, digits/],
    ['settings that are not there', ['serve', '--config', 'nowhere.json'], /nowhere\.json/],
    ['no issuer', ['serve', '--check'], /identity\.issuers/],
    ['a source that is not there', ['camera', 'no-such-file.mp4', '--token', 'x'], /no-such-file/],
    ['no source', ['camera', '--token', 'x'], /--source-file/],
    ['two sources', ['camera', 'pattern', '--source-file', 'a', '--token', 'x'], /one source/],
    [
      'a file of a source that is not there',
      ['camera', '--source-file', 'no-such-file', '--token', 'x'],
      /no-such-file/,
    ],
    ['a view of nothing', ['view', '--token', 'x'], /--list/],
    ['a view of nothing by nobody', ['view'], /--list/],
    ['a camera’s token that watches', ['token', 'camera', 'garden', '--watches', 'door'], /viewer’s token/],
    ['a token that watches what is no camera', ['token', 'viewer', 'alice', '--watches', 'a b'], /letters, digits/],
    ['a share until no time', ['own', 'grant', 'a', 'b', '--until', 'yesterday'], /2030-01-31T18:00:00Z/],
    ['a token that the relay would not take', ['token', 'viewer', 'alice', '-l', '30d'], /86400 s at most/],
    ['a relay that is no address', ['view', 'garden', '--token', 'x', '--relay', 'nonsense'], /nonsense|relay/],
  ])('%s is wrong usage, said in a line', async (_, words, message) => {
    const { code, errors } = await command(words);
    expect(errors).toMatch(message);
    expect(errors).not.toMatch(/^\s+at /m);
    expect(code).toBe(2);
  });

  it('a token is missing: refused', async () => {
    const { code, errors } = await command(['view', 'garden']);
    expect([code, errors]).toEqual([3, expect.stringContaining('--token-file')]);
  });

  it.each([
    [
      'a certificate',
      { http: { tls: { certificateFile: 'no.pem', keyFile: 'no.pem' } } },
      /http\.tls\.certificateFile/,
    ],
    ['a key set', { identity: { issuers: [{ issuer: 'a', keys: { jwksFile: 'no.json' } }] } }, /no\.json/],
  ])('%s that cannot be read is found by a check', async (name, settings, message) => {
    const file = join(folder, `${name}.json`);
    writeFileSync(
      file,
      JSON.stringify({
        identity: { issuers: [{ issuer: 'a', keys: { jwksUrl: 'https://a.example/' } }] },
        ...settings,
      }),
    );
    const { code, errors } = await command(['serve', '--check', '--config', file], own);
    expect(errors).toMatch(message);
    expect(code).toBe(2);
  });

  it('settings that are usable are said to be', async () => {
    expect(await command(['serve', '--check', ...demo], own)).toMatchObject({
      code: 0,
      output: 'The settings are usable.\n',
    });
  });

  it('makes development tokens of either kind, and none in production', async () => {
    const { output } = await command(['token', 'viewer', 'alice', '--lifetime', '15m', '--json'], own);
    const { token, expiresAt } = JSON.parse(output);
    const claims = decodeJwt(token);
    expect(claims).toMatchObject({ sub: 'alice', aud: 'latchkey-viewer' });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(900);
    expect(Math.abs(Date.parse(expiresAt) / 1000 - (claims.exp ?? 0))).toBeLessThanOrEqual(1);
    const camera = await command(['token', 'camera', 'garden'], own);
    expect(decodeJwt(camera.output.trim())).toMatchObject({ sub: 'garden', aud: 'latchkey-camera' });
    const production = join(folder, 'production.json');
    const issuers = [{ issuer: 'https://id.example', keys: { jwksUrl: 'https://id.example/keys' } }];
    writeFileSync(production, JSON.stringify({ identity: { issuers } }));
    expect((await command(['token', 'viewer', 'alice', '--config', production], own)).code).toBe(2);
  });

  it('grants, lists and revokes', async () => {
    const database = { LATCHKEY_DATA_DIRECTORY: join(folder, 'owners') };
    const run = (...words: string[]) => command(['own', ...words, ...demo, '--json'], database);
    expect((await run('grant', 'alice', 'garden', '--role', 'owner')).code).toBe(0);
    const shared = JSON.parse((await run('grant', 'ben', 'garden', '--until', '2100-01-01T00:00:00Z')).output);
    expect(shared).toEqual({
      granted: { subject: 'ben', device: 'garden', role: 'viewer', until: '2100-01-01T00:00:00.000Z' },
    });
    expect(JSON.parse((await run('list')).output).grants).toHaveLength(2);
    expect(JSON.parse((await run('list', '--subject', 'alice')).output).grants).toEqual([
      { subject: 'alice', device: 'garden', role: 'owner', until: null },
    ]);
    expect(JSON.parse((await run('revoke', 'ben', 'garden')).output)).toEqual({ revoked: true });
    expect(JSON.parse((await run('revoke', 'ben', 'garden')).output)).toEqual({ revoked: false });
    expect((await run('grant', 'ben', 'garden', '--until', '2001-01-01T00:00:00Z')).code).toBe(2);
    const table = await command(['own', 'list', ...demo], database);
    expect(table.output).toBe('SUBJECT  DEVICE  ROLE   UNTIL\nalice    garden  owner  -\n');
  });

  it('makes a token that names its cameras, for who takes ownership from claims', async () => {
    const { output } = await command(['token', 'viewer', 'alice', '--watches', 'garden', 'door'], own);
    expect(decodeJwt(output.trim())).toMatchObject({ latchkey_devices: ['garden', 'door'] });
  });

  it('prints the schema of PostgreSQL', async () => {
    const { code, output } = await command(['own', 'schema']);
    expect([code, output]).toEqual([0, postgresSchema]);
  });

  it('says who grants where it is not the relay', async () => {
    const claims = { ...own, LATCHKEY_OWNERSHIP_SOURCE: 'claims', LATCHKEY_DEMO: 'false' };
    const { code, errors } = await command(['own', 'grant', 'alice', 'garden', ...demo], claims);
    expect([code, errors]).toEqual([2, expect.stringContaining('at its issuer')]);
  });

  it('a PostgreSQL that is not there is no place for grants right now', async () => {
    const postgres = {
      ...own,
      LATCHKEY_OWNERSHIP_SOURCE: 'postgres',
      LATCHKEY_OWNERSHIP_POSTGRES_PORT: '1',
      LATCHKEY_DEMO: 'false',
    };
    const { code, errors } = await command(['own', 'list', ...demo], postgres);
    expect([code, errors]).toEqual([5, expect.stringContaining('ECONNREFUSED')]);
  });

  it('an embedded database that the settings do not have is no place for grants', async () => {
    const { code, errors } = await command(['own', 'list', ...demo], {
      ...own,
      LATCHKEY_OWNERSHIP_SOURCE: 'none',
      LATCHKEY_DEMO: 'false',
    });
    expect([code, errors]).toEqual([2, expect.stringContaining('ownership.source')]);
  });
});

it('latchkey audit makes no key for a record whose own is gone', async () => {
  using place = new AuditPlace();
  place.fill();
  const { code, errors } = await command(['audit', 'verify', ...demo], { LATCHKEY_DATA_DIRECTORY: place.folder });
  expect(code).toBe(2);
  expect(errors).toMatch(/audit-key\.json, the key that has signed the audit/);
  expect(existsSync(join(place.folder, 'audit-key.json'))).toBe(false);
});
