import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  install,
  installCommands,
  installHindrance,
  missingOf,
  needs,
  needsText,
  packagesOf,
} from './support/debian-packages.ts';
import { repositoryRoot } from './support/source-files.ts';
import { summaryLine, totalsOf } from './support/test-totals.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-run-'));
afterAll(() => rmSync(folder, { recursive: true }));

function folderWith(name: string, programs: readonly string[], mode = 0o755): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (const program of programs) {
    writeFileSync(join(path, program), '#!/bin/sh\n');
    chmodSync(join(path, program), mode);
  }
  return path;
}

const wanted = [
  { package: 'one', program: 'a', why: 'x' },
  { package: 'two', program: 'b', why: 'y' },
  { package: 'two', program: 'c', why: 'z' },
];

describe('what the tests need', () => {
  it('is looked for in every folder of the PATH', () => {
    const path = [folderWith('first', ['a']), '', folderWith('second', ['b'])].join(delimiter);
    expect(missingOf(wanted, path).map((need) => need.program)).toEqual(['c']);
  });

  it('is missing where a file cannot be run, or is a folder', () => {
    const path = folderWith('plain', ['a'], 0o644);
    mkdirSync(join(path, 'b'));
    expect(missingOf(wanted, path)).toEqual(wanted);
  });

  it('is all missing where there is no PATH', () => {
    expect(missingOf(wanted, '')).toEqual(wanted);
  });

  it('names each package once', () => {
    expect(packagesOf(wanted)).toEqual(['one', 'two']);
  });

  it('says of each program its package and why', () => {
    for (const need of needs) {
      expect(needsText(needs)).toContain(need.program);
      expect(needsText(needs)).toContain(`(Debian package ${need.package}): ${need.why}`);
    }
  });

  it('is installed by root where there is apt-get, and by nobody else', () => {
    const path = folderWith('apt', ['apt-get']);
    expect(installHindrance(0, path)).toBeUndefined();
    expect(installHindrance(1000, path)).toMatch(/root/);
    expect(installHindrance(undefined, path)).toMatch(/root/);
    expect(installHindrance(0, folderWith('no-apt', []))).toMatch(/no apt-get/);
  });

  it('is installed after one update, without questions or recommendations, and waits for the lock', () => {
    const [update, install, ...more] = installCommands(['one', 'two']);
    expect(more).toEqual([]);
    expect(update?.slice(0, 2)).toEqual(['apt-get', 'update']);
    expect(install?.slice(0, 2)).toEqual(['apt-get', 'install']);
    expect(install).toEqual(expect.arrayContaining(['-y', '--no-install-recommends', 'DPkg::Lock::Timeout=120']));
    expect(install?.slice(-2)).toEqual(['one', 'two']);
  });
});

/** An apt-get that notes how it was called, and then does what `script` says. */
function aptGet(name: string, script: string): { environment: NodeJS.ProcessEnv; calls(): string[] } {
  const path = folderWith(name, ['apt-get']);
  const notes = join(path, 'notes');
  writeFileSync(notes, '');
  const program = `#!/bin/sh\necho "$1 $DEBIAN_FRONTEND" >> '${notes}'\n${script}\n`;
  writeFileSync(join(path, 'apt-get'), program);
  const calls = () => readFileSync(notes, 'utf8').split('\n').slice(0, -1);
  return { environment: { PATH: [path, '/usr/bin', '/bin'].join(delimiter) }, calls };
}

describe('installing', () => {
  const both = ['update noninteractive', 'install noninteractive'];

  it('goes on after an update that failed: what is known may do', async () => {
    const { environment, calls } = aptGet('bad-update', 'test "$1" = install');
    const lines: string[] = [];
    const done = await install(['one'], (line) => lines.push(line), new AbortController().signal, environment);
    expect(done).toBe(true);
    expect(calls()).toEqual(both);
    expect(lines).toEqual(installCommands(['one']).map((command) => `> ${command.join(' ')}`));
  });

  it('failed where the last command failed', async () => {
    const { environment, calls } = aptGet('bad-install', 'test "$1" = update');
    expect(await install(['one'], () => {}, new AbortController().signal, environment)).toBe(false);
    expect(calls()).toEqual(both);
  });

  it('failed where there is no apt-get', async () => {
    const environment = { PATH: folderWith('nothing', []) };
    expect(await install(['one'], () => {}, new AbortController().signal, environment)).toBe(false);
  });

  it('ends with the command that runs when it is told to stop', async () => {
    const { environment, calls } = aptGet('endless', 'exec sleep 600');
    const stop = new AbortController();
    const done = install(['one'], () => setImmediate(() => stop.abort()), stop.signal, environment);
    expect(await done).toBe(false);
    expect(calls()).not.toContain('install noninteractive');
  });
});

function report(success: boolean, ...files: [string, ...string[]][]): unknown {
  return {
    success,
    testResults: files.map(([status, ...tests]) => ({
      status,
      assertionResults: tests.map((each) => ({ status: each })),
    })),
  };
}

describe('the totals of a run', () => {
  it.each<[string, unknown, number, [number, number]]>([
    ['passes', report(true, ['passed', 'passed', 'passed']), 0, [2, 0]],
    ['failures', report(false, ['failed', 'passed', 'failed'], ['passed', 'passed']), 1, [2, 1]],
    ['a skipped test as a failure', report(true, ['passed', 'passed', 'skipped']), 0, [1, 1]],
    ['a test that is still to write as a failure', report(true, ['passed', 'passed', 'todo']), 0, [1, 1]],
    ['a file that does not load as a failure', report(false, ['failed'], ['passed', 'passed']), 1, [1, 1]],
    ['a hook that failed after all passed as a failure', report(false, ['failed', 'passed']), 1, [1, 1]],
    ['an exit that no test explains as a failure', report(true, ['passed', 'passed']), 1, [1, 1]],
    ['an error outside of tests as a failure', report(false, ['passed', 'passed']), 0, [1, 1]],
    ['a run of nothing as a failure', report(true), 0, [0, 1]],
    ['a missing report as a failure', undefined, 0, [0, 1]],
    ['a report that is none as a failure', { testResults: 1 }, 0, [0, 1]],
  ])('count %s', (_, json, exitCode, [passed, failed]) => {
    expect(totalsOf(json, exitCode, false)).toEqual({ passed, failed });
  });

  it('leave out what a pick by name left out', () => {
    expect(totalsOf(report(true, ['passed', 'passed', 'skipped']), 0, true)).toEqual({ passed: 1, failed: 0 });
  });

  it('are one line', () => {
    expect(summaryLine({ passed: 3, failed: 0 })).toBe('3 passed, 0 failed');
  });
});

async function run(parameters: string[], path: string): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, ['test/run.ts', ...parameters], {
    cwd: repositoryRoot,
    env: { ...process.env, PATH: path },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err += text;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

describe('npm test', () => {
  it('explains itself', async () => {
    const { code, out } = await run(['--help'], '');
    expect(code).toBe(0);
    expect(out).toMatch(/^npm test: /);
  });

  it('lists what it needs, whether or not it is there', async () => {
    const { code, out } = await run(['--list-needs'], '');
    expect(code).toBe(0);
    expect(out.trimEnd()).toBe(needsText(needs));
  });

  it('names what is missing where it cannot install, and runs no test', async () => {
    const { code, out, err } = await run([], folderWith('empty', []));
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toContain(needsText(needs));
    expect(err).toContain('apt-get install --no-install-recommends chromium ffmpeg');
  });
});
