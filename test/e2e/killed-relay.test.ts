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
/** Open files of the fleet and of the relay beside the cameras. */
const reservedFiles = 1_000;

/** As many cameras as the hard limit lets a process have; Node raises its own soft limit to that. */
function fleetSize(): number {
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  const most = hard === undefined ? asked : Number(hard) - reservedFiles;
  if (most < asked) process.stderr.write(`only ${most} cameras: ulimit -Hn allows ${hard} open files\n`);
  return Math.min(asked, most);
}

describe('a relay that is killed with its whole fleet connected', () => {
  it('has every camera back by its own backoff, each once, and none as another', { timeout: msMax }, async () => {
    const [port, operations, cameras] = [await freePort(), await freePort(), fleetSize()];
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
