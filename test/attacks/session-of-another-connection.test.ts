// Another client that holds a valid token, even of the same person, and learnt a session’s id. The tables of each
// connection hold: a session is reached over the connection that opened it and over no other, and a connection stays with the
// subject that it proved first.
import { expect, it } from 'vitest';
import { cameraAnswer, cameraOffer, signalingWorld, viewerOffer } from '../support/signaling-world.ts';

async function scene() {
  const world = signalingWorld();
  for (const [viewer, device] of [
    ['alice', 'cam1'],
    ['bob', 'cam1'],
    ['bob', 'cam2'],
  ] as const)
    world.own(viewer, device);
  const camera = await world.camera('cam1');
  const otherCamera = await world.camera('cam2');
  const viewer = await world.socket('viewer/alice');
  viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await world.settle();
  camera.answer(camera.request('invite'), { answer: cameraAnswer });
  return { world, camera, otherCamera, viewer, session: camera.request('invite').params.session ?? '' };
}

it.each(['viewer/alice', 'viewer/bob'])('%s on another connection cannot touch the session', async (token) => {
  const { world, camera, session } = await scene();
  const intruder = await world.socket(token);
  for (const method of ['leave', 'extend', 'trickle', 'invite']) {
    const id = intruder.ask(method, { session, offer: viewerOffer });
    await world.settle();
    expect(intruder.reply(id)?.error?.data?.reason).toBe('session-unknown');
  }
  intruder.fault({ code: 1, message: 'x', session });
  expect(world.sessions.size).toBe(1);
  expect(camera.notices()).toEqual([]);
});

it('the same person cannot reach it over HTTP either', async () => {
  const { world, session } = await scene();
  const response = await world.http({ method: 'DELETE', path: `/whep/cam1/${session}`, token: 'viewer/alice' });
  expect(response.status).toBe(404);
  expect(world.sessions.size).toBe(1);
});

it('another camera cannot touch it', async () => {
  const { world, otherCamera, viewer, session } = await scene();
  for (const method of ['leave', 'extend', 'trickle', 'invite']) {
    const id = otherCamera.ask(method, { session, offer: cameraOffer });
    await world.settle();
    expect(otherCamera.reply(id)?.error?.data?.reason).toBe('session-unknown');
  }
  otherCamera.fault({ code: 1001, message: 'x', session });
  expect(world.sessions.size).toBe(1);
  expect(viewer.received).toHaveLength(1);
});

it('an id of one connection means nothing on another', async () => {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  const camera = await world.camera('cam1');
  const otherCamera = await world.camera('cam2');
  const viewer = await world.socket('viewer/alice');
  const id = viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await world.settle();
  otherCamera.answer(camera.request('invite'), { answer: cameraAnswer });
  viewer.answer(camera.request('invite'), { answer: cameraAnswer });
  expect(viewer.reply(id)).toBeUndefined();
  expect(world.relay.wires).toEqual([]);
});

it.each([
  ['a viewer’s', 'viewer', 'viewer/bob'],
  ['a camera’s', 'viewer', 'camera/cam1'],
  ['another camera’s', 'camera', 'camera/cam2'],
  ['the owner’s', 'camera', 'viewer/alice'],
] as const)('a connection that holds it is not bound again by %s later token', async (_, whose, authorization) => {
  const { world, camera, viewer, session } = await scene();
  const socket = whose === 'viewer' ? viewer : camera;
  const restart = { session, offer: viewerOffer, authorization };

  for (const method of ['register', 'connect', 'extend']) {
    const id = socket.ask(method, { ...restart, peer: 'cam2' });
    await world.settle();
    expect(socket.reply(id)?.error?.data?.reason).toBe('token-conflict');
  }

  expect(world.sessions.size).toBe(1);
  expect(world.relay.live.map(({ pair }) => `${pair.subject} ${pair.device}`)).toEqual(['alice cam1']);
  const id = socket.ask('extend', { session });
  await world.settle();
  expect(socket.reply(id)?.result).toEqual({ expiryTimeSeconds: 3600 });
  expect(world.relay.live[0]?.extended.every((pair) => pair.subject === 'alice')).toBe(true);
});

it('a connection that showed its first token late is bound by it as well', async () => {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  world.own('bob', 'cam1');
  const camera = await world.camera('cam1');
  const viewer = await world.socket();
  viewer.ask('connect', { peer: 'cam1', authorization: 'viewer/alice', offer: viewerOffer });
  const other = viewer.ask('connect', { peer: 'cam1', authorization: 'viewer/bob', offer: viewerOffer });
  await world.settle();
  expect(viewer.reply(other)?.error?.data?.reason).toBe('token-conflict');
  expect(camera.requests('invite').map(({ params }) => JSON.parse(params?.grant ?? '').sub)).toEqual(['alice']);
});
