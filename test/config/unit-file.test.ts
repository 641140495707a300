import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadSettings } from '../../src/config/index.ts';
import { fileAt, repositoryRoot } from '../support/source-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-unit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const unit = fileAt('config/latchkey.service').text;

/** The last value of a line `Name=value` that is no remark. */
function lineOf(name: string): string | undefined {
  return unit
    .split('\n')
    .findLast((line) => line.startsWith(`${name}=`))
    ?.slice(name.length + 1);
}

describe('the unit for systemd', () => {
  it('starts what there is, with the flags of the command itself', () => {
    const [, ...command] = (lineOf('ExecStart') ?? '').split(' ');
    const file = command.find((part) => part.endsWith('main.ts')) ?? '';
    expect(existsSync(join(repositoryRoot, file))).toBe(true);
    const flags = command.slice(0, command.indexOf(file));
    expect(fileAt(file).text.split('\n')[0]).toContain(flags.join(' '));
    expect(command.slice(command.indexOf(file) + 1, -1)).toEqual(['serve', '--config']);
  });

  it('lets it drain, and reloads it by the signal that it knows', () => {
    const { drain } = loadSettings(undefined, {
      LATCHKEY_IDENTITY_ISSUERS: '[{"issuer": "a", "keys": {"jwksFile": "a"}}]',
    });
    expect(Number.parseInt(lineOf('TimeoutStopSec') ?? '0', 10)).toBeGreaterThan(drain.totalSecondsMax + 10);
    expect([lineOf('Type'), lineOf('ExecReload')]).toEqual(['notify', '/bin/kill -HUP $MAINPID']);
  });

  it('is one that systemd reads, and finds little to say against', () => {
    // Where Node is and where the project lies is another matter on this machine.
    const analyze = (...parameters: string[]) => {
      try {
        return execFileSync('systemd-analyze', parameters, { encoding: 'utf8', stdio: 'pipe' });
      } catch (error) {
        const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
        return `${stdout}${stderr}`;
      }
    };
    const copy = join(folder, 'latchkey.service');
    copyFileSync(join(repositoryRoot, 'config/latchkey.service'), copy);
    const complaints = analyze('verify', copy)
      .split('\n')
      .filter((line) => /latchkey\.service/.test(line));
    expect(complaints.filter((line) => !/not executable|WorkingDirectory/.test(line))).toEqual([]);
    const exposure = /Overall exposure level for latchkey\.service: ([\d.]+)/.exec(
      analyze('security', '--offline=true', copy),
    )?.[1];
    expect(Number(exposure)).toBeLessThanOrEqual(1.5);
  });
});
