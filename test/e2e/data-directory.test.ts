import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openToRead } from '../../src/audit/schema.ts';
import { lockDataDirectory } from '../../src/wiring/index.ts';
import { AuditPlace } from '../audit/support/audit-place.ts';
import { command, startedCommand } from '../support/command.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const by = `system:${userInfo().username}`;

/** Runs `latchkey` at a terminal of its own (`script` makes one), where somebody says this. Gives what the terminal has shown. */
async function atTerminal(words: readonly string[], said: string, folder: string): Promise<string> {
  const line = [process.execPath, '--disable-warning=ExperimentalWarning', 'src/main.ts', ...words].join(' ');
  const child = spawn('script', ['--quiet', '--command', line, '/dev/null'], {
    env: { ...process.env, LATCHKEY_DEMO: 'false', LATCHKEY_DATA_DIRECTORY: folder },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  child.stdout.on('data', (data) => {
    if (/Go on\?/.test(`${shown}${data}`) && !/Go on\?/.test(shown)) child.stdin.write(`${said}\n`);
    shown += data;
  });
  await once(child, 'close');
  return shown;
}

/** A data directory, and what is said and done about it. */
function dataDirectory(folder = temporaryFolder()) {
  const environment = {
    LATCHKEY_DEMO: 'false',
    LATCHKEY_DATA_DIRECTORY: folder,
    LATCHKEY_HTTP_PORT: '0',
    LATCHKEY_RELAY_PORT: '0',
    LATCHKEY_OPERATIONS_PORT: '0',
  };
  const run = (...words: string[]) => command([...words, '--config', 'config/demo.json'], environment);
  return {
    file: (name: string) => join(folder, name),
    folder,
    run,
    async serve() {
      const relay = await startedCommand(['serve', '--config', 'config/demo.json'], /^Latchkey serves/, environment);
      onTestFinished(() => relay.signal('SIGKILL'));
      return relay;
    },
    /** Operators’ acts on record: who, what, how it stands, and the names beside it. */
    async acts(): Promise<string[]> {
      const lines = (await run('audit', 'export')).output.trim().split('\n');
      return lines
        .map((line) => JSON.parse(line))
        .filter(({ kind }) => kind === 'operator')
        .map(({ body, names }) => {
          const said = JSON.parse(body);
          const about = names.map(({ part, name, details }: Record<string, string>) => `${part}=${name} ${details}`);
          return [said.by, said.action, said.outcome, ...about].join(' ');
        });
    },
  };
}

describe('a data directory', () => {
  it('is one relay’s: a second one is told whose, changes nothing, and has it once the first was killed', async () => {
    const { run, serve, folder } = dataDirectory();
    const first = await serve();
    const { code, errors } = await run('serve');
    expect(code).toBe(2);
    expect(errors).toMatch(/cannot be taken: it is in use by process \d+ on \S+ since 20/);
    expect((await run('serve', '--check')).code).toBe(0);
    const kinds = (await run('audit', 'export')).output.match(/"kind":"[a-z-]+"/g);
    expect(kinds).toEqual(['"kind":"run-started"']);
    await first.stop('SIGKILL');
    lockDataDirectory(folder).close();
  });

  it('without the levers that it had keeps a relay from starting, until somebody accepts that, on record', async () => {
    const { run, serve, acts, file } = dataDirectory();
    expect((await run('levers', 'accept-loss', '--yes')).errors).toContain('nothing is lost');
    const first = await serve();
    rmSync(file('levers.sqlite'));
    expect((await run('levers', 'accept-loss', '--yes')).errors).toContain('it is in use by process');
    expect(await first.stop()).toBe(0);
    const refused = await run('serve');
    expect([refused.code, refused.errors]).toEqual([2, expect.stringContaining('"latchkey levers accept-loss"')]);
    const unsaid = await run('levers', 'accept-loss');
    expect([unsaid.code, unsaid.errors]).toEqual([2, expect.stringContaining('say so with --yes')]);
    expect(await acts()).toEqual([]);
    expect((await run('levers', 'accept-loss', '--yes')).code).toBe(0);
    expect(await acts()).toEqual([
      `${by} levers.accept-loss begun target= {}`,
      `${by} levers.accept-loss done target= {}`,
    ]);
    const second = await serve();
    expect(existsSync(file('levers.sqlite'))).toBe(true);
    expect(await second.stop()).toBe(0);
    expect((await run('audit', 'verify')).code).toBe(0);
  });

  it('that has a record has changes of owners by command on it, from whom and to whom', async () => {
    const { run, serve, acts } = dataDirectory();
    expect((await run('own', 'grant', 'alice', 'garden', '--role', 'owner')).code).toBe(0);
    const relay = await serve();
    expect(await acts()).toEqual([]);
    await run('own', 'revoke', 'alice', 'garden');
    await run('own', 'grant', 'ben', 'garden', '--role', 'owner', '--until', '2100-01-01T00:00:00Z');
    const detail = '{"detail":"as owner, until 2100-01-01T00:00:00.000Z"}';
    expect(await acts()).toEqual([
      `${by} own.revoke begun device=garden {} subject=alice {}`,
      `${by} own.revoke done device=garden {} subject=alice {}`,
      `${by} own.grant begun device=garden ${detail} subject=ben {}`,
      `${by} own.grant done device=garden ${detail} subject=ben {}`,
    ]);
    expect((await run('audit', 'export-subject', 'ben')).output).toContain('own.grant');
    expect((await run('audit', 'erase', 'ben', '--yes', '--json')).output).toBe('{"erased":2,"logEmptied":true}\n');
    expect((await acts()).join()).not.toContain('ben');
    expect(await relay.stop()).toBe(0);
  });

  it('whose record cannot be written has nobody let in by command, and lets them be shut out', async () => {
    const { run, serve, file } = dataDirectory();
    await run('own', 'grant', 'alice', 'garden', '--role', 'owner');
    await (await serve()).stop();
    const key = readFileSync(file('audit-key.json'));
    rmSync(file('audit.sqlite'));
    mkdirSync(file('audit.sqlite'));
    const grant = await run('own', 'grant', 'ben', 'garden');
    expect([grant.code, grant.errors]).toEqual([5, expect.stringContaining('the record cannot be written')]);
    const revoke = await run('own', 'revoke', 'alice', 'garden');
    expect([revoke.code, revoke.errors]).toEqual([
      5,
      expect.stringContaining('it was done, and is not whole on record'),
    ]);
    expect((await run('own', 'list', '--json')).output).toBe('{"grants":[]}\n');
    expect(readFileSync(file('audit-key.json'))).toEqual(key);
  });

  it('has erased bytes in its log while somebody reads the record: that is said, and the exit code is not 0', async () => {
    using place = new AuditPlace();
    const { run, serve } = dataDirectory(place.folder);
    await (await serve()).stop();
    const { database } = openToRead(place.place.file);
    database.exec('BEGIN');
    database.prepare('SELECT count(*) FROM record').get();
    await run('own', 'grant', 'alice', 'garden');
    const busy = await run('audit', 'erase', 'alice', '--yes');
    expect([busy.code, busy.output]).toEqual([
      5,
      expect.stringMatching(/^2 names erased.*audit\.sqlite-wal.*say the same again/),
    ]);
    database.close();
    expect(await run('audit', 'erase', 'alice', '--yes')).toMatchObject({ code: 0 });
    expect((await run('audit', 'verify')).code).toBe(0);
  });

  it('has a name erased at a terminal when the person there says yes, and not before', async () => {
    const { run, serve, acts, folder } = dataDirectory();
    await (await serve()).stop();
    await run('own', 'grant', 'alice', 'garden');
    for (const [said, isThere] of [
      ['no', true],
      ['yes', false],
    ] as const) {
      const shown = await atTerminal(['audit', 'erase', 'alice', '--config', 'config/demo.json'], said, folder);
      expect(shown).toContain('this forgets alice wherever the name is on record, for good. Go on? [y/N]');
      expect((await acts()).join().includes('alice')).toBe(isThere);
    }
  });

  it('stays its owner’s, whatever root’s commands write in it', async () => {
    if (process.getuid?.() !== 0) throw new Error('Root alone can show it: run this test as root.');
    const { run, serve, folder, file } = dataDirectory();
    await (await serve()).stop();
    await run('own', 'grant', 'alice', 'garden');
    const [user, group] = [65_533, 65_532];
    for (const each of ['', ...readdirSync(folder)]) chownSync(file(each), user, group);
    rmSync(file('levers.sqlite'));
    await run('levers', 'accept-loss', '--yes');
    await run('audit', 'erase', 'alice', '--yes');
    await run('own', 'grant', 'ben', 'garden');
    for (const each of readdirSync(folder)) {
      const { uid, gid } = statSync(file(each));
      expect([each, uid, gid]).toEqual([each, user, group]);
    }
  });
});
