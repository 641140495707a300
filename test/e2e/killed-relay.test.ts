import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { startedCommand } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-killed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const asked = 5_000;
const msMax = 240_000;
/** Of the fleet and of the relay: a file for each camera, and those beside them. */
const filesWanted = asked + 1_000;

function hardLimit(): number {
  const found = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return found === undefined ? filesWanted : Number(found);
}

/**
 * As many cameras as the hard limit of open files lets a process have: Node raises its soft limit to that by itself. A hard limit that is
 * too low is raised first, where this may be done.
 */
function fleetSize(): number {
  if (hardLimit() < filesWanted) {
    spawnSync('prlimit', ['--pid', String(process.pid), `--nofile=${filesWanted}:${filesWanted}`]);
  }
  return Math.min(asked, asked + hardLimit() - filesWanted);
}

const cameras = fleetSize();
const fewer = cameras < asked ? `, no more of them because ulimit -Hn is ${hardLimit()}` : '';

describe('a relay that is killed with its whole fleet connected', () => {
  it(`has all ${cameras} cameras back by their own backoff, each once, and none as another${fewer}`, {
    timeout: msMax,
  }, async () => {
    const [port, operations] = [await freePort(), await freePort()];
    const settings = {
      LATCHKEY_CONFIG: 'config/demo.json',
      LATCHKEY_DEMO: 'false',
      LATCHKEY_DATA_DIRECTORY: folder,
      LATCHKEY_HTTP_HOST: '127.0.0.1',
      LATCHKEY_HTTP_PORT: String(port),
      LATCHKEY_RELAY_HOST: '127.0.0.1',
      LATCHKEY_RELAY_PORT: '0',
      LATCHKEY_OPERATIONS_PORT: String(operations),
      LATCHKEY_ADMIN_PORT: '0',
    };
    const metric = async (name: string) => {
      const text = await (await fetch(`http://127.0.0.1:${operations}/metrics`)).text();
      return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    };
    await using running = new AsyncDisposableStack();
    const endAtLast = (started: Awaited<ReturnType<typeof startedCommand>>) => {
      running.defer(() => started.stop('SIGKILL').then(() => {}));
      return started;
    };
    const serve = async () => endAtLast(await startedCommand(['serve'], /^Latchkey serves/, settings));
    const report = join(folder, 'report.json');
    const first = await serve();
    const size = ['--cameras', String(cameras), '--viewers', '5', '--asks-per-second', '5', '--hold', '1s'];
    const end = ['--wait-for-outage', '--seconds-max', `${msMax / 1_000}s`, '--json', report];
    const parameters = ['storm', `http://127.0.0.1:${port}`, ...size, ...end];
    const fleet = endAtLast(await startedCommand(parameters, /^waiting for the outage/, settings, 'errors'));
    expect(await metric('latchkey_cameras')).toBe(cameras);
    await first.stop('SIGKILL');
    const second = await serve();
    await fleet.ended;
    expect(await metric('latchkey_registrations_total')).toBe(cameras);
    expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({
      outcome: 'complete',
      crossings: 0,
      storm: { registrations: cameras, missing: 0 },
    });
    expect(await second.stop()).toBe(0);
  });
});
