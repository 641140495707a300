// Nobody has to attack: a table that answers for another session, as after a race, does it by itself. The question at the
// crossing holds: nothing of a camera goes to a viewer unless a live session names both.
import { expect, it } from 'vitest';
import { LatchkeyError } from '../../src/base/index.ts';
import type { VerifiedCamera, VerifiedViewer } from '../../src/identity/index.ts';
import { createSessions, type Session, type Sessions } from '../../src/pairing/index.ts';
import type { RpcParams } from '../../src/protocol/index.ts';
import { demandCrossing } from '../../src/signaling/crossing.ts';
import { CameraRole } from '../../src/signaling/onvif/camera-role.ts';
import { ViewerRole } from '../../src/signaling/onvif/viewer-role.ts';
import { type Core, coreOf } from '../../src/signaling/parts.ts';
import { RpcPeer } from '../../src/signaling/rpc-peer.ts';
import type { Registration } from '../../src/signaling/view.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { MemorySocket } from '../support/memory-transport.ts';
import { cameraProof, pairProof, viewerProof } from '../support/proofs.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { cameraAnswer, cameraOffer, signalingWorld, viewerOffer } from '../support/signaling-world.ts';

function table() {
  const clock = new ManualClock();
  const settings = { lifetimeMsMax: 3_600_000, perDeviceMax: 8, perSubjectMax: 8 };
  const sessions = createSessions(settings, clock, seededRandom(1));
  const session = sessions.open(pairProof('alice', 'cam1', clock.now()));
  const alice = viewerProof('alice', clock.now());
  const camera = cameraProof('cam1', clock.now());
  return { clock, sessions, session, alice, camera };
}

it('what belongs together crosses', () => {
  const { sessions, session, alice, camera } = table();
  expect(() => demandCrossing(sessions, session, alice, camera)).not.toThrow();
});

it('nothing crosses to another subject, from another device, without proofs, or after the end', () => {
  const { clock, sessions, session, alice, camera } = table();
  const bob = viewerProof('bob', clock.now());
  const other = cameraProof('cam10', clock.now());
  const forgedViewer: VerifiedViewer = Object.create(alice);
  const forgedCamera: VerifiedCamera = Object.create(camera);
  expect(() => demandCrossing(sessions, session, bob, camera)).toThrow(TypeError);
  expect(() => demandCrossing(sessions, session, alice, other)).toThrow(TypeError);
  expect(() => demandCrossing(sessions, session, forgedViewer, camera)).toThrow(TypeError);
  expect(() => demandCrossing(sessions, session, alice, forgedCamera)).toThrow(TypeError);
  session.end('revoked');
  expect(() => demandCrossing(sessions, session, alice, camera)).toThrow('The other side of the session is gone');
});

it('nothing crosses where the table answers with another session', () => {
  const { clock, sessions, session, alice, camera } = table();
  const other = sessions.open(pairProof('alice', 'cam1', clock.now()));
  const lying: Sessions = { ...sessions, size: 2, ofViewer: () => other };
  expect(() => demandCrossing(lying, session, alice, camera)).toThrow(TypeError);
  const halfLying: Sessions = { ...sessions, size: 2, ofCamera: () => other };
  expect(() => demandCrossing(halfLying, session, alice, camera)).toThrow(TypeError);
});

it('a table that gives every question the first session lets no description through', async () => {
  const clock = new ManualClock();
  const settings = { lifetimeMsMax: 3_600_000, perDeviceMax: 8, perSubjectMax: 8 };
  const honest = createSessions(settings, clock, seededRandom(1));
  const first = honest.open(pairProof('mallory', 'cam9', clock.now()));
  const sessions: Sessions = { ...honest, size: 0, ofViewer: () => first, ofCamera: () => first };
  for (const capabilities of [['answer'], []]) {
    const world = signalingWorld(1, { sessions, clock });
    world.own('alice', 'cam1');
    const camera = await world.camera('cam1', capabilities);
    const viewer = await world.socket('viewer/alice');
    const id = viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
    await world.settle();
    if (capabilities.length > 0) camera.answer(camera.request('invite'), { answer: cameraAnswer });
    else camera.answer(camera.request('connect'), {});
    camera.ask('invite', { session: camera.received.at(-1)?.params?.session ?? 'x', offer: cameraOffer });
    expect(viewer.reply(id)?.error?.data?.reason).toBe('internal');
    expect(viewer.requests('invite')).toEqual([]);
    expect(world.relay.wires).toEqual([]);
    expect(world.faults[0]).toBeInstanceOf(TypeError);
  }
});

/** A world whose table of sessions is honest until it is told to lie. */
async function turning(capabilities: string[]) {
  const clock = new ManualClock();
  const settings = { lifetimeMsMax: 3_600_000, perDeviceMax: 8, perSubjectMax: 8 };
  const honest = createSessions(settings, clock, seededRandom(1));
  const foreign = honest.open(pairProof('mallory', 'cam9', clock.now()));
  let lies: 'foreign' | 'unknown' | undefined;
  const answer = (): Session => {
    if (lies === 'unknown') throw new LatchkeyError('session-unknown');
    return foreign;
  };
  const sessions: Sessions = {
    ...honest,
    size: 0,
    ofViewer: (id, pair) => (lies === undefined ? honest.ofViewer(id, pair) : answer()),
    ofCamera: (id, of) => (lies === undefined ? honest.ofCamera(id, of) : answer()),
  };
  const world = signalingWorld(1, { sessions, clock });
  world.own('alice', 'cam1');
  const camera = await world.camera('cam1', capabilities);
  const viewer = await world.socket('viewer/alice');
  viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await world.settle();
  return {
    world,
    camera,
    viewer,
    lie: (how: 'foreign' | 'unknown' = 'foreign') => {
      lies = how;
    },
  };
}

it('nor where it begins to lie between the camera’s consent and its offer', async () => {
  const { world, camera, viewer, lie } = await turning([]);
  camera.answer(camera.request('connect'), {});
  lie();
  camera.ask('invite', { session: camera.request('connect').params.session, offer: cameraOffer });
  expect(viewer.requests('invite')).toEqual([]);
  expect(viewer.notices()).toEqual(['setup-failed']);
  expect(world.faults[0]).toBeInstanceOf(TypeError);
});

it('nor where it begins to lie during a restart of ICE', async () => {
  const { world, camera, viewer, lie } = await turning(['answer']);
  camera.answer(camera.request('invite'), { answer: cameraAnswer });
  const id = viewer.ask('invite', { session: camera.request('invite').params.session, offer: viewerOffer });
  await world.settle();
  lie();
  camera.answer(camera.request('invite'), { answer: cameraAnswer.replaceAll('a=ice-ufrag:3735', 'a=ice-ufrag:NEWc') });
  expect(viewer.reply(id)?.error?.data?.reason).toBe('internal');
  expect(world.relay.live.map((wire) => wire.camera.ufrag)).toEqual(['3735']);
  expect(JSON.stringify(viewer.received)).not.toContain('NEWc');
});

it('nobody touches a session that the table does not give them, though their connection holds it', async () => {
  const { world, camera, viewer, lie } = await turning(['answer']);
  camera.answer(camera.request('invite'), { answer: cameraAnswer });
  const { session } = camera.request('invite').params;
  lie('unknown');
  for (const socket of [viewer, camera]) {
    const id = socket.ask('leave', { session });
    expect(socket.reply(id)?.error?.data?.reason).toBe('session-unknown');
  }
  expect(world.relay.live).toHaveLength(1);
});

it('nor one that the table gives them and their connection does not hold', async () => {
  const world = signalingWorld();
  const camera = await world.camera('cam1');
  const session = world.sessions.open(pairProof('alice', 'cam1', world.clock.now()));
  for (const socket of [camera, await world.socket('viewer/alice')]) {
    const id = socket.ask('leave', { session: session.id });
    expect(socket.reply(id)?.error?.data?.reason).toBe('session-unknown');
  }
  expect(session.ended.aborted).toBe(false);
});

it('nor one of another subject, though their connection holds it', async () => {
  const { parts, clock } = signalingWorld();
  const peer = new RpcPeer(new MemorySocket(), clock, {}, { request() {}, fault() {}, gone() {} });
  const core = coreOf(parts);
  const camera: Registration = new CameraRole(core, peer, cameraProof('cam1', clock.now()));
  core.registrations.add(camera);
  const owning: Core = {
    ...core,
    pairing: { ...core.pairing, pair: async () => pairProof('alice', 'cam1', clock.now()) },
  };
  const role = new ViewerRole(owning, peer, viewerProof('alice', clock.now()));
  const request = (params: RpcParams) => ({ method: '', params, result() {}, error() {} });
  await role.connect(request({ peer: 'cam1' }), role.viewer);
  const [session] = camera.views.keys();

  role.viewer = viewerProof('bob', clock.now());

  expect(() => role.leave(request({ session }))).toThrow(expect.objectContaining({ code: 'session-unknown' }));
  role.viewer = viewerProof('alice', clock.now());
  expect(() => role.leave(request({ session }))).not.toThrow();
});
