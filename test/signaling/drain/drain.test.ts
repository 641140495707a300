import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { subprotocol, webSocketPath } from '../../../src/protocol/index.ts';
import type { DrainOutcome } from '../../../src/signaling/index.ts';
import { MemorySocket, memoryRequest } from '../../support/memory-transport.ts';
import { cameraAnswer, signalingWorld, viewerOffer, type World } from '../../support/signaling-world.ts';

const plan = { leadMs: 2_000, overMs: 10_000, sessionsMsMax: 20_000, totalMsMax: 60_000 };

async function fleet(world: World, count: number): Promise<MemorySocket[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => world.camera(`cam${index}`)));
}

/** A live view whose wire stands. */
async function watched(world: World, subject: string, device: string) {
  world.own(subject, device);
  const camera = await world.camera(device);
  const viewer = await world.socket(`viewer/${subject}`);
  const asked = viewer.ask('connect', { peer: device, offer: viewerOffer });
  await world.settle();
  camera.answer(camera.request('invite'), { answer: cameraAnswer });
  await world.settle();
  return { camera, viewer, session: viewer.reply(asked)?.result?.session ?? '' };
}

function outcomeOf(drain: { done: Promise<DrainOutcome> }): { now: DrainOutcome | undefined } {
  const heard: { now: DrainOutcome | undefined } = { now: undefined };
  void drain.done.then((outcome) => {
    heard.now = outcome;
  });
  return heard;
}

const closedOf = (sockets: readonly MemorySocket[]) => sockets.filter((socket) => socket.closed !== undefined).length;

describe('a relay that is drained', () => {
  it('goes on as ever until its lead is over, and refuses what is new from then on', async () => {
    const world = signalingWorld();
    world.own('alice', 'cam0');
    const [camera] = await fleet(world, 1);
    const viewer = await world.socket('viewer/alice');
    world.signaling.drain(plan);
    world.clock.advance(plan.leadMs - 1);
    const early = viewer.ask('connect', { peer: 'cam0', offer: viewerOffer });
    await world.settle();
    expect(camera?.requests('invite')).toHaveLength(1);
    expect(viewer.reply(early)).toBeUndefined();
    expect(await world.upgrade()).toBeInstanceOf(MemorySocket);
    world.clock.advance(1);
    const refused = { status: 503, headers: { 'Retry-After': expect.stringMatching(/^[1-9]\d*$/) } };
    expect(await world.upgrade()).toMatchObject({ ...refused, body: expect.stringContaining('"relay-moving"') });
    expect(await world.http({ path: '/devices', token: 'viewer/alice' })).toMatchObject(refused);
    expect(await world.http({ method: 'POST', path: '/whep/cam0', token: 'viewer/alice' })).toMatchObject(refused);
    const late = viewer.ask('connect', { peer: 'cam0', offer: viewerOffer });
    await world.settle();
    expect(viewer.reply(late)?.error).toMatchObject({
      code: 503,
      data: { reason: 'relay-moving', retryAfterSeconds: expect.any(Number) },
    });
  });

  it('refuses who was about to come when its lead ended', async () => {
    const world = signalingWorld();
    const gate = Promise.withResolvers<void>();
    world.setGate((go) => void gate.promise.then(go));
    const opening = world.upgrade({ headers: { authorization: 'Bearer camera/late' } });
    world.signaling.drain(plan);
    world.clock.advance(plan.leadMs);
    gate.resolve();
    expect(await opening).toMatchObject({ status: 503 });
  });

  it('sends whoever was let in before its lead ended, and opens only then, elsewhere at once', async () => {
    const world = signalingWorld();
    const headers = { 'sec-websocket-protocol': subprotocol, authorization: 'Bearer camera/late' };
    const decision = await world.signaling.upgrade(memoryRequest({ path: webSocketPath, headers }));
    if ('refuse' in decision) throw new Error('let in');
    const drained = outcomeOf(world.signaling.drain(plan));
    world.clock.advance(plan.leadMs);
    const socket = new MemorySocket();
    socket.attach(decision.open(socket));
    expect(socket.closed).toEqual({ code: 1012, reason: 'relay-moving' });
    await world.settle();
    world.clock.advance(limits.drainTickMs);
    await world.settle();
    expect(drained.now).toBe('moved');
  });

  it('refuses the registration of a camera that was connected and had not registered, and closes it', async () => {
    const world = signalingWorld();
    const camera = await world.socket('camera/slow');
    world.signaling.drain({ ...plan, leadMs: 0 });
    world.clock.advance(0);
    camera.ask('register', {});
    await world.settle();
    expect(camera.closed).toEqual({ code: 1012, reason: 'relay-moving' });
    expect(world.signaling.devicesOnline).toBe(0);
  });

  it('tells cameras without live views to move at an even pace, and not in the order in which they came', async () => {
    const world = signalingWorld();
    const cameras = await fleet(world, 100);
    const drain = world.signaling.drain(plan);
    world.clock.advance(plan.leadMs);
    for (const tenth of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      world.clock.advance(plan.overMs / 10);
      expect(closedOf(cameras)).toBeGreaterThanOrEqual(10 * tenth - 1);
      expect(closedOf(cameras)).toBeLessThanOrEqual(10 * tenth);
      await world.settle();
    }
    const first = cameras.slice(0, 90);
    expect(closedOf(first)).toBeLessThan(90);
    world.clock.advance(plan.overMs / 10);
    expect(closedOf(cameras)).toBe(100);
    for (const { closed } of cameras) expect(closed).toEqual({ code: 1012, reason: 'relay-moving' });
    await world.settle();
    world.clock.advance(limits.drainTickMs);
    expect(await drain.done).toBe('moved');
    expect(world.told.filter((line) => line === 'unregistered moving')).toHaveLength(100);
    expect(world.clock.pending).toBe(0);
    expect(world.faults).toEqual([]);
  });

  it('tells each when to come back before it closes', async () => {
    const world = signalingWorld();
    const [camera] = await fleet(world, 1);
    world.signaling.drain(plan);
    world.clock.advance(plan.leadMs + plan.overMs);
    expect(camera?.received.at(-1)?.error).toMatchObject({
      code: 503,
      data: { reason: 'relay-moving', retryAfterSeconds: 1 },
    });
    expect(camera?.received.at(-1)?.error?.session).toBeUndefined();
  });

  it('lets live views go on for their time, and then moves a camera ahead of those who watch it', async () => {
    const world = signalingWorld();
    const { camera, viewer, session } = await watched(world, 'alice', 'door');
    const drain = world.signaling.drain(plan);
    world.clock.advance(plan.leadMs + plan.sessionsMsMax - 1);
    expect([camera.closed, viewer.closed, world.sessions.size]).toEqual([undefined, undefined, 1]);
    world.clock.advance(1 + plan.overMs);
    expect(camera.closed).toEqual({ code: 1012, reason: 'relay-moving' });
    expect(camera.received.at(-1)?.error?.data).toEqual({ reason: 'relay-moving', retryAfterSeconds: 0 });
    await world.settle();
    expect(viewer.closed).toBeUndefined();
    expect(world.relay.live).toHaveLength(1);
    world.clock.advance(limits.drainCameraAheadMs - 1);
    expect(world.relay.live).toHaveLength(1);
    world.clock.advance(1);
    expect(viewer.received.at(-1)?.error).toMatchObject({
      session,
      data: { reason: 'relay-moving', retryAfterSeconds: 0 },
    });
    expect(viewer.closed).toEqual({ code: 1012, reason: 'relay-moving' });
    expect(world.relay.live).toEqual([]);
    expect(world.told).toContain('ended relay-moving');
    await world.settle();
    world.clock.advance(limits.drainTickMs);
    expect(await drain.done).toBe('moved');
    expect(world.clock.pending).toBe(0);
  });

  it('extends live views as ever, and takes their restart and their end', async () => {
    const world = signalingWorld();
    const { viewer, session } = await watched(world, 'alice', 'door');
    world.signaling.drain(plan);
    world.clock.advance(plan.leadMs);
    const extended = viewer.ask('extend', { session, authorization: 'viewer/alice/7200' });
    await world.settle();
    expect(viewer.reply(extended)?.result?.expiryTimeSeconds).toBeGreaterThan(0);
    const left = viewer.ask('leave', { session });
    expect(viewer.reply(left)?.result).toEqual({});
  });

  it('ends a live view whose camera is lost meanwhile once the camera can be elsewhere', async () => {
    const world = signalingWorld();
    const { camera, viewer } = await watched(world, 'alice', 'door');
    world.signaling.drain(plan);
    world.clock.advance(plan.leadMs);
    camera.drop();
    await world.settle();
    world.clock.advance(limits.drainCameraAheadMs);
    expect(viewer.notices()).toEqual(['relay-moving']);
  });

  it('does the same for one whose camera was away before', async () => {
    const world = signalingWorld();
    const { camera, viewer } = await watched(world, 'alice', 'door');
    camera.drop();
    await world.settle();
    world.signaling.drain(plan);
    world.clock.advance(plan.leadMs);
    expect(viewer.notices()).toEqual([]);
    world.clock.advance(limits.drainCameraAheadMs);
    expect(viewer.notices()).toEqual(['relay-moving']);
  });

  it('refuses a live view that is being set up when its camera moves, and says when to try again', async () => {
    const world = signalingWorld();
    world.own('alice', 'cam0');
    await fleet(world, 1);
    const viewer = await world.socket('viewer/alice');
    const asked = viewer.ask('connect', { peer: 'cam0', offer: viewerOffer });
    await world.settle();
    world.signaling.drain({ ...plan, leadMs: 0, sessionsMsMax: 0, overMs: 1_000 });
    world.clock.advance(1_000);
    expect(viewer.reply(asked)?.error?.data).toEqual({ reason: 'relay-moving', retryAfterSeconds: 1 });
  });

  it('ends in its time whatever happens: whoever is left is told then, each for a time of its own', async () => {
    const world = signalingWorld();
    const { viewer } = await watched(world, 'alice', 'door');
    const cameras = await fleet(world, 100);
    const heard = outcomeOf(
      world.signaling.drain({ leadMs: 0, overMs: 10_000, sessionsMsMax: 60_000, totalMsMax: 5_000 }),
    );
    world.clock.advance(4_999);
    await world.settle();
    expect([heard.now, viewer.closed]).toEqual([undefined, undefined]);
    world.clock.advance(1);
    await world.settle();
    expect(heard.now).toBe('late');
    expect(viewer.closed).toEqual({ code: 1012, reason: 'relay-moving' });
    expect(closedOf(cameras)).toBe(100);
    expect(world.sessions.size).toBe(0);
    const times = cameras.map((camera) => camera.received.at(-1)?.error?.data?.retryAfterSeconds ?? 0);
    expect(Math.max(...times)).toBeGreaterThanOrEqual(2);
    expect(new Set(times).size).toBeGreaterThan(1);
  });

  it('ends at once when it is hastened, also within its lead', async () => {
    const world = signalingWorld();
    const { viewer } = await watched(world, 'alice', 'door');
    const cameras = await fleet(world, 5);
    const drain = world.signaling.drain(plan);
    world.clock.advance(plan.leadMs / 2);
    drain.hasten();
    drain.hasten();
    expect(await drain.done).toBe('hastened');
    expect([closedOf(cameras), viewer.closed?.code, drain.phase]).toEqual([5, 1012, 'over']);
    expect(await world.upgrade()).toMatchObject({ status: 503 });
    await world.settle();
    expect(world.clock.pending).toBe(0);
  });

  it('is drained once: who asks again joins', () => {
    const world = signalingWorld();
    expect(world.signaling.drain(plan)).toBe(world.signaling.drain({ ...plan, leadMs: 0 }));
  });

  it('has nothing to wait for where nobody is connected', async () => {
    const world = signalingWorld();
    const drain = world.signaling.drain({ ...plan, leadMs: 0 });
    world.clock.advance(0);
    expect(await drain.done).toBe('moved');
    expect(world.clock.pending).toBe(0);
  });
});
