import { UnsecuredJWT } from 'jose';
import { expect, test } from 'vitest';
import { limits, systemRandom } from '../../src/base/index.ts';
import { startCamera } from '../../src/camera/index.ts';
import { OwnName } from '../../src/camera/own-name.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { cameraAt, clip, closers, invite, offered, relayWith } from './camera-and-relay.ts';

const tokenOf = (sub: unknown) => new UnsecuredJWT({ sub } as { sub: string }).encode();
const called = (setting: string | undefined, sub: unknown, id: string) => () =>
  new OwnName(setting).confirm(id, tokenOf(sub));
const mismatch = expect.objectContaining({ code: 'device-mismatch' });
const longest = 'n'.repeat(limits.deviceIdCharactersMax / 2 - 1);

test.each([
  ['its subject', 'garden', 'garden'],
  ['its subject in a namespace', 'garden', 'cam:garden'],
  ['its subject in a namespace that ends in another sign', 'garden', 'fleet|garden'],
  ['its subject in the longest namespace', 'garden', `${longest}:garden`],
  ['a subject that has namespaces of its own', 'x:garden', 'cam:x:garden'],
])('without a setting a camera goes by %s', (_, sub, id) => {
  expect(called(undefined, sub, id)).not.toThrow();
});

test.each([
  ['another’s', 'garden', 'nursery'],
  ['one that ends alike', 'door', 'east-door'],
  ['one that ends in the same figure', '1', '11'],
  ['one that begins alike', 'garden', 'garden1'],
  ['one in which it stands within', 'garden', 'cam:garden:2'],
  ['a shorter one', 'cam:garden', 'garden'],
  ['one in other letters', 'garden', 'Garden'],
  ['one in a namespace that is no id', 'garden', ':garden'],
  ['one in a namespace that is too long', 'garden', `${longest}n:garden`],
  ['one that no device can have', 'gar den', 'gar den'],
  ['one for a token without a subject', undefined, 'garden'],
  ['one for a token with an empty subject', '', 'garden'],
  ['a mere namespace for a token with an empty subject', '', 'cam:'],
  ['an empty one', '', ''],
])('without a setting a camera goes by no name but its own: not %s', (_, sub, id) => {
  expect(called(undefined, sub, id)).toThrow(mismatch);
});

test('a token that cannot be read names no camera', () => {
  expect(() => new OwnName(undefined).confirm('garden', 'camera:garden')).toThrow(mismatch);
});

test('with a setting a camera goes by exactly that, whatever its token says', () => {
  expect(called('cam:garden', 'garden', 'cam:garden')).not.toThrow();
  expect(called('cam:garden', 'garden', 'garden')).toThrow(mismatch);
  expect(called('garden', 'garden', 'cam:garden')).toThrow(mismatch);
  expect(called('garden', 'nursery', 'nursery')).toThrow(mismatch);
});

test('a name is had from the first agreement on, and never changes', () => {
  const name = new OwnName(undefined);
  expect(() => name.confirm('nursery', tokenOf('garden'))).toThrow(mismatch);
  expect(name.id).toBeUndefined();
  name.confirm('cam:garden', tokenOf('garden'));
  expect(() => name.confirm('garden', tokenOf('garden'))).toThrow(mismatch);
  expect(() => name.confirm('fleet:garden', tokenOf('garden'))).toThrow(mismatch);
  expect(() => name.confirm('cam:nursery', tokenOf('nursery'))).toThrow(mismatch);
  expect(() => name.confirm('cam:garden', tokenOf('nursery'))).toThrow(mismatch);
  expect(name.id).toBe('cam:garden');
});

test.each([
  ['its token', { device: undefined, token: () => Promise.resolve(tokenOf('garden')) }],
  ['its settings', { device: 'garden', token: () => Promise.resolve(tokenOf('nursery')) }],
])('a camera that the relay calls otherwise than %s does is not registered, and tries again later', async (_, own) => {
  const relay = await relayWith();
  relay.namesAll('nursery');
  const { camera, clock, told, next } = cameraAt(relay.url, own);
  const refused = next('registrationRefused');
  const [code, retryMs] = await next('disconnected');
  expect(await refused).toEqual(['device-mismatch']);
  expect(code).toBe('device-mismatch');
  expect(told).not.toContain('registered');
  expect([camera.device, camera.connected]).toEqual([undefined, false]);
  relay.namesAll('garden');
  const registered = next('registered');
  clock.advance(retryMs);
  expect(await registered).toEqual(['garden']);
});

test('a relay that calls the camera otherwise is waited for longer than an outage', async () => {
  const relay = await relayWith();
  relay.namesAll('nursery');
  const random = { bytes: systemRandom.bytes, fraction: () => 0.999_999 };
  const disconnected = Promise.withResolvers<number>();
  const camera = startCamera(
    { relay: relay.url, token: () => Promise.resolve(tokenOf('garden')), source: { kind: 'clip', path: clip } },
    { clock: new ManualClock(), random },
    { disconnected: (_, retryMs) => disconnected.resolve(retryMs) },
  );
  closers.push(() => camera.close());
  expect(await disconnected.promise).toBe(limits.reconnectRefusedMsFirst);
});

test('a camera keeps its name over a loss of the relay, and no other is put upon it', async () => {
  const relay = await relayWith();
  relay.namesAll('cam:garden');
  const own = { device: undefined, token: () => Promise.resolve(tokenOf('garden')) };
  const { camera, clock, next } = cameraAt(relay.url, own);
  await next('registered');
  relay.namesAll('fleet:garden');
  const lost = next('disconnected');
  relay.disconnect(1001);
  const [, retryMs] = await lost;
  const refused = next('disconnected');
  clock.advance(retryMs);
  expect((await refused)[0]).toBe('device-mismatch');
  expect([camera.device, camera.connected]).toEqual(['cam:garden', false]);
});

test('a grant for the name that the camera agreed on is believed, namespace and all', async () => {
  const own = { device: undefined, token: () => Promise.resolve(tokenOf('garden')) };
  const { relay, offer, next } = await offered({}, own, (tiny) => tiny.namesAll('cam:garden'));
  expect(await invite(relay, 's1', offer)).toContain('m=video');
  relay.namesAll('garden');
  const refused = next('grantRefused');
  await expect(invite(relay, 's2', offer)).rejects.toMatchObject({ message: 'device-refused' });
  expect(await refused).toEqual(['device']);
});

test('a relay that calls the camera otherwise when it registers anew is left, with all who watch', async () => {
  const exp = new ManualClock().now() / 1000 + 10;
  const own = {
    device: undefined,
    token: () => Promise.resolve(new UnsecuredJWT({ sub: 'garden', exp }).encode()),
  };
  const { relay, camera, clock, next, offer } = await offered({}, own, (tiny) => tiny.namesAll('garden'));
  await invite(relay, 's1', offer);
  relay.namesAll('nursery');
  const told = Promise.all([next('registrationRefused'), next('viewerLeft'), next('disconnected')]);
  clock.advance(10_000);
  const [reason, left, [code]] = await told;
  expect([reason, left, code]).toEqual([['device-mismatch'], ['s1', 'relay-lost'], 'device-mismatch']);
  expect([camera.device, camera.connected, camera.viewers]).toEqual(['garden', false, 0]);
});
