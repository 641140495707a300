// A camera with a valid token of its own, or anyone without one, who claims to be another camera. The derived id holds:
// a device is the subject of its verified token, and what it says of itself displaces nobody.
import { expect, it } from 'vitest';
import { MemorySocket } from '../support/memory-transport.ts';
import { cameraAnswer, signalingWorld, viewerOffer } from '../support/signaling-world.ts';

it('a camera that claims another id gets its own, and displaces nobody', async () => {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  const camera = await world.camera('cam1');
  const impostor = await world.socket('camera/cam9');

  const id = impostor.ask('register', {
    id: 'cam1',
    device: 'cam1',
    peer: 'cam1',
    name: 'cam1',
    capabilities: ['answer'],
  });
  await world.settle();

  expect(impostor.reply(id)?.result?.id).toBe('cam9');
  expect(camera.closed).toBeUndefined();
  const viewer = await world.socket('viewer/alice');
  viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await world.settle();
  expect(impostor.requests('invite')).toEqual([]);
  expect(camera.requests('invite')).toHaveLength(1);
});

it.each([
  ['no token', {}],
  ['a token that does not verify', { authorization: 'cam1' }],
  ['a person’s token of that name', { authorization: 'viewer/cam1' }],
])('a claim with %s takes over nothing', async (_, params) => {
  const world = signalingWorld();
  const camera = await world.camera('cam1');
  const impostor = await world.socket();
  impostor.ask('register', { id: 'cam1', capabilities: ['answer'], ...params });
  await world.settle();
  expect(camera.closed).toBeUndefined();
  expect(world.told.filter((line) => line.startsWith('unregistered'))).toEqual([]);
  expect(world.signaling.devicesOnline).toBe(1);
});

it('a connection that opened with a camera’s token displaces nobody until it registers', async () => {
  const world = signalingWorld();
  const camera = await world.camera('cam1');
  expect(await world.upgrade({ headers: { authorization: 'Bearer camera/cam1' } })).toBeInstanceOf(MemorySocket);
  expect(camera.closed).toBeUndefined();
});

it('a camera that was replaced does not take its place out when it closes', async () => {
  const world = signalingWorld();
  const older = await world.camera('cam1');
  await world.camera('cam1');
  older.drop();
  await world.settle();
  expect(world.signaling.devicesOnline).toBe(1);
});

it('a camera that names the live views of another one takes none of them, though that one is away', async () => {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  const camera = await world.camera('cam1');
  const viewer = await world.socket('viewer/alice');
  viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await world.settle();
  const { session = '' } = camera.request('invite').params;
  camera.answer(camera.request('invite'), { answer: cameraAnswer });
  await world.settle();
  camera.drop();
  await world.settle();

  const impostor = await world.socket('camera/cam9');
  const id = impostor.ask('register', { id: 'cam1', capabilities: ['answer'], sessions: [session] });
  await world.settle();
  for (const method of ['leave', 'extend']) impostor.ask(method, { session });
  impostor.fault({ code: 1001, message: 'x', session });
  viewer.ask('invite', { session, offer: viewerOffer });
  await world.settle();

  expect(impostor.reply(id)?.result?.sessions).toEqual([]);
  expect(impostor.requests('invite')).toEqual([]);
  expect(viewer.notices()).toEqual([]);
  expect(world.relay.live).toHaveLength(1);
});
