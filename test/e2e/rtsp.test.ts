import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CameraObserver, SourceFailure } from '../../src/camera/index.ts';
import {
  deviceInPicture,
  framesGoOn,
  launchChromium,
  liveViewPage,
  showLiveView,
  stateReached,
} from '../support/browser.ts';
import { startedCommand } from '../support/command.ts';
import { childrenOf, udpSocketsOf } from '../support/processes.ts';
import { cameraRecording, rtspServer } from '../support/rtsp-server.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { watching } from '../support/watching.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-rtsp-'));
const password = 'pa%27ss%20word';
const login = { user: 'cam', password: decodeURIComponent(password) };
const patience = { timeout: 60_000 };
let recording: string;
let server: Awaited<ReturnType<typeof rtspServer>>;
let relay: RunningRelay;

beforeAll(async () => {
  recording = cameraRecording(folder, 'maple-garden');
  server = await rtspServer({ recording, login });
  relay = await runningRelay();
  await relay.grant('alice', 'maple-garden');
  await relay.grant('ben', 'maple-garden', 'viewer');
});

afterAll(async () => {
  await relay[Symbol.asyncDispose]();
  await server.stop();
  rmSync(folder, { recursive: true });
});

const url = (secret = password, host = server.host) => `rtsp://cam:${secret}@${host}/live`;

/** An agent in front of the RTSP camera, with what it told of its source. */
async function rtspCamera(source = url()) {
  const told: string[] = [];
  const failed = Promise.withResolvers<SourceFailure>();
  const observer: CameraObserver = {
    sourceStarted: () => void told.push('started'),
    sourceStopped: () => void told.push('stopped'),
    sourceFailed: (reason) => {
      told.push('failed');
      failed.resolve(reason);
    },
  };
  const camera = await relay.camera('maple-garden', { source: { kind: 'rtsp', url: source } }, observer);
  return { camera, told, failed: failed.promise, [Symbol.asyncDispose]: () => camera.close() };
}

const playersOf = (pid: number) => childrenOf(pid).filter(({ commandLine }) => /\bff(?:mpeg|probe) /.test(commandLine));
const players = () => playersOf(process.pid);

describe('a camera that speaks RTSP', () => {
  it('is seen in a browser, as itself', async () => {
    await using _agent = await rtspCamera();
    const browser = await launchChromium();
    const page = await liveViewPage(browser, relay.url);
    await showLiveView(page, 'maple-garden', await relay.token('viewer', 'alice'));
    await stateReached(page, 'maple-garden', 'live');
    await framesGoOn(page, 'maple-garden', 0, 20);
    expect(await deviceInPicture(page, 'maple-garden')).toBe('maple-garden');
    await browser.close();
  });

  it('is read once for two viewers, and the second begins with what is held', async () => {
    await using agent = await rtspCamera();
    await using alice = await watching(relay, 'alice', 'maple-garden', { codecs: ['H264'] });
    const sinceKeyFrame = () => alice.frames.length - 1 - alice.frames.findLastIndex(({ key }) => key);
    await vi.waitFor(() => expect([sinceKeyFrame() > 5, sinceKeyFrame() < 20]).toEqual([true, true]), patience);
    expect(alice.view.stats).toMatchObject({ codec: 'H264', width: 640, height: 360, lost: 0 });
    expect(alice.view.stats.audioPackets).toBeGreaterThan(0);

    await using ben = await watching(relay, 'ben', 'maple-garden', { codecs: ['H264'] });
    await vi.waitFor(() => expect(ben.frames.length).toBeGreaterThan(2), patience);
    const [first, second] = ben.frames;
    expect([first?.key, ((second?.timestamp ?? 0) - (first?.timestamp ?? 0)) >>> 0]).toEqual([true, 1]);
    expect(agent.told).toEqual(['started']);
    expect(players()).toHaveLength(1);
  });

  it('is left alone when nobody watches', async () => {
    await using agent = await rtspCamera();
    expect(players()).toEqual([]);
    await using alice = await watching(relay, 'alice', 'maple-garden');
    expect(await alice.outcome).toBe('frame');
    await alice.view.close();
    await vi.waitFor(() => expect([agent.told, players()]).toEqual([['started', 'stopped'], []]), patience);
  });

  it('keeps its password out of every command line', async () => {
    await using _agent = await rtspCamera();
    await using alice = await watching(relay, 'alice', 'maple-garden');
    expect(await alice.outcome).toBe('frame');
    const lines = players().map(({ commandLine }) => commandLine);
    expect(lines).toEqual([expect.stringContaining('ffmpeg')]);
    for (const secret of [password, login.password, server.host]) expect(lines.join()).not.toContain(secret);
  });

  it('is encoded for a viewer who takes VP8 alone, at its own rate', async () => {
    await using _agent = await rtspCamera();
    await using alice = await watching(relay, 'alice', 'maple-garden', { codecs: ['VP8'] });
    await vi.waitFor(() => expect(alice.frames.length).toBeGreaterThan(40), patience);
    const [from = 0, to = 0] = [alice.frames[20]?.timestamp, alice.frames[40]?.timestamp];
    const ticksPerFrame = ((to - from) >>> 0) / 20;
    expect(ticksPerFrame).toBeGreaterThan(5_000);
    expect(ticksPerFrame).toBeLessThan(12_000);
  });

  it('that wants another password is unreadable', async () => {
    await using agent = await rtspCamera(url('wrong'));
    await using _alice = await watching(relay, 'alice', 'maple-garden');
    expect(await agent.failed).toBe('unreadable');
  });

  it('may go and come back: the same view goes on', async () => {
    const first = await rtspServer({ recording });
    await using agent = await rtspCamera(url(password, first.host));
    await using alice = await watching(relay, 'alice', 'maple-garden');
    expect(await alice.outcome).toBe('frame');

    await first.cut();
    expect(await agent.failed).toBe('exited');
    const before = alice.frames.length;
    await using _second = await rtspServer({ recording, port: first.port });

    await vi.waitFor(() => expect(alice.frames.length).toBeGreaterThan(before + 20), patience);
    expect(alice.frames[before]?.key).toBe(true);
    expect(alice.view.state).toBe('watching');
    expect(await relay.metric('latchkey_sessions')).toBe(1);
  });
});

describe('the agent as a process of its own', () => {
  it('leaves no program and no socket behind its viewers, and none behind itself', async () => {
    const [sourceFile, tokenFile] = [join(folder, 'source'), join(folder, 'token')];
    writeFileSync(sourceFile, `${url()}\n`);
    writeFileSync(tokenFile, await relay.token('camera', 'maple-garden'));
    const files = ['--source-file', sourceFile, '--token-file', tokenFile];
    const camera = await startedCommand(['camera', ...files, '--relay', relay.url, '--json'], /"registered"/);
    const agent = childrenOf(process.pid).find(({ commandLine }) => commandLine.includes('src/main.ts camera'));
    const pid = agent?.pid ?? 0;
    expect([playersOf(pid), udpSocketsOf(pid)]).toEqual([[], 0]);

    await using alice = await watching(relay, 'alice', 'maple-garden');
    expect(await alice.outcome).toBe('frame');
    const [player] = playersOf(pid);
    expect(udpSocketsOf(pid)).toBeGreaterThan(0);
    expect(`${agent?.commandLine} ${player?.commandLine}`).not.toContain(password);
    await alice.view.close();
    await vi.waitFor(() => expect([playersOf(pid), udpSocketsOf(pid)]).toEqual([[], 0]), patience);

    await using ben = await watching(relay, 'ben', 'maple-garden');
    expect(await ben.outcome).toBe('frame');
    const [last] = playersOf(pid);
    expect(await camera.stop('SIGTERM')).toBe(0);
    expect(() => process.kill(last?.pid ?? 0, 0)).toThrow('ESRCH');
    expect(await ben.view.ended).toBe('camera-left');
  });
});
