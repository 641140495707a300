import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openEmbeddedOwnership } from '../../src/wiring/index.ts';
import { command, startedCommand } from '../support/command.ts';
import { runningRelay } from '../support/running-relay.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-storm-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const production = join(folder, 'production.json');
writeFileSync(production, JSON.stringify({ identity: { issuers: [{ issuer: 'x', keys: { jwksFile: 'x.json' } }] } }));

const small = ['--cameras', '20', '--viewers', '4', '--hold', '1s'];

describe('latchkey storm', () => {
  it('storms a development relay in one go, and leaves no owner behind', async () => {
    await using relay = await runningRelay();
    const data = relay.settings.dataDirectory;
    const metrics = `http://127.0.0.1:${relay.server.operationsPort}/metrics`;
    const file = join(folder, 'report.json');
    const run = await command(['storm', relay.url, ...small, '--data', data, '--metrics', metrics, '--json', file]);
    expect(run).toMatchObject({ code: 0, output: expect.stringMatching(/crossings +0\n$/) });
    expect(run.errors).toMatch(/coming back: 20 of 20 registered/);
    const report = JSON.parse(readFileSync(file, 'utf8'));
    expect(report).toMatchObject({ cameras: 20, viewers: 4, outcome: 'complete', crossings: 0, storm: { missing: 0 } });
    expect(report.memory.idleBytes).toBeGreaterThan(0);
    expect(await relay.metric('latchkey_registrations_total')).toBe(40);
    const source = openEmbeddedOwnership(relay.settings);
    expect(source.list()).toEqual([]);
    await source.close();
  });

  it('takes tokens from a file', async () => {
    await using relay = await runningRelay();
    await relay.grant('alice', 'door');
    const file = join(folder, 'tokens.jsonl');
    const lines = [
      { device: 'door', token: await relay.token('camera', 'door') },
      { subject: 'alice', token: await relay.token('viewer', 'alice') },
    ];
    writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'));
    const run = await command(['storm', relay.url, '--tokens', file, '--hold', '1s']);
    expect(run).toMatchObject({ code: 0, output: expect.stringMatching(/^1 cameras and 1 viewers/) });
    expect(run.errors + run.output).not.toContain(lines[0]?.token);
  });

  it('tells how far it came when it is interrupted, and says so by its exit code', async () => {
    await using relay = await runningRelay();
    const parameters = ['storm', relay.url, ...small, '--hold', '1h', '--data', relay.settings.dataDirectory];
    const running = await startedCommand(parameters, /^holding/, {}, 'errors');
    expect(await running.stop('SIGINT')).toBe(130);
    expect(running.output).toMatch(/interrupted[\s\S]*first registration[\s\S]*crossings +0/);
  });

  it('ends in time when not all come back, and says so by its exit code', async () => {
    const nobody = ['storm', 'http://127.0.0.1:9', ...small, '--data', join(folder, 'data'), '--seconds-max', '1s'];
    const run = await command(nobody);
    expect(run.code).toBe(5);
    expect(run.output).toMatch(/out of time[\s\S]*20 missing[\s\S]*ECONNREFUSED × \d/);
  });

  it.each<[string, string[], RegExp]>([
    ['no relay', [], /missing required argument 'relay'/],
    ['no tokens', ['http://127.0.0.1:9'], /say where the tokens come from/],
    ['a relay beyond this machine', ['http://203.0.113.7', '--data', folder], /--target-is-mine/],
    ['too many cameras', ['http://127.0.0.1:9', '--data', folder, '--cameras', '200001'], /from 1 to 200000/],
    ['too long a time', ['http://127.0.0.1:9', '--data', folder, '--seconds-max', '25h'], /86400 s at most/],
    ['two places for tokens', ['http://127.0.0.1:9', '--data', folder, '--tokens', 'x'], /cannot be used with/],
    ['no file of tokens', ['http://127.0.0.1:9', '--tokens', join(folder, 'none')], /cannot be read/],
    ['a relay in production', ['http://127.0.0.1:9', '--config', production], /production/],
  ])('refuses %s as wrong usage', async (_, parameters, said) => {
    const run = await command(['storm', ...parameters]);
    expect(run).toMatchObject({ code: 2, output: '', errors: expect.stringMatching(said) });
  });

  it('refuses a fleet that it has not the open files for, and says how many it has', () => {
    const parameters = ['src/main.ts', 'storm', 'http://127.0.0.1:9', '--data', folder, '--cameras', '500'];
    const run = spawnSync('prlimit', ['--nofile=400:400', process.execPath, ...parameters], { encoding: 'utf8' });
    expect(run).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/172 cameras at most.*ulimit -n 728/),
    });
  });

  it('explains itself', async () => {
    const { code, output } = await command(['storm', '--help']);
    expect(code).toBe(0);
    for (const words of ['--ignore-retry-after', '--target-is-mine', 'ulimit -n', '"device": "cam-1"', 'Exit codes']) {
      expect(output).toContain(words);
    }
  });
});
