// Nobody has to attack: a relay that tells everyone what concerns one of them does it by itself. The session holds: what
// happens to it is told to its two ends.
import { expect, it } from 'vitest';
import { cameraAnswer, signalingWorld, viewerOffer } from '../support/signaling-world.ts';

it('what happens to one live view is heard by its two ends alone', async () => {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  world.own('bob', 'cam1');
  const camera = await world.camera('cam1');
  const otherCamera = await world.camera('cam2');
  const viewer = await world.socket('viewer/alice');
  const sameCamera = await world.socket('viewer/bob');
  const nobody = await world.socket();
  const heard = () => [otherCamera, sameCamera, nobody].map((socket) => socket.received.length);
  const before = heard();

  viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await world.settle();
  camera.answer(camera.request('invite'), { answer: cameraAnswer });
  const session = camera.request('invite').params.session;
  camera.ask('trickle', { session, candidate: { candidate: '' } });
  camera.drop();
  await world.settle();
  const newer = await world.camera('cam1');
  expect([viewer.notices(), heard()]).toEqual([[], before]);
  newer.ask('leave', { session });

  expect(viewer.notices()).toEqual(['camera-left']);
  expect(heard()).toEqual(before);
});

it('the end of one of two views of a camera is not told to the other', async () => {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  world.own('bob', 'cam1');
  const camera = await world.camera('cam1');
  const [alice, bob] = [await world.socket('viewer/alice'), await world.socket('viewer/bob')];
  for (const viewer of [alice, bob]) {
    viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
    await world.settle();
    camera.answer(camera.request('invite'), { answer: cameraAnswer });
  }
  alice.drop();
  await world.settle();
  expect(bob.notices()).toEqual([]);
  expect(world.relay.live.map((wire) => wire.pair.subject)).toEqual(['bob']);
});
