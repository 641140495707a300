import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { command, startedCommand } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-commands-'));
const environment = {
  LATCHKEY_DATA_DIRECTORY: join(folder, 'data'),
  LATCHKEY_HTTP_PORT: '0',
  LATCHKEY_RELAY_PORT: '0',
  LATCHKEY_OPERATIONS_PORT: '0',
  LATCHKEY_ADMIN_PORT: '0',
};
let demo: Awaited<ReturnType<typeof startedCommand>>;
let relay: string;

const view = (...words: string[]) => command(['view', ...words, '--relay', relay], environment);

beforeAll(async () => {
  demo = await startedCommand(['serve', '--config', 'config/demo.json'], /Stop: Ctrl-C/, environment);
  relay = demo.lines.map((line) => /Open\s+(http:\S+?)\/$/.exec(line)?.[1]).find((url) => url !== undefined) ?? '';
  const wanted = ['maple-front-door', 'maple-garden'].map((id) => expect.objectContaining({ id, state: 'online' }));
  await vi.waitFor(
    async () => {
      expect(JSON.parse((await view('--list', '--json', '--as', 'alice')).output).devices).toEqual(wanted);
    },
    { timeout: 30_000 },
  );
});

afterAll(async () => {
  expect(await demo.stop()).toBe(0);
});

describe('the commands, against a demo that runs', () => {
  it('say what an owner’s camera sends', async () => {
    const { code, output } = await view('maple-garden', '--as', 'alice', '--seconds', '2', '--json');
    expect(code).toBe(0);
    const stats = JSON.parse(output);
    expect(stats).toMatchObject({ width: 640, height: 360, codec: 'H264', lost: 0 });
    expect(stats.firstFrame.totalMs).toBeGreaterThan(0);
    expect(stats.frames).toBeGreaterThan(15);
    expect(stats.audioPackets).toBeGreaterThan(0);
  });

  it.each(['.mkv', '.webm', '.h264', '.ivf'])('save to a %s that plays', async (ending) => {
    const file = join(folder, `garden${ending}`);
    const codec = ['.mkv', '.h264'].includes(ending) ? 'H264' : 'VP8';
    const { code } = await view('maple-garden', '--as', 'alice', '--seconds', '2', '--codec', codec, '--save', file);
    expect(code).toBe(0);
    const probe = execFileSync('ffprobe', ['-v', 'error', '-count_frames', '-show_streams', '-of', 'json', file]);
    const video = JSON.parse(probe.toString()).streams.find(
      (stream: { codec_type: string }) => stream.codec_type === 'video',
    );
    expect(video).toMatchObject({ width: 640, height: 360, codec_name: codec.toLowerCase() });
    expect(Number(video.nb_read_frames)).toBeGreaterThan(15);
  });

  it('tell a stranger so, with an exit code of its own', async () => {
    const { code, errors, output } = await view('maple-garden', '--as', 'dan');
    expect([code, output]).toEqual([3, '']);
    expect(errors).toContain('You may not watch this device, or it does not exist.');
  });

  it('put a camera of one’s own in front of the relay, and take it away again', async () => {
    await command(['own', 'grant', 'dan', 'bench', '--role', 'owner', '--config', 'config/demo.json'], environment);
    expect((await view('bench', '--as', 'dan')).code).toBe(4);
    const camera = await startedCommand(
      ['camera', 'pattern', '--as', 'bench', '--relay', relay, '--json', '--subject', 'dan'],
      /"registered"/,
      environment,
    );
    const { code, output } = await view('bench', '--as', 'dan', '--seconds', '1', '--json');
    expect([code, JSON.parse(output).frames > 5]).toEqual([0, true]);
    expect(await camera.stop('SIGINT')).toBe(0);
    expect(camera.lines.map((line) => JSON.parse(line).event)).toEqual([
      'registered',
      'viewer-connected',
      'viewer-left',
    ]);
    expect((await view('bench', '--as', 'dan')).code).toBe(4);
  });
});

describe('a camera’s command', () => {
  it('waits for a relay that is not there yet, and comes back when it was away', async () => {
    const port = await freePort();
    const itsOwn = { ...environment, LATCHKEY_DATA_DIRECTORY: join(folder, 'its-own') };
    const own = { ...itsOwn, LATCHKEY_HTTP_PORT: String(port), LATCHKEY_DEMO: 'false' };
    const serve = () => startedCommand(['serve', '--config', 'config/demo.json'], /Latchkey serves/, own);
    const source = join('config', 'demo', 'maple-garden');
    const camera = await startedCommand(
      ['camera', source, '--as', 'early', '--relay', `http://127.0.0.1:${port}`, '--json'],
      /"disconnected"/,
      itsOwn,
    );
    const first = await serve();
    await camera.said(/"registered"/);
    expect(await first.stop()).toBe(0);
    const heard = camera.lines.length;
    const second = await serve();
    await camera.said(/"registered"/, heard);
    expect(await camera.stop()).toBe(0);
    expect(await second.stop()).toBe(0);
  });
});
