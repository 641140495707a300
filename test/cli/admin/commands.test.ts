import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LatchkeyError } from '../../../src/base/index.ts';
import { type AdminWorld, adminWorld, nightToken, operatorToken } from '../../support/admin-world.ts';
import { startedCommand } from '../../support/command.ts';
import { commandHere } from '../../support/command-here.ts';
import { selfSigned } from '../../support/self-signed.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-admin-'));
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const tokenFile = file('token', operatorToken);
let world: AdminWorld;
let other: AdminWorld;

beforeAll(async () => {
  [world, other] = await Promise.all([adminWorld(), adminWorld()]);
});
afterAll(() => Promise.all([world.admin.close(), other.admin.close()]));

const run = (...parameters: string[]) =>
  commandHere(parameters, { LATCHKEY_ADMIN: world.admin.url, LATCHKEY_ADMIN_TOKEN_FILE: tokenFile });

describe('the commands of the admin API', () => {
  it.each<[string[], RegExp, string]>([
    [
      ['revoke', 'subject', 'alice'],
      /^revoked subject alice: ended 0 live views and 0 connections$/m,
      '{"of":"subject","subject":"alice"}',
    ],
    [['revoke', 'device', 'cam-1'], /^revoked device cam-1/, '{"of":"device","device":"cam-1"}'],
    [['revoke', 'token', 'a b'], /^revoked token a b/, '{"of":"token","tokenId":"a b"}'],
    [['revoke', 'all', '--yes'], /^revoked everything/, '{"of":"all"}'],
    [['release', 'cam-1'], /^cam-1 is released$/m, 'release cam-1'],
    [['release', 'cam-2'], /^cam-2 was not in quarantine$/m, 'release cam-2'],
    [['switch', 'whep', 'off'], /^whep is off: ended/, 'whep {"position":"off"}'],
    [['switch', 'whep', 'on'], /^whep is on/, 'whep {"position":"on"}'],
    [
      [
        'switch',
        'sharing',
        'off',
        '--prefix',
        'lab-',
        '--prefix',
        'hall-',
        '--list',
        file('list', '# ours\ncam-1\n\n cam-2\n'),
      ],
      /^sharing is off for cameras that begin with lab-, hall- and 2 named cameras: ended/,
      'sharing {"position":"off-for","prefixes":["lab-","hall-"],"devices":["cam-1","cam-2"]}',
    ],
  ])('%j', async (parameters, words, thrown) => {
    const { code, output, errors } = await run(...parameters);
    expect([code, errors]).toEqual([0, '']);
    expect(output).toMatch(words);
    expect(world.levers.thrown.at(-1)).toBe(thrown);
  });

  it('show how the switches stand, all or one', async () => {
    expect((await run('switch')).output).toMatch(
      /^live-view +on\nsharing +off for cameras that begin with lab-, hall- and 2/,
    );
    expect((await run('switch', 'whep')).output).toBe('whep  on\n');
    expect(JSON.parse((await run('switch', 'whep', '--json')).output)).toEqual({
      switches: { whep: { position: 'on' } },
      settings: { whep: { position: 'on' } },
    });
  });

  it('drain and reload', async () => {
    expect(await run('drain', '--over', '30s')).toMatchObject({
      code: 0,
      output: 'draining: 0 cameras and 0 live views to move\n',
    });
    expect(world.drained).toEqual([30]);
    expect(await run('reload')).toMatchObject({
      code: 0,
      output:
        'taken: identity.issuers; keys, certificates and lists were read again\nat the next start alone: http.port\n',
    });
  });

  it('show a node as a table, and as JSON', async () => {
    const { output } = await run('status');
    expect(output).toMatch(/^READY {2}latchkey 0\.1\.0, up .*, ws\n {2}live views +0 +\(0 live, 0 being set up\)\n/);
    expect(JSON.parse((await run('status', '--json')).output)).toMatchObject({
      readiness: 'ready',
      now: { sessions: 0 },
    });
  });

  it('show it again and again until they are stopped', async () => {
    const environment = { LATCHKEY_ADMIN: world.admin.url, LATCHKEY_ADMIN_TOKEN_FILE: tokenFile };
    const watching = await startedCommand(['status', '--watch', '--json'], /"readiness"/, environment);
    await watching.said(/"readiness"/, 1);
    expect(await watching.stop('SIGINT')).toBe(0);
  });

  it('say how to sign in to the page, and never with the credential in an address', async () => {
    const { output } = await run('status', '--open');
    expect(output).toContain(`Open ${world.admin.url}/\n`);
    expect(output).not.toContain(operatorToken);
  });

  it.each([
    ['revoke', 'all', '--dry-run'],
    ['revoke', 'device', 'cam-9', '--dry-run'],
    ['switch', 'live-view', 'off', '--dry-run'],
    ['release', 'cam-9', '--dry-run'],
    ['drain', '--dry-run'],
  ])('change nothing when they run dry: %s %s %s', async (...parameters) => {
    const before = world.state;
    expect((await run(...parameters)).code).toBe(0);
    expect(world.state).toBe(before);
  });
});

describe('wrong usage', () => {
  it.each<[string[], RegExp]>([
    [['revoke', 'all'], /say so with --yes/],
    [['revoke', 'subject', 'a b'], /a subject id has 1 to 256/],
    [['revoke', 'everyone'], /unknown command|too many arguments/],
    [['release'], /missing required argument/],
    [['switch', 'television', 'off'], /Allowed choices are/],
    [['switch', 'sharing', 'half'], /Allowed choices are/],
    [['switch', 'sharing', 'on', '--prefix', 'lab-'], /leave --prefix and --list out/],
    [['switch', 'sharing', '--prefix', 'lab-'], /go with a feature and off/],
    [['switch', 'sharing', 'off', '--list', file('empty', '# nobody\n')], /names no camera/],
    [['switch', 'sharing', 'off', '--list', join(folder, 'nowhere')], /cannot be read/],
    [['drain', '--over', 'soon'], /Give a time/],
    [['drain', '--over', '2d'], /--over: 1 to 3600 s/],
    [['status', '--admin', 'example.com'], /is no URL such as/],
    [['status', '--admin', 'http://a:b@127.0.0.1:1'], /is no URL such as/],
    [['status', '--admin-token-file', join(folder, 'nowhere')], /cannot be read/],
    [['status', '--admin-token-file', file('blank', '\n')], /holds no credential/],
  ])('is said, and changes nothing: %j', async (parameters, words) => {
    const before = world.state;
    const { code, errors } = await run(...parameters);
    expect([code, world.state]).toEqual([2, before]);
    expect(errors).toMatch(words);
  });

  it('has help for each command', async () => {
    for (const name of ['revoke', 'release', 'switch', 'drain', 'reload', 'status']) {
      const { code, output } = await run(name, '--help');
      expect(code).toBe(0);
      expect(output).toMatch(/Exit codes/);
    }
  });
});

describe('what goes wrong', () => {
  it('is that no relay answers: it says which setting', async () => {
    const { code, errors } = await run('status', '--admin', 'http://127.0.0.1:1');
    expect([code, errors]).toEqual([
      5,
      expect.stringMatching(/http:\/\/127\.0\.0\.1:1: connect ECONNREFUSED.*admin\.host and admin\.port/),
    ]);
  });

  it('is that something else answers there', async () => {
    const { createServer } = await import('node:http');
    const server = createServer((_, response) => response.end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const { code, errors } = await run('status', '--admin', `http://127.0.0.1:${port}`);
    server.close();
    expect([code, errors]).toEqual([5, expect.stringContaining('no admin API of this version')]);
  });

  it('is a wrong credential', async () => {
    const { code, errors } = await run('status', '--admin-token-file', file('wrong', 'x'.repeat(40)));
    expect([code, errors]).toEqual([3, expect.stringMatching(/does not know the credential in .*--admin-token-file/)]);
  });

  it('is a refusal of the relay, in its words', async () => {
    world.levers.fails = new LatchkeyError('overloaded', 'there are too many');
    const told = await run('revoke', 'subject', 'alice');
    world.levers.fails = undefined;
    expect([told.code, told.errors]).toEqual([5, expect.stringContaining('(there are too many)')]);
  });

  it('is that it was done and not recorded', async () => {
    world.audit.writable = false;
    const told = await run('revoke', 'subject', 'alice', '--json');
    world.audit.writable = true;
    expect([told.code, JSON.parse(told.output).error]).toEqual([
      5,
      { code: 'audit-unavailable', message: expect.stringContaining('it was done all the same') },
    ]);
  });
});

describe('several nodes', () => {
  it('are each reported', async () => {
    const both = ['--admin', world.admin.url, '--admin', other.admin.url];
    const { code, output } = await run('revoke', 'subject', 'bob', ...both);
    expect([code, output.split('\n').length]).toEqual([0, 3]);
    expect(output).toContain(`${other.admin.url}  revoked subject bob`);
    expect(other.levers.thrown).toEqual(['{"of":"subject","subject":"bob"}']);
  });

  it('may be named by the environment, too', async () => {
    const environment = {
      LATCHKEY_ADMIN: `${world.admin.url} ${other.admin.url}`,
      LATCHKEY_ADMIN_TOKEN_FILE: tokenFile,
    };
    const { output } = await commandHere(['status', '--json'], environment);
    expect(
      output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).admin),
    ).toEqual([world.admin.url, other.admin.url]);
  });

  it('fail when one fails, and the others are done', async () => {
    const { code, output, errors } = await run(
      'revoke',
      'subject',
      'carol',
      '--admin',
      'http://127.0.0.1:1',
      '--admin',
      other.admin.url,
    );
    expect([code, output.trim()]).toEqual([5, expect.stringMatching(/revoked subject carol/)]);
    expect(errors).toMatch(/^http:\/\/127\.0\.0\.1:1 {2}failed:/);
  });
});

describe('the credential', () => {
  it.each([
    ['the relay’s own file', JSON.stringify(nightToken)],
    ['name:token lines', `# shifts\nnight:${nightToken}\nday:${operatorToken}\n`],
  ])('is taken from %s', async (_, text) => {
    await run('revoke', 'token', 'x', '--admin-token-file', file('as-night', text));
    expect(world.audit.entries.at(-1)).toMatchObject({ by: 'night' });
  });

  it('and the address are the settings’ own, where nobody names others', async () => {
    const data = mkdtempSync(join(tmpdir(), 'latchkey-admin-data-'));
    writeFileSync(join(data, 'admin-token'), JSON.stringify(operatorToken));
    const environment = { LATCHKEY_DATA_DIRECTORY: data, LATCHKEY_ADMIN_PORT: String(world.admin.port) };
    expect(await commandHere(['status', '-c', 'config/demo.json'], environment)).toMatchObject({ code: 0 });
  });

  it('travels over TLS with a private CA', async () => {
    const tls = selfSigned();
    await using sealed = await adminWorld({}, { tls });
    const url = `https://localhost:${sealed.admin.port}`;
    expect((await run('status', '--admin', url)).errors).toContain('name its CA with --ca');
    expect(await run('status', '--admin', url, '--ca', file('ca.pem', tls.certificate))).toMatchObject({ code: 0 });
  });
});
