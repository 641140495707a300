// Anyone with a valid token who owns nothing, or who sends nothing where a list is expected. Refusal by default holds: what
// is not granted is not there.
import { expect, it } from 'vitest';
import { cameraAnswer, signalingWorld, viewerOffer } from '../support/signaling-world.ts';

it('who owns nothing sees nothing and watches nothing', async () => {
  const world = signalingWorld();
  const camera = await world.camera('cam1');
  const listed = await world.http({ path: '/devices', token: 'viewer/mallory' });
  expect(JSON.parse(String(listed.body))).toEqual({ devices: [] });
  const viewer = await world.socket('viewer/mallory');
  const asked = ['cam1', '*', '', 'cam'].map((peer) => viewer.ask('connect', { peer, offer: viewerOffer }));
  await world.settle();
  expect(asked.map((id) => viewer.reply(id)?.error?.code)).toEqual([403, -32602, -32602, 403]);
  expect(camera.requests('invite')).toEqual([]);
});

it('an offer without fingerprints gets no grant that holds for every certificate', async () => {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  const camera = await world.camera('cam1');
  const viewer = await world.socket('viewer/alice');
  const offer = viewerOffer.replaceAll(/a=fingerprint:.*\r\n/g, '');
  const id = viewer.ask('connect', { peer: 'cam1', offer });
  await world.settle();
  expect(viewer.reply(id)?.error?.data?.reason).toBe('sdp-no-fingerprint');
  expect(camera.requests('invite')).toEqual([]);
});

it('a camera without capabilities is not taken to have all of them', async () => {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  const camera = await world.camera('cam1', []);
  const viewer = await world.socket('viewer/alice');
  viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await world.settle();
  expect(camera.requests('invite')).toEqual([]);
  camera.answer(camera.request('connect'), { answer: cameraAnswer });
  expect(world.relay.wires).toEqual([]);
});
