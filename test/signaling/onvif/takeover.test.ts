import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import type { MemorySocket } from '../../support/memory-transport.ts';
import {
  cameraAnswer,
  cameraOffer,
  signalingWorld,
  viewerAnswer,
  viewerOffer,
  type World,
} from '../../support/signaling-world.ts';

interface Scene {
  world: World;
  camera: MemorySocket;
  viewer: MemorySocket;
  connected: string;
  session: string;
}

/** Alice asks for cam1, and its invite has not been answered. */
async function asked(lifetime = 3600): Promise<Scene> {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  const camera = await world.camera('cam1', ['answer'], lifetime);
  const viewer = await world.socket('viewer/alice');
  const connected = viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await world.settle();
  return { world, camera, viewer, connected, session: camera.request('invite').params.session ?? '' };
}

async function watched(lifetime?: number): Promise<Scene> {
  const scene = await asked(lifetime);
  scene.camera.answer(scene.camera.request('invite'), { answer: cameraAnswer });
  await scene.world.settle();
  return scene;
}

/** Opens a connection of cam1 and registers; what is said with it is up to the test. */
async function registered(world: World, params: object = {}, device = 'cam1') {
  const socket = await world.socket(`camera/${device}`);
  const id = socket.ask('register', { capabilities: ['answer'], ...params });
  await world.settle();
  return { socket, result: socket.reply(id)?.result };
}

const lose = async ({ world, camera }: Scene) => {
  camera.drop();
  await world.settle();
};

function goesOn({ world, viewer }: Scene): void {
  expect(viewer.notices()).toEqual([]);
  expect(world.sessions.size).toBe(1);
  expect(world.relay.live).toHaveLength(1);
  expect(world.faults).toEqual([]);
}

function nothingIsLeft({ world }: Scene): void {
  expect(world.sessions.size).toBe(0);
  expect(world.relay.live).toEqual([]);
  expect(world.relay.reserved.size).toBe(0);
  expect(world.faults).toEqual([]);
}

describe('a live view whose camera registers again', () => {
  it('goes on when a newer connection takes over: the older one is told why and closed, the viewer hears nothing', async () => {
    const scene = await watched();
    const { socket, result } = await registered(scene.world);
    expect(scene.camera.notices()).toEqual(['registration-replaced']);
    expect(scene.camera.closed).toEqual({ code: 4409, reason: 'registration-replaced' });
    expect(socket.notices()).toEqual([]);
    expect(result?.sessions).toBeUndefined();
    expect(scene.world.told).toContain('moved');
    goesOn(scene);
  });

  it('goes on when the connection was lost before', async () => {
    const scene = await watched();
    const { pending } = scene.world.clock;
    await lose(scene);
    expect(scene.world.signaling.devicesOnline).toBe(0);
    goesOn(scene);
    await registered(scene.world);
    expect(scene.world.clock.pending).toBe(pending);
    scene.world.clock.advance(limits.cameraAwayMsMax);
    goesOn(scene);
    expect(scene.world.told.filter((line) => line === 'moved')).toHaveLength(1);
  });

  it('goes on over many losses, each waited for anew', async () => {
    const scene = await watched();
    let { camera } = scene;
    for (let loss = 0; loss < 5; loss += 1) {
      await lose({ ...scene, camera });
      scene.world.clock.advance(limits.cameraAwayMsMax - 1);
      camera = (await registered(scene.world)).socket;
    }
    goesOn(scene);
  });

  it('belongs to the newer connection: it ends it, and hears of its end', async () => {
    const one = await watched();
    const first = await registered(one.world);
    const left = first.socket.ask('leave', { session: one.session });
    expect(first.socket.reply(left)?.result).toEqual({});
    expect(one.viewer.notices()).toEqual(['camera-left']);
    nothingIsLeft(one);

    const two = await watched();
    await lose(two);
    const second = await registered(two.world);
    two.viewer.ask('leave', { session: two.session });
    expect(second.socket.notices()).toEqual(['viewer-left']);
    nothingIsLeft(two);
  });

  it('ends at once when the newer connection unregisters', async () => {
    const scene = await watched();
    const { socket } = await registered(scene.world);
    socket.ask('unregister');
    expect(scene.viewer.notices()).toEqual(['camera-left']);
    nothingIsLeft(scene);
  });

  it('does not follow another camera, whatever it says that it has', async () => {
    const scene = await watched();
    await lose(scene);
    const { socket, result } = await registered(scene.world, { sessions: [scene.session] }, 'cam2');
    expect(result?.sessions).toEqual([]);
    const left = socket.ask('leave', { session: scene.session });
    expect(socket.reply(left)?.error?.data?.reason).toBe('session-unknown');
    goesOn(scene);
  });

  it('is told to the newer connection when it was extended in between', async () => {
    const scene = await watched();
    await lose(scene);
    scene.world.clock.advance(1000);
    scene.viewer.ask('extend', { session: scene.session, authorization: 'viewer/alice/7200' });
    await scene.world.settle();
    expect(scene.world.told).not.toContain('ignored device-fault');
    const { socket } = await registered(scene.world);
    expect(socket.requests('extend')).toHaveLength(1);
    const told = socket.request('extend');
    expect(told.params).toMatchObject({ session: scene.session, expiryTimeSeconds: 3599 });
    expect(JSON.parse(told.params.grant ?? '')).toMatchObject({ sub: 'alice', device: 'cam1', sid: scene.session });
    socket.answer(told, { expiryTimeSeconds: 3599 });
    expect((await registered(scene.world)).socket.requests('extend')).toEqual([]);
    goesOn(scene);
  });
});

describe('an extension that a camera has not answered', () => {
  const extend = async ({ world, viewer, session }: Scene) => {
    viewer.ask('extend', { session, authorization: 'viewer/alice/7200' });
    await world.settle();
  };

  it.each<[string, (scene: Scene) => Promise<void>]>([
    [
      'in time',
      async (scene) => {
        await extend(scene);
        scene.world.clock.advance(limits.cameraAnswerMsMax);
      },
    ],
    [
      'before another was told, whatever it says to the first',
      async (scene) => {
        await extend(scene);
        const first = scene.camera.request('extend');
        await extend(scene);
        scene.camera.answer(first, { expiryTimeSeconds: 3600 });
        await scene.world.settle();
      },
    ],
    [
      'because too much waited for it already',
      async (scene) => {
        for (let count = 0; count <= limits.callsInFlightPerConnectionMax; count++) await extend(scene);
      },
    ],
  ])('%s is told to its next connection', async (_, happen) => {
    const scene = await watched();
    await happen(scene);
    await lose(scene);
    const { socket } = await registered(scene.world);
    expect(socket.requests('extend')).toHaveLength(1);
    goesOn(scene);
  });

  it('is told at once to the connection that takes over, also where the old one has not been missed', async () => {
    const scene = await watched();
    scene.viewer.ask('extend', { session: scene.session, authorization: 'viewer/alice/7200' });
    await scene.world.settle();
    scene.world.clock.advance(limits.cameraAnswerMsMax);
    expect(scene.world.told).toContain('ignored device-fault');
    const { socket } = await registered(scene.world);
    expect(socket.requests('extend')).toHaveLength(1);
    goesOn(scene);
  });

  it('is not told again once it is answered, by a result or by an error', async () => {
    for (const answer of [
      (scene: Scene) => scene.camera.answer(scene.camera.request('extend'), { expiryTimeSeconds: 3600 }),
      (scene: Scene) =>
        scene.camera.refuse(scene.camera.request('extend'), { code: -32601, message: 'No such method' }),
    ]) {
      const scene = await watched();
      scene.viewer.ask('extend', { session: scene.session, authorization: 'viewer/alice/7200' });
      await scene.world.settle();
      answer(scene);
      await lose(scene);
      expect((await registered(scene.world)).socket.requests('extend')).toEqual([]);
    }
  });
});

describe('a live view whose camera stays away', () => {
  it('ends when it was waited for long enough, and is told why', async () => {
    const scene = await watched();
    await lose(scene);
    scene.world.clock.advance(limits.cameraAwayMsMax - 1);
    goesOn(scene);
    scene.world.clock.advance(1);
    expect(scene.viewer.notices()).toEqual(['camera-left']);
    nothingIsLeft(scene);
  });

  it('ends with the token that the camera was proved by', async () => {
    const scene = await watched(60);
    scene.world.clock.advance(50_000);
    await lose(scene);
    scene.world.clock.advance(9_999);
    goesOn(scene);
    scene.world.clock.advance(1);
    expect(scene.viewer.notices()).toEqual(['camera-left']);
    nothingIsLeft(scene);
  });

  it('ends when its media falls silent meanwhile, and the camera that comes back hears nothing of it', async () => {
    const scene = await watched();
    await lose(scene);
    scene.world.relay.live[0]?.events.ended('media-silent');
    expect(scene.viewer.notices()).toEqual(['media-silent']);
    const { socket, result } = await registered(scene.world, { sessions: [scene.session] });
    expect(result?.sessions).toEqual([]);
    expect(socket.notices()).toEqual([]);
    nothingIsLeft(scene);
  });

  it('takes no other viewer: the device is offline', async () => {
    const scene = await watched();
    await lose(scene);
    const again = scene.viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
    await scene.world.settle();
    expect(scene.viewer.reply(again)?.error?.data?.reason).toBe('device-offline');
  });

  it('leaves no timer and no place behind', async () => {
    const scene = await watched();
    await lose(scene);
    scene.viewer.drop();
    await scene.world.settle();
    scene.world.clock.advance(limits.cameraAwayMsMax);
    expect(scene.world.clock.pending).toBe(0);
    nothingIsLeft(scene);
  });
});

describe('a camera that says which live views it still has', () => {
  it('goes on with those alone: one that started again has none', async () => {
    const scene = await watched();
    await lose(scene);
    const { result } = await registered(scene.world, { sessions: [] });
    expect(result?.sessions).toEqual([]);
    expect(scene.viewer.notices()).toEqual(['camera-restarted']);
    nothingIsLeft(scene);
  });

  it('is told which of them go on', async () => {
    const scene = await watched();
    scene.world.own('ben', 'cam1');
    const ben = await scene.world.socket('viewer/ben');
    ben.ask('connect', { peer: 'cam1', offer: viewerOffer });
    await scene.world.settle();
    scene.camera.answer(scene.camera.request('invite'), { answer: cameraAnswer });
    await scene.world.settle();
    const { result } = await registered(scene.world, { sessions: ['gone-long-ago', scene.session] });
    expect(result?.sessions).toEqual([scene.session]);
    expect(ben.notices()).toEqual(['camera-restarted']);
    goesOn(scene);
  });

  it('says it once: a fresh token on the same connection ends nothing', async () => {
    const scene = await watched();
    const id = scene.camera.ask('register', { authorization: 'camera/cam1/7200', sessions: [] });
    await scene.world.settle();
    expect(scene.camera.reply(id)?.result?.sessions).toBeUndefined();
    goesOn(scene);
  });

  it.each([
    ['a number', 7],
    ['more than there can be', Array.from({ length: limits.sessionsPerDeviceMax + 1 }, (_, at) => `s${at}`)],
    ['an empty name', ['']],
  ])('and says %s instead: it is refused, and the older registration stays', async (_, sessions) => {
    const scene = await watched();
    const socket = await scene.world.socket('camera/cam1');
    const id = socket.ask('register', { sessions });
    await scene.world.settle();
    expect(socket.reply(id)?.error?.data?.reason).toBe('params-invalid');
    expect(scene.camera.closed).toBeUndefined();
    goesOn(scene);
  });
});

/** Alice asks for cam1, which makes its own offers. */
async function connecting(): Promise<Scene> {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  const camera = await world.camera('cam1', []);
  const viewer = await world.socket('viewer/alice');
  const connected = viewer.ask('connect', { peer: 'cam1' });
  await world.settle();
  return { world, camera, viewer, connected, session: camera.request('connect').params.session ?? '' };
}

async function offering(): Promise<Scene> {
  const scene = await connecting();
  scene.camera.answer(scene.camera.request('connect'), {});
  return scene;
}

async function answering(): Promise<Scene> {
  const scene = await offering();
  scene.camera.ask('invite', { session: scene.session, offer: cameraOffer });
  return scene;
}

const losses: [string, (scene: Scene) => Promise<unknown>, string][] = [
  ['lost', lose, 'camera-left'],
  ['taken over from', ({ world }) => registered(world), 'camera-replaced'],
];

describe.each(losses)('a set-up whose camera’s connection is %s', (_, happen, reason) => {
  it.each([
    ['the camera has the viewer’s offer', asked],
    ['the camera was told of the session', connecting],
  ])('while %s ends in one error', async (_, begin) => {
    const scene = await begin();
    await happen(scene);
    expect(scene.viewer.reply(scene.connected)?.error?.data?.reason).toBe('device-offline');
    scene.world.clock.advance(120_000);
    expect(scene.viewer.received.filter(({ id }) => id === scene.connected)).toHaveLength(1);
    expect(scene.viewer.notices()).toEqual([]);
    nothingIsLeft(scene);
  });

  it.each([
    ['its offer is due', offering],
    ['the viewer has its offer', answering],
  ])('while %s ends, and the viewer is told once', async (_, begin) => {
    const scene = await begin();
    await happen(scene);
    expect(scene.viewer.notices()).toEqual([reason]);
    const [invite] = scene.viewer.requests('invite');
    if (invite !== undefined) scene.viewer.answer(invite, { answer: viewerAnswer });
    scene.world.clock.advance(120_000);
    await scene.world.settle();
    expect(scene.viewer.notices()).toEqual([reason]);
    nothingIsLeft(scene);
  });

  it('while the wire is being opened ends in one error, and the wire with it', async () => {
    const scene = await asked();
    scene.camera.answer(scene.camera.request('invite'), { answer: cameraAnswer });
    await happen(scene);
    const replies = scene.viewer.received.filter(({ id }) => id === scene.connected);
    expect(replies).toHaveLength(1);
    if (replies[0]?.error === undefined) goesOn(scene);
    else nothingIsLeft(scene);
  });

  it('while ICE is being restarted: the restart fails once, and the view goes on', async () => {
    const scene = await watched();
    const restart = scene.viewer.ask('invite', { session: scene.session, offer: viewerOffer });
    await scene.world.settle();
    expect(scene.camera.requests('invite')).toHaveLength(2);
    await happen(scene);
    expect(scene.viewer.reply(restart)?.error?.data?.reason).toBe('device-offline');
    goesOn(scene);

    const { socket } = await registered(scene.world);
    const again = scene.viewer.ask('invite', { session: scene.session, offer: viewerOffer });
    await scene.world.settle();
    socket.answer(socket.request('invite'), { answer: cameraAnswer });
    await scene.world.settle();
    expect(scene.viewer.reply(again)?.result?.answer).toContain('m=video');
    goesOn(scene);
  });
});
