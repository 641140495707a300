import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';
import { RTCDtlsTransport } from 'werift';
import { systemClock, systemRandom } from '../../src/base/index.ts';
import { type CameraObserver, type CameraSettings, startCamera } from '../../src/camera/index.ts';
import { createGuardedPeer, newCertificate } from '../../src/peer/index.ts';
import { startView, type ViewObserver, type ViewSettings } from '../../src/viewer/index.ts';
import { startTinyRelay, type TinyRelay, type TinyRelayPlan, userName } from '../support/tiny-relay.ts';

const clip = fileURLToPath(new URL('../../config/demo/maple-garden', import.meta.url));
const powers = { clock: systemClock, random: systemRandom };
const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  vi.restoreAllMocks();
});

async function cameraAndRelay(
  plan: TinyRelayPlan = {},
  settings: Partial<CameraSettings> = {},
  observer: CameraObserver = {},
) {
  const relay = await startTinyRelay(plan);
  closers.push(() => relay.close());
  const registered = relay.registered();
  const all = {
    relay: relay.url,
    token: () => Promise.resolve('camera:garden'),
    device: 'garden',
    source: { kind: 'clip', path: clip },
  } as const;
  const camera = startCamera({ ...all, ...settings }, powers, observer);
  closers.push(() => camera.close());
  await registered;
  return { relay, camera };
}

function viewAt(relay: TinyRelay, settings: Partial<ViewSettings> = {}, observer: ViewObserver = {}) {
  const all = { relay: relay.url, device: 'garden', token: () => Promise.resolve('viewer:alice') };
  const view = startView({ ...all, ...settings }, powers, observer);
  closers.push(() => view.close());
  return view;
}

/** Resolves when a view has shown so many pictures. */
function pictures(count: number): { observer: ViewObserver; seen: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = count;
  return {
    seen: promise,
    observer: {
      frame: () => {
        left -= 1;
        if (left === 0) resolve();
      },
    },
  };
}

/** A clip of ten minutes that has a key frame at its start, and no other. */
function oneKeyFrame(): Buffer {
  const garden = readFileSync(`${clip}.ivf`);
  const interframe = Buffer.from([0x11, 0, 0, 1]);
  const later = Array.from({ length: 9000 }, (_, index) => {
    const header = Buffer.alloc(12);
    header.writeUInt32LE(interframe.length, 0);
    header.writeUInt32LE(index + 1, 4);
    return Buffer.concat([header, interframe]);
  });
  return Buffer.concat([garden.subarray(0, 32 + 12 + garden.readUInt32LE(32)), ...later]);
}

const isMedia = (datagram: Buffer) => {
  const payloadType = (datagram[1] ?? 0) & 0x7f;
  return (datagram[0] ?? 0) >= 128 && (datagram[0] ?? 0) <= 191 && !(payloadType >= 64 && payloadType < 96);
};

test.each([
  ['H264', false],
  ['VP8', false],
  ['H264', true],
  ['VP8', true],
] as const)('a viewer sees %s of the camera; the camera makes the offer: %s', async (codec, onvif) => {
  const { relay } = await cameraAndRelay({ onvif });
  const states: string[] = [];
  const { observer, seen } = pictures(20);
  const view = viewAt(
    relay,
    { codecs: [codec], offer: !onvif },
    { ...observer, stateChanged: (state) => states.push(state) },
  );
  const first = await view.firstFrame;
  await seen;
  expect(first.codec).toBe(codec);
  const parts = [first.signalingMs, first.iceMs, first.dtlsMs, first.firstPacketMs, first.firstFrameMs];
  expect(parts.reduce((sum, part) => sum + part, 0)).toBe(first.totalMs);
  expect(view.stats).toMatchObject({ codec, width: 640, height: 360, lost: 0 });
  expect(view.stats.audioPackets).toBeGreaterThan(0);
  await view.close();
  expect(states).toEqual(['connecting', 'connected', 'watching', 'ended']);
  expect(await view.ended).toBe('closed');
});

test('a viewer who offers to a camera that makes its own offers answers those', async () => {
  const { relay } = await cameraAndRelay({ onvif: true });
  expect((await viewAt(relay, { offer: true }).firstFrame).codec).toBe('H264');
});

test('the viewer’s order of codecs counts, where each costs the camera the same', async () => {
  const { relay } = await cameraAndRelay();
  expect((await viewAt(relay, { codecs: ['VP8', 'H264'] }).firstFrame).codec).toBe('VP8');
});

test('several viewers see one camera, and its source plays once for all', async () => {
  let started = 0;
  const { relay, camera } = await cameraAndRelay(
    {},
    {},
    {
      sourceStarted: () => {
        started += 1;
      },
    },
  );
  const watching = [pictures(3), pictures(3), pictures(3)];
  for (const { observer, seen } of watching) {
    viewAt(relay, { codecs: ['H264'] }, observer);
    await seen;
  }
  expect([started, camera.viewers]).toEqual([1, 3]);
});

test('who comes later sees the present picture at once: what was held comes with times that lie together', async () => {
  const { relay } = await cameraAndRelay();
  const early = pictures(20);
  viewAt(relay, { codecs: ['H264'] }, early.observer);
  await early.seen;
  const timestamps: number[] = [];
  const later = Promise.withResolvers<void>();
  viewAt(
    relay,
    { codecs: ['H264'] },
    {
      frame: ({ timestamp }) => {
        if (timestamps.push(timestamp) === 2) later.resolve();
      },
    },
  );
  await later.promise;
  expect(((timestamps[1] ?? 0) - (timestamps[0] ?? 0)) >>> 0).toBe(1);
});

test('a key frame that is lost is asked for, and comes again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'view-'));
  closers.push(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'one-key.ivf'), oneKeyFrame());
  let losing = 60;
  const { relay } = await cameraAndRelay(
    { forward: (datagram, from) => from === 'viewer' || !isMedia(datagram) || losing-- <= 0 },
    { source: { kind: 'clip', path: join(folder, 'one-key') } },
  );
  const view = viewAt(relay, { codecs: ['VP8'], audio: false });
  await view.firstFrame;
  expect(view.stats.keyFrameRequests).toBeGreaterThan(0);
});

test('a packet that is lost is sent again, and no picture is missed', async () => {
  let count = 0;
  const { relay } = await cameraAndRelay({
    forward: (datagram, from) => {
      if (from === 'camera' && isMedia(datagram)) count += 1;
      return count !== 30;
    },
  });
  const { observer, seen } = pictures(25);
  const view = viewAt(relay, { codecs: ['H264'], audio: false }, observer);
  await seen;
  expect(count).toBeGreaterThan(30);
  expect(view.stats.lost).toBe(0);
});

test('not one packet of media leaves for a certificate that the grant does not name', async () => {
  let media = 0;
  const refused = Promise.withResolvers<string>();
  const left = Promise.withResolvers<string>();
  const otherPrint = `sha-256 ${Array(32).fill('AA').join(':')}`;
  const { relay } = await cameraAndRelay(
    {
      description: (sdp, to) =>
        to === 'camera' ? sdp.replaceAll(/a=fingerprint:.*/g, `a=fingerprint:${otherPrint}`) : sdp,
      claims: (claims) => ({ ...claims, fingerprints: [otherPrint] }),
      forward: (datagram, from) => {
        if (from === 'camera' && isMedia(datagram)) media += 1;
        return true;
      },
    },
    {},
    { grantRefused: (reason) => refused.resolve(reason), viewerLeft: (_, reason) => left.resolve(reason) },
  );
  const view = viewAt(relay);
  expect(await left.promise).toBe('setup-failed');
  await view.close();
  expect(media).toBe(0);

  // The library's own check put out of action: the camera's holds.
  const transport = RTCDtlsTransport.prototype as unknown as { verifyRemoteCertificateFingerprint(): void };
  vi.spyOn(transport, 'verifyRemoteCertificateFingerprint').mockReturnValue(undefined);
  const again = viewAt(relay);
  expect(await refused.promise).toBe('certificate');
  await again.ended;
  expect(media).toBe(0);
});

test('once DTLS is through, it does not begin again: a new first word in the clear is dropped', async () => {
  const dropped = Promise.withResolvers<string>();
  const { relay } = await cameraAndRelay({}, {}, { datagramDropped: (reason) => dropped.resolve(reason) });
  const view = viewAt(relay);
  await view.firstFrame;
  const hello = Buffer.alloc(13 + 12 + 4);
  hello.set([22, 0xfe, 0xfd]);
  hello.writeUInt16BE(16, 11);
  hello.set([1, 0, 0, 4], 13);
  hello.set([4], 24);
  relay.sendToCamera(hello);
  expect(await dropped.promise).toBe('handshake');
});

test('an offer is answered for the viewer’s own session, and once', async () => {
  const { relay } = await cameraAndRelay({ silent: true });
  const view = viewAt(relay, { offer: false });
  const maker = createGuardedPeer(
    { certificate: await newCertificate(), direction: 'sendonly', video: ['H264'], audio: false },
    systemRandom,
  );
  closers.push(() => maker.close());
  const offer = await maker.offer();
  await relay.sessionOpened('s1');
  await expect(relay.inviteViewer('s1', 's2', offer)).rejects.toMatchObject({ message: 'session-unknown' });
  expect(await relay.inviteViewer('s1', 's1', offer)).toHaveProperty('answer');
  await expect(relay.inviteViewer('s1', 's1', offer)).rejects.toMatchObject({ message: 'out-of-order' });
  expect(view.stats.session).toBe('s1');
});

test('after an ICE restart the same session goes on, under new credentials', async () => {
  const left: string[] = [];
  const { relay, camera } = await cameraAndRelay({}, {}, { viewerLeft: (_, reason) => void left.push(reason) });
  const users = new Set<string>();
  relay.plan.forward = (datagram) => {
    if (datagram.readUInt16BE(0) === 0x0001) users.add(userName(datagram));
    return true;
  };
  let resumed = pictures(3);
  const view = viewAt(relay, { codecs: ['H264'] }, { frame: (frame) => resumed.observer.frame?.(frame) });
  await resumed.seen;
  const before = users.size;
  await view.restart();
  resumed = pictures(20);
  await resumed.seen;
  expect(users.size).toBe(before * 2);
  for (const user of users) expect(user).toMatch(/^[A-Za-z0-9+/]{8}:[A-Za-z0-9+/]{8}$/);
  expect([camera.viewers, left.length]).toEqual([1, 0]);
});

test('what the relay refuses is refused by its code, to both who wait', async () => {
  const { relay } = await cameraAndRelay({ grant: () => undefined });
  const view = viewAt(relay);
  await expect(view.firstFrame).rejects.toMatchObject({ code: 'device-refused' });
  expect(await view.ended).toBe('device-refused');
  expect(view.state).toBe('ended');
});

test('a relay that is not there, a token that cannot be had, and a refused upgrade end a view', async () => {
  const relay = await startTinyRelay({ upgrade: () => ({ status: 401, body: '{"code":"token-expired"}' }) });
  closers.push(() => relay.close());
  await expect(viewAt(relay).firstFrame).rejects.toMatchObject({ code: 'token-expired' });
  await expect(viewAt(relay, { relay: 'http://127.0.0.1:1' }).firstFrame).rejects.toMatchObject({
    code: 'relay-unreachable',
  });
  const view = viewAt(relay, { token: () => Promise.reject(new Error('no issuer')) });
  await expect(view.firstFrame).rejects.toMatchObject({ code: 'internal' });
});

test('the end that the relay tells of is the end, and a viewer who leaves is told to the camera', async () => {
  const left: string[] = [];
  const leaving = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { relay } = await cameraAndRelay(
    {},
    {},
    {
      viewerLeft: (_, reason) => {
        left.push(reason);
        leaving[left.length - 1]?.resolve();
      },
    },
  );
  const view = viewAt(relay);
  await view.firstFrame;
  relay.endSession('another', 'expired');
  relay.endSession(view.stats.session ?? '', 'revoked');
  expect(await view.ended).toBe('revoked');
  await leaving[0]?.promise;
  const other = viewAt(relay);
  await other.firstFrame;
  await other.close();
  await leaving[1]?.promise;
  expect(left).toEqual(['relay-ended', 'viewer-left']);
});

test('a view is saved in each format, and ffmpeg reads it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'view-'));
  closers.push(() => rmSync(folder, { recursive: true }));
  const { relay } = await cameraAndRelay();
  const formats = [
    ['mkv', 'H264', true],
    ['webm', 'VP8', true],
    ['h264', 'H264', false],
    ['ivf', 'VP8', false],
  ] as const;
  await Promise.all(
    formats.map(async ([ending, codec, hasSound]) => {
      const saveTo = join(folder, `saved.${ending}`);
      const { observer, seen } = pictures(17);
      const view = viewAt(relay, { codecs: [codec], saveTo }, observer);
      await seen;
      await view.close();
      const fields = ['-count_frames', '-of', 'csv=p=0', '-show_entries', 'stream=codec_name,width,nb_read_frames'];
      const probe = execFileSync('ffprobe', ['-v', 'error', ...fields, saveTo], { encoding: 'utf8' });
      const [video, sound] = probe.trim().split('\n');
      expect(video).toBe(`${codec.toLowerCase()},640,${view.stats.frames}`);
      expect(sound?.startsWith('opus') ?? false).toBe(hasSound);
    }),
  );
});

test.each(['h264', 'mkv'])(
  'a disk that is full ends a view that is saved as %s, and closing it says why',
  async (ending) => {
    const folder = mkdtempSync(join(tmpdir(), 'view-'));
    closers.push(() => rmSync(folder, { recursive: true }));
    const saveTo = join(folder, `full.${ending}`);
    symlinkSync('/dev/full', saveTo);
    const left = Promise.withResolvers<string>();
    const { relay } = await cameraAndRelay({}, {}, { viewerLeft: (_, reason) => left.resolve(reason) });
    const all = { relay: relay.url, device: 'garden', token: () => Promise.resolve('viewer:alice') };
    const view = startView({ ...all, codecs: ['H264'], saveTo }, powers);
    expect(await view.ended).toBe('save-failed');
    expect(await left.promise).toBe('viewer-left');
    const error: unknown = await view.close().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'internal', cause: { message: expect.stringContaining(`${saveTo}: ENOSPC`) } });
  },
);

test('a file that cannot be written is named before the relay is asked for anything', async () => {
  let upgrades = 0;
  const relay = await startTinyRelay({
    upgrade: () => {
      upgrades += 1;
      return { status: 503, body: '' };
    },
  });
  closers.push(() => relay.close());
  const missing = join(tmpdir(), 'no-such-folder', 'view.mkv');
  const refusal = { code: 'settings-invalid', message: expect.stringContaining(missing) };
  expect(() => viewAt(relay, { saveTo: missing })).toThrow(expect.objectContaining(refusal));
  expect(upgrades).toBe(0);
});

test('what can never work is refused at the start', () => {
  const start = (settings: Partial<ViewSettings>) => () =>
    startView({ relay: 'http://127.0.0.1:1', device: 'garden', token: () => Promise.resolve(''), ...settings }, powers);
  const invalid = expect.objectContaining({ code: 'settings-invalid' });
  expect(start({ relay: 'nonsense' })).toThrow(invalid);
  expect(start({ device: '' })).toThrow(invalid);
  expect(start({ device: 'x'.repeat(129) })).toThrow(invalid);
  expect(start({ saveTo: '/tmp/view.avi' })).toThrow(invalid);
});
