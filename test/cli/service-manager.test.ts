import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { openNoticeSocket, serviceManagerOf } from '../../src/cli/service-manager.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { NoticeSocket } from '../support/notice-socket.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-notify-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const clock = new ManualClock();
const powers = { clock, monotonicUs: () => 123_456n, processId: 42 };

describe.each([
  ['a path', () => join(folder, randomBytes(6).toString('hex'))],
  ['a name of Linux’s own', () => `@latchkey-${randomBytes(6).toString('hex')}`],
])('a service manager at %s', (_, address) => {
  it('hears when the relay is ready, reads its settings again, and stops', async () => {
    const at = address();
    using socket = new NoticeSocket(at);
    const manager = await serviceManagerOf({ NOTIFY_SOCKET: at }, powers);
    manager.ready('Serving');
    manager.reloading();
    manager.ready('Serving\nagain');
    manager.stopping('Moving');
    manager.status('3 left');
    manager.extend(10_000);
    expect(socket.received()).toEqual([
      'READY=1\nSTATUS=Serving',
      'RELOADING=1\nMONOTONIC_USEC=123456\nSTATUS=Reading its settings again',
      'READY=1\nSTATUS=Serving again',
      'STOPPING=1\nSTATUS=Moving',
      'STATUS=3 left',
      'EXTEND_TIMEOUT_USEC=10000000',
    ]);
    manager.close();
  });

  it('that is gone costs nothing', async () => {
    const manager = await serviceManagerOf({ NOTIFY_SOCKET: address() }, powers);
    manager.ready('Serving');
    manager.close();
  });
});

describe('the watchdog', () => {
  async function barks(environment: NodeJS.ProcessEnv, ms: number): Promise<number> {
    const sent: string[] = [];
    const manager = await serviceManagerOf({ NOTIFY_SOCKET: '/nobody', ...environment }, powers, async () => (text) => {
      sent.push(text);
    });
    clock.advance(ms);
    manager.close();
    clock.advance(ms);
    expect(clock.pending).toBe(0);
    expect(sent.every((text) => text === 'WATCHDOG=1')).toBe(true);
    return sent.length;
  }

  it('is told twice in its time that the event loop turns, until the relay is closed', async () => {
    expect(await barks({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '42' }, 60_000)).toBe(5);
    expect(await barks({ WATCHDOG_USEC: '30000000' }, 60_000)).toBe(5);
  });

  it('is told nothing where it waits for another process, or for none', async () => {
    expect(await barks({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '43' }, 60_000)).toBe(0);
    for (const value of ['', '0', '-1', 'soon']) expect(await barks({ WATCHDOG_USEC: value }, 60_000)).toBe(0);
    expect(await barks({}, 60_000)).toBe(0);
  });

  it('is told no more often than is of use to anybody', async () => {
    expect(await barks({ WATCHDOG_USEC: '1' }, limits.watchdogMsMin)).toBe(3);
  });
});

describe('an address', () => {
  it.each(['relative', 'vsock:2:1234', '', `/${'a'.repeat(107)}`])('“%s” is refused', async (address) => {
    await expect(openNoticeSocket(address)).rejects.toMatchObject({ code: 'settings-invalid' });
  });

  it('of the greatest length is taken', async () => {
    await expect(openNoticeSocket(`/${'a'.repeat(106)}`)).resolves.toBeTypeOf('function');
  });

  it('is not there where no service manager is: nothing is told', async () => {
    const manager = await serviceManagerOf({}, powers, () => Promise.reject(new Error('asked')));
    for (const tell of [
      () => manager.ready(''),
      () => manager.reloading(),
      () => manager.stopping(''),
      () => manager.status(''),
      () => manager.extend(1),
      () => manager.close(),
    ])
      expect(tell).not.toThrow();
  });
});
