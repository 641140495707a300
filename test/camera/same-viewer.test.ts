import { expect, test } from 'vitest';
import { systemRandom } from '../../src/base/index.ts';
import { differenceOf } from '../../src/camera/grant.ts';
import { createBroadcast } from '../../src/camera/sending/broadcast.ts';
import { createClipSource } from '../../src/camera/sources/clip.ts';
import { type Stage, Viewing } from '../../src/camera/viewing.ts';
import { createGuardedPeer, newCertificate } from '../../src/peer/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { type TinyRelay, viaRelay } from '../support/tiny-relay.ts';
import { clip, closers, invite, offered } from './camera-and-relay.ts';

const first = {
  iss: 'relay',
  sid: 's1',
  sub: 'alice',
  device: 'garden',
  role: 'owner' as const,
  fingerprints: ['sha-256 AA', 'sha-512 BB'],
  iat: 0,
  exp: 60,
};

test.each([
  ['the same viewer later', { iat: 50, exp: 120 }, undefined],
  ['the same certificate in another order', { fingerprints: ['sha-512 BB', 'sha-256 AA'] }, undefined],
  ['another session', { sid: 's2' }, 'session'],
  ['another camera', { device: 'nursery' }, 'device'],
  ['another subject', { sub: 'mallory' }, 'subject'],
  ['another certificate', { fingerprints: ['sha-256 AA', 'sha-512 CC'] }, 'fingerprint'],
  ['a certificate more', { fingerprints: ['sha-256 AA', 'sha-512 BB', 'sha-256 CC'] }, 'fingerprint'],
  ['a certificate less', { fingerprints: ['sha-256 AA'] }, 'fingerprint'],
])('a later grant for %s differs so', (_, change, difference) => {
  expect(differenceOf(first, { ...first, ...change })).toBe(difference);
});

async function anotherOffer(): Promise<string> {
  const peer = createGuardedPeer(
    { certificate: await newCertificate(), direction: 'recvonly', video: ['H264'], audio: true },
    systemRandom,
  );
  closers.push(() => peer.close());
  return await peer.offer();
}

const refused = expect.objectContaining({ code: 403, message: 'device-refused' });
const inviteAs = (relay: TinyRelay, subject: string, offer: string) => relay.inviteCamera('s1', subject, offer);

test('a live view that stands is restarted by its own viewer', async () => {
  const { relay, camera, told, offer } = await offered();
  await invite(relay, 's1', offer);
  expect(await inviteAs(relay, 'alice', offer)).toContain('m=video');
  expect(camera.viewers).toBe(1);
  expect(told).not.toContain('grantRefused');
});

test('a live view that stands is not handed to another subject, and goes on for its own', async () => {
  const { relay, camera, next, offer } = await offered();
  await invite(relay, 's1', offer);
  const reason = next('grantRefused');
  await expect(inviteAs(relay, 'mallory', offer)).rejects.toEqual(refused);
  expect(await reason).toEqual(['subject']);
  expect(camera.viewers).toBe(1);
  expect(await inviteAs(relay, 'alice', offer)).toContain('m=video');
});

test('a live view that stands is not handed to another certificate, even of the same subject', async () => {
  const { relay, camera, next, offer } = await offered();
  await invite(relay, 's1', offer);
  const reason = next('grantRefused');
  await expect(inviteAs(relay, 'alice', await anotherOffer())).rejects.toEqual(refused);
  expect(await reason).toEqual(['fingerprint']);
  expect(camera.viewers).toBe(1);
});

test('of two grants that are verified at the same moment, the first decides whose it is', async () => {
  const clock = new ManualClock();
  const powers = { clock, random: systemRandom };
  const source = createClipSource(clip, clock);
  const verified = Promise.withResolvers<void>();
  const refusals: string[] = [];
  const stage: Stage = {
    certificate: await newCertificate(),
    source,
    broadcast: (codec) => createBroadcast(source, codec, powers, {}),
    check: async (subject = '', sid, fingerprints) => {
      await verified.promise;
      return { ...first, sid, sub: subject, fingerprints: [...fingerprints] };
    },
    grantRefused: (reason) => void refusals.push(reason),
    ...powers,
    observer: {},
  };
  const viewing = new Viewing(stage, 's1', () => {});
  closers.push(() => viewing.end('camera-stopping'));
  const offer = viaRelay(await anotherOffer(), 9);
  const answers = ['alice', 'mallory'].map((subject) => viewing.answer(offer, subject));
  verified.resolve();
  const [alice, mallory] = await Promise.allSettled(answers);
  expect(alice?.status).toBe('fulfilled');
  expect(mallory).toEqual({ status: 'rejected', reason: expect.objectContaining({ code: 'device-refused' }) });
  expect(refusals).toEqual(['subject']);
});

test('a session is extended by a grant for the same viewer, and by no other', async () => {
  const { relay, next, offer } = await offered();
  await invite(relay, 's1', offer);
  const extend = async (grant: string | undefined) =>
    await relay.callCamera('extend', { session: 's1', expiryTimeSeconds: 60, grant });
  expect(await extend(await relay.grantFor('s1', 'alice', offer))).toEqual({ expiryTimeSeconds: 60 });
  const reason = next('grantRefused');
  await expect(extend(await relay.grantFor('s1', 'mallory', offer))).rejects.toEqual(refused);
  expect(await reason).toEqual(['subject']);
  await expect(extend(await relay.grantFor('s1', 'alice', await anotherOffer()))).rejects.toEqual(refused);
  await expect(extend(undefined)).rejects.toEqual(refused);
  await expect(relay.callCamera('extend', { session: 's9', grant: '' })).rejects.toMatchObject({
    message: 'session-unknown',
  });
});
