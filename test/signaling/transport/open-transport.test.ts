import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { openTransport, type TransportHandlers } from '../../../src/signaling/transport/index.ts';
import { ServerCore } from '../../../src/signaling/transport/server-core.ts';
import { loadUws } from '../../../src/signaling/transport/uws-module.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const handlers: TransportHandlers = {
  request: async () => ({ status: 200 }),
  upgrade: async () => ({ refuse: { status: 404 } }),
};
const settings = {
  host: '127.0.0.1',
  port: 0,
  tls: undefined,
  messageBytesMax: 4_096,
  sendBufferBytesMax: 65_536,
  connectionsMax: 10,
  keepAliveMs: 1_000,
};

async function opened(preferred: 'auto' | 'uws' | 'ws'): Promise<string[]> {
  const told: string[] = [];
  const observer = { listening: (name: string, why: string) => void told.push(name, why) };
  const transport = await openTransport(handlers, settings, preferred, { observer });
  await transport.close(0);
  return told;
}

describe('opening a transport', () => {
  it('takes ws where ws is demanded', async () => {
    expect(await opened('ws')).toEqual(['ws', 'http.server is ws']);
  });

  it('takes the faster one that loads where it may choose, and says why', async () => {
    const loaded = await loadUws();
    const expected =
      'module' in loaded ? ['uws', 'its binary loads here'] : ['ws', `uWebSockets.js does not run here: ${loaded.why}`];
    expect(await opened('auto')).toEqual(expected);
  });

  it('takes uWebSockets.js where it is demanded and loads, and else names the setting and the reason', async () => {
    const loaded = await loadUws();
    const demanded = opened('uws');
    if ('module' in loaded) expect(await demanded).toEqual(['uws', 'http.server is uws']);
    else await expect(demanded).rejects.toThrow(`http.server: uws: ${loaded.why}; set it to auto or ws`);
  });

  it('makes no noise where a binary does not load', async () => {
    const script = `import { loadUws } from './src/signaling/transport/uws-module.ts'; await loadUws();`;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    expect(stdout + stderr).toBe('');
  });
});

describe('the bound of TCP connections', () => {
  it('leaves room to refuse some politely, and drops the rest', () => {
    const counts: number[] = [];
    const observer = { connections: (open: number) => void counts.push(open) };
    const core = new ServerCore(handlers, settings, { clock: new ManualClock(), random: seededRandom(1), observer });
    const polite = settings.connectionsMax + limits.connectionsRefusedAtOnceMax;
    for (let open = 0; open < polite; open++) expect(core.connected()).toBe(true);
    expect(core.connected()).toBe(false);
    core.disconnected();
    core.disconnected();
    expect(core.connected()).toBe(true);
    expect(counts.slice(-4)).toEqual([polite + 1, polite, polite - 1, polite]);
  });
});
