// A viewer whose permission was taken back, and who comes back to what was opened before. The pair holds: it lives in
// memory alone, and each connection and each session is authorized again.
import { expect, it } from 'vitest';
import { cameraAnswer, signalingWorld, viewerOffer } from '../support/signaling-world.ts';

it('a relay that started again knows no session, and asks for everything from the beginning', async () => {
  const before = signalingWorld(1);
  before.own('alice', 'cam1');
  const camera = await before.camera('cam1');
  const viewer = await before.socket('viewer/alice');
  viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await before.settle();
  camera.answer(camera.request('invite'), { answer: cameraAnswer });
  const session = camera.request('invite').params.session ?? '';

  const after = signalingWorld(2);
  const again = await after.camera('cam1');
  const back = await after.socket('viewer/alice');
  const ids = [back.ask('extend', { session }), back.ask('invite', { session, offer: viewerOffer })];
  const connected = back.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await after.settle();

  for (const id of ids) expect(back.reply(id)?.error?.data?.reason).toBe('session-unknown');
  expect(back.reply(connected)?.error?.data?.reason).toBe('not-allowed');
  expect(again.requests('invite')).toEqual([]);
  expect(after.relay.wires).toEqual([]);
});

it('a viewer who reconnects is asked again', async () => {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  const camera = await world.camera('cam1');
  const viewer = await world.socket('viewer/alice');
  viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await world.settle();
  camera.answer(camera.request('invite'), { answer: cameraAnswer });
  viewer.drop();
  await world.settle();
  world.disown('alice', 'cam1');

  const back = await world.socket('viewer/alice');
  const id = back.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await world.settle();

  expect(back.reply(id)?.error?.data?.reason).toBe('not-allowed');
  expect(world.relay.live).toEqual([]);
});

it('a token that expired while its connection stayed opens nothing', async () => {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  await world.camera('cam1', ['answer'], 9000);
  const viewer = await world.socket('viewer/alice/60');
  world.clock.advance(60_000);
  viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await world.settle();
  expect(viewer.closed?.reason).toBe('token-expired');
  expect(world.sessions.size).toBe(0);
});
