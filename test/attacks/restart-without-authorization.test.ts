// A viewer whose permission was taken back, and who comes back to what was opened before. The pair holds: it lives in
// memory alone, and each connection, each session and each restart of ICE is authorized again.
import { expect, it } from 'vitest';
import type { SignalingParts } from '../../src/signaling/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { pairProof } from '../support/proofs.ts';
import { cameraAnswer, signalingWorld, viewerOffer } from '../support/signaling-world.ts';

const restarted = viewerOffer.replaceAll('a=ice-ufrag:R9BI', 'a=ice-ufrag:NEWu');

/** Alice watches cam1. */
async function watching(override: Partial<SignalingParts> = {}) {
  const world = signalingWorld(1, override);
  world.own('alice', 'cam1');
  const camera = await world.camera('cam1');
  const viewer = await world.socket('viewer/alice');
  viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await world.settle();
  camera.answer(camera.request('invite'), { answer: cameraAnswer });
  return { world, camera, viewer, session: camera.request('invite').params.session ?? '' };
}

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

it('who was disowned in mid-view restarts nothing: the camera hears of no restart, and the view ends', async () => {
  const { world, camera, viewer, session } = await watching();
  world.disown('alice', 'cam1');

  const id = viewer.ask('invite', { session, offer: restarted });
  await world.settle();

  expect(viewer.reply(id)?.error?.data?.reason).toBe('not-allowed');
  expect(camera.requests('invite')).toHaveLength(1);
  expect(viewer.notices()).toEqual(['revoked']);
  expect(camera.notices()).toEqual(['revoked']);
  expect(world.relay.live).toEqual([]);
  expect(world.sessions.size).toBe(0);
});

it('who was disowned while one restart was under way is found out by the next', async () => {
  const { world, camera, viewer, session } = await watching();
  viewer.ask('invite', { session, offer: restarted });
  await world.settle();
  expect(camera.requests('invite')).toHaveLength(2);
  world.disown('alice', 'cam1');

  viewer.ask('invite', { session, offer: restarted });
  await world.settle();
  camera.answer(camera.request('invite'), { answer: cameraAnswer });

  expect(viewer.notices()).toEqual(['revoked']);
  expect(world.relay.live).toEqual([]);
});

it('a view that ended while the restart was being authorized does not begin again', async () => {
  const { world, camera, viewer, session } = await watching();
  const waiting: (() => void)[] = [];
  world.setGate((go) => waiting.push(go));
  const id = viewer.ask('invite', { session, offer: restarted });
  await world.settle();
  camera.ask('leave', { session });

  for (const go of waiting) go();
  await world.settle();

  expect(viewer.reply(id)?.error?.data?.reason).toBe('session-unknown');
  expect(camera.requests('invite')).toHaveLength(1);
  expect(world.sessions.size).toBe(0);
});

it('a permission for another person or another camera restarts nothing', async () => {
  for (const [subject, device] of [
    ['bob', 'cam1'],
    ['alice', 'cam2'],
  ] as const) {
    const nowMs = new ManualClock().now();
    const answers = [pairProof('alice', 'cam1', nowMs), pairProof(subject, device, nowMs)];
    const pair = async () => answers.shift() ?? Promise.reject(new Error('asked too often'));
    const { world, camera, viewer, session } = await watching({ pairing: { pair, pairsOf: async () => [] } });

    const id = viewer.ask('invite', { session, offer: restarted });
    await world.settle();

    expect(viewer.reply(id)?.error?.data?.reason).toBe('session-unknown');
    expect(camera.requests('invite')).toHaveLength(1);
    expect(world.relay.live[0]?.viewer.ufrag).toBe('R9BI');
  }
});
