import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UnsecuredJWT } from 'jose';
import { expect, test } from 'vitest';
import { LatchkeyError, limits, systemRandom } from '../../src/base/index.ts';
import { type CameraSettings, startCamera } from '../../src/camera/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { cameraAt, clip, closers, invite, offered, relayWith } from './camera-and-relay.ts';

test('a camera shows its token, registers with its name, and is known by its own', async () => {
  const relay = await relayWith();
  const { camera, next } = cameraAt(relay.url, { name: 'Garden' });
  expect([camera.device, camera.connected]).toEqual([undefined, false]);
  expect(await next('registered')).toEqual(['garden']);
  expect(relay.upgrades).toEqual(['camera:garden']);
  const params = { capabilities: ['answer'], name: 'Garden', sessions: [] };
  expect(relay.cameraCalls).toEqual([{ method: 'register', params }]);
  expect([camera.device, camera.connected, camera.viewers]).toEqual(['garden', true, 0]);
  expect(camera.fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
});

test('where the relay takes it, a camera registers as its connection opens, and once', async () => {
  const relay = await relayWith({ takesFirst: true });
  const { next } = cameraAt(relay.url, { name: 'Gärten 🌳' });
  expect(await next('registered')).toEqual(['garden']);
  const params = { capabilities: ['answer'], name: 'Gärten 🌳', sessions: [] };
  expect(relay.cameraCalls).toEqual([{ method: 'register', params }]);
  await relay.callCamera('leave', { session: 'none' });
  expect(relay.cameraCalls).toHaveLength(1);
});

test('a relay that asks for time is given it', async () => {
  let refusals = 1;
  const relay = await relayWith({
    upgrade: () =>
      refusals-- > 0 ? { status: 503, headers: { 'Retry-After': '60' }, body: '{"code":"overloaded"}' } : undefined,
  });
  const { clock, next } = cameraAt(relay.url);
  const [code, retryMs] = await next('disconnected');
  expect(code).toBe('overloaded');
  expect(retryMs).toBeGreaterThanOrEqual(60_000);
  clock.advance(59_999);
  expect(relay.upgrades).toHaveLength(1);
  const registered = next('registered');
  clock.advance(retryMs - 59_999);
  await registered;
});

test('a refused token is told, waited longer for, and asked for anew', async () => {
  const relay = await relayWith({
    upgrade: (token) => (token === 'old' ? { status: 401, body: '{"code":"token-expired"}' } : undefined),
  });
  const tokens = ['old', 'old', 'old', 'camera:garden'];
  const { clock, next } = cameraAt(relay.url, { token: () => Promise.resolve(tokens.shift() ?? '') });
  const refused = next('tokenRefused');
  let waitedMs = 0;
  for (let failure = 0; failure < 3; failure += 1) {
    const [, retryMs] = await next('disconnected');
    expect(retryMs).toBeLessThanOrEqual(limits.reconnectRefusedMsFirst * 2 ** failure);
    waitedMs += retryMs;
    clock.advance(retryMs);
  }
  expect(await refused).toEqual(['token-expired']);
  expect(waitedMs).toBeGreaterThan(0);
  await next('registered');
});

test('a camera that was taken out of service asks again at a slow pace, with a token that is read anew, until it may', async () => {
  let out = true;
  const relay = await relayWith({
    upgrade: () => (out ? { status: 403, body: '{"code":"device-quarantined"}' } : undefined),
  });
  let asked = 0;
  const token = async () => {
    asked += 1;
    return 'camera:garden';
  };
  const { clock, next } = cameraAt(relay.url, { token });
  let longestMs = 0;
  for (let failure = 0; failure < 14; failure += 1) {
    const [code, retryMs] = await next('disconnected');
    expect(code).toBe('device-quarantined');
    longestMs = Math.max(longestMs, retryMs);
    if (failure === 13) out = false;
    clock.advance(retryMs);
  }
  expect(longestMs).toBeGreaterThan(limits.reconnectMsMax);
  await next('registered');
  expect(asked).toBe(15);
});

test('a token that cannot be had, and a relay that is not there, are tried again', async () => {
  const relay = await relayWith();
  let failures = 1;
  const { clock, next } = cameraAt(relay.url, {
    token: () => (failures-- > 0 ? Promise.reject(new Error('no issuer')) : Promise.resolve('camera:garden')),
  });
  const [, retryMs] = await next('disconnected');
  const registered = next('registered');
  clock.advance(retryMs);
  await registered;

  const nowhere = cameraAt('http://127.0.0.1:1');
  expect((await nowhere.next('disconnected'))[0]).toBe('relay-unreachable');
});

test('a camera that is connected comes back after every loss', async () => {
  const relay = await relayWith();
  const { camera, clock, next } = cameraAt(relay.url);
  await next('registered');
  for (const code of [1001, 1006, 1013]) {
    const disconnected = next('disconnected');
    relay.disconnect(code === 1006 ? 1011 : code);
    const [, retryMs] = await disconnected;
    expect(camera.connected).toBe(false);
    const registered = next('registered');
    clock.advance(retryMs);
    await registered;
  }
});

test('waits grow for connections that are lost at once, and shrink after one that lasted', async () => {
  const relay = await relayWith();
  const random = { bytes: systemRandom.bytes, fraction: () => 0.999_999 };
  const clock = new ManualClock();
  const events = new EventEmitter<{ registered: []; disconnected: [number] }>();
  const camera = startCamera(
    {
      relay: relay.url,
      token: () => Promise.resolve('camera:garden'),
      device: 'garden',
      source: { kind: 'clip', path: clip },
    },
    { clock, random },
    { registered: () => events.emit('registered'), disconnected: (_, retryMs) => events.emit('disconnected', retryMs) },
  );
  closers.push(() => camera.close());
  const waits: number[] = [];
  await once(events, 'registered');
  for (const lastedMs of [0, 0, 0, limits.reconnectMsMax]) {
    const disconnected = once(events, 'disconnected') as Promise<[number]>;
    clock.advance(lastedMs);
    relay.disconnect(1001);
    const [retryMs] = await disconnected;
    waits.push(retryMs);
    const registered = once(events, 'registered');
    clock.advance(retryMs);
    await registered;
  }
  expect(waits).toEqual([500, 1000, 2000, 500]);
});

test.each([
  ['a refused token', { upgrade: () => ({ status: 401, body: '{"code":"token-expired"}' }) }, undefined],
  ['another camera in its place', {}, 'registration-replaced'],
])('%s is waited for longer than an outage', async (_, plan, reason) => {
  const relay = await relayWith(plan);
  const disconnected = Promise.withResolvers<number>();
  const camera = startCamera(
    {
      relay: relay.url,
      token: () => Promise.resolve('camera:garden'),
      device: 'garden',
      source: { kind: 'clip', path: clip },
    },
    { clock: new ManualClock(), random: { bytes: systemRandom.bytes, fraction: () => 0.999_999 } },
    {
      registered: () => relay.disconnect(4409, reason),
      disconnected: (_code, retryMs) => disconnected.resolve(retryMs),
    },
  );
  closers.push(() => camera.close());
  expect(await disconnected.promise).toBe(limits.reconnectRefusedMsFirst);
});

test('before its token expires a camera registers again, on the same connection', async () => {
  const relay = await relayWith();
  const issued: string[] = [];
  const clockNow = new ManualClock().now();
  const { clock, camera, next } = cameraAt(relay.url, {
    token: () => {
      const token = new UnsecuredJWT({ exp: clockNow / 1000 + 25 * (issued.length + 1) }).encode();
      issued.push(token);
      return Promise.resolve(token);
    },
  });
  relay.namesAll('garden');
  await next('registered');
  expect(relay.cameraCalls).toHaveLength(1);
  clock.advance(19_000);
  expect(issued).toHaveLength(1);
  const again = relay.nextCameraCall();
  clock.advance(2_000);
  expect(await again).toMatchObject({ method: 'register', params: { authorization: issued[1] } });
  expect(camera.connected).toBe(true);
  expect(relay.upgrades).toHaveLength(1);
});

test('a camera whose relay has no time for its fresh token stays, and tries again when it was told', async () => {
  let busy = true;
  const relay = await relayWith({
    refusal: (_, { authorization }) =>
      authorization !== undefined && busy
        ? new LatchkeyError('overloaded', undefined, { retryAfterSeconds: 3 })
        : undefined,
  });
  const expiresSeconds = new ManualClock().now() / 1000 + 25;
  const { clock, camera, next } = cameraAt(relay.url, {
    token: () => Promise.resolve(new UnsecuredJWT({ exp: expiresSeconds }).encode()),
  });
  relay.namesAll('garden');
  await next('registered');
  const refused = next('tokenRefused');
  clock.advance(20_000);
  expect(await refused).toEqual(['overloaded']);
  expect(camera.connected).toBe(true);
  busy = false;
  const again = relay.nextCameraCall();
  clock.advance(2_999);
  expect(relay.cameraCalls).toHaveLength(2);
  clock.advance(1 + limits.reconnectMsFirst);
  expect(await again).toMatchObject({ method: 'register' });
  expect(relay.upgrades).toHaveLength(1);
});

test('who has a grant that is believed gets an answer, and only then does the source begin', async () => {
  const { relay, camera, told, offer } = await offered();
  expect(told).not.toContain('sourceStarted');
  const answer = await invite(relay, 's1', offer);
  expect(answer).toContain('a=setup:passive');
  expect(answer).not.toContain('a=candidate');
  expect(told).toContain('sourceStarted');
  expect(camera.viewers).toBe(1);
});

test.each([
  ['for another session', { claims: (claims: object) => ({ ...claims, sid: 'other' }) }, 'session'],
  ['for another camera', { claims: (claims: object) => ({ ...claims, device: 'nursery' }) }, 'device'],
  [
    'for another certificate',
    { claims: (claims: object) => ({ ...claims, fingerprints: ['sha-256 00'] }) },
    'fingerprint',
  ],
  ['that is missing', { grant: () => undefined }, 'missing'],
  ['that is not signed', { grant: (grant: string) => `${grant.slice(0, grant.lastIndexOf('.'))}.` }, 'signature'],
])('a grant %s is refused, and nothing begins', async (_, plan, reason) => {
  const { relay, camera, told, next, offer } = await offered(plan);
  const refused = next('grantRefused');
  await expect(invite(relay, 's1', offer)).rejects.toMatchObject({ code: 403, message: 'device-refused' });
  expect(await refused).toEqual([reason]);
  expect(camera.viewers).toBe(0);
  expect(told).not.toContain('sourceStarted');
  expect(relay.cameraCalls.map(({ method }) => method)).toEqual(['register']);
});

test('pinned keys are believed instead of those that the relay names', async () => {
  const other = await relayWith();
  const { relay, offer } = await offered({}, { grantKeys: other.keys });
  await expect(invite(relay, 's1', offer)).rejects.toMatchObject({ message: 'device-refused' });
});

test('a subject that is not on the camera’s list is refused', async () => {
  const { relay, offer } = await offered({}, { subjects: { mode: 'list', subjects: ['bob'] } });
  await expect(invite(relay, 's1', offer)).rejects.toMatchObject({ message: 'device-refused' });
});

test('one viewer more than the camera can serve is told that it is busy', async () => {
  const { relay, offer } = await offered({}, { viewersMax: 2 });
  await invite(relay, 's1', offer);
  await invite(relay, 's2', offer);
  await expect(invite(relay, 's3', offer)).rejects.toMatchObject({ code: 1001, message: 'device-busy' });
  relay.endSession('s1', 'viewer-left');
  await expect(relay.callCamera('unknown', {})).rejects.toMatchObject({ message: 'method-unknown' });
  await invite(relay, 's3', offer);
});

test('a viewer without a codec of the camera’s is told so', async () => {
  const { relay, offer } = await offered();
  await expect(invite(relay, 's1', offer.replaceAll('H264', 'AV1'))).rejects.toMatchObject({
    message: 'codec-mismatch',
  });
});

test('the end of a session at the relay ends the viewing and the source', async () => {
  const { relay, camera, told, next, offer } = await offered();
  await invite(relay, 's1', offer);
  const left = next('viewerLeft');
  relay.endSession('s1', 'revoked');
  expect(await left).toEqual(['s1', 'relay-ended']);
  expect(told).toContain('sourceStopped');
  expect(camera.viewers).toBe(0);
});

test('a viewer who never connects is given up, and the relay is told', async () => {
  const { relay, clock, next, offer } = await offered();
  await invite(relay, 's1', offer);
  const left = next('viewerLeft');
  const call = relay.nextCameraCall();
  clock.advance(limits.peerSetupMsMax);
  expect(await left).toEqual(['s1', 'setup-failed']);
  expect(await call).toEqual({ method: 'leave', params: { session: 's1' } });
});

test('after the close nothing is left: no viewer, no connection, no timer', async () => {
  const { relay, camera, clock, told, offer } = await offered();
  await invite(relay, 's1', offer);
  await camera.close();
  await camera.close();
  expect([camera.connected, camera.viewers, clock.pending]).toEqual([false, 0, 0]);
  expect(told.filter((name) => name === 'sourceStopped')).toHaveLength(1);
  const refused = cameraAt('http://127.0.0.1:1');
  await refused.next('disconnected');
  await refused.camera.close();
  expect(refused.clock.pending).toBe(0);
});

test('what can never work is refused at the start', () => {
  const folder = mkdtempSync(join(tmpdir(), 'camera-'));
  closers.push(() => rmSync(folder, { recursive: true }));
  const start = (settings: Partial<CameraSettings>) => () => cameraAt('http://127.0.0.1:1', settings);
  const invalid = expect.objectContaining({ code: 'settings-invalid' });
  expect(start({ viewersMax: 0 })).toThrow(invalid);
  expect(start({ viewersMax: limits.sessionsPerDeviceMax + 1 })).toThrow(invalid);
  expect(start({ relay: 'relay' })).toThrow(invalid);
  expect(start({ device: '' })).toThrow(invalid);
  expect(start({ device: 'a garden' })).toThrow(invalid);
  expect(start({ source: { kind: 'clip', path: join(folder, 'none') } })).toThrow(invalid);
  expect(start({ subjects: { mode: 'learn', file: folder } })).toThrow(invalid);
});
