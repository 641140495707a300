import { describe, expect, it } from 'vitest';
import { LatchkeyError, limits } from '../../../src/base/index.ts';
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
  /** The id of the viewer's connect. */
  connected: string;
}

/** The camera has the viewer's offer and has not answered. */
async function inviting(token = 'viewer/alice'): Promise<Scene> {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  const camera = await world.camera('cam1', ['answer'], 9000);
  const viewer = await world.socket(token);
  const connected = viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await world.settle();
  return { world, camera, viewer, connected };
}

/** The camera was told of the session and has not answered. */
async function connecting(): Promise<Scene> {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  const camera = await world.camera('cam1', []);
  const viewer = await world.socket('viewer/alice');
  const connected = viewer.ask('connect', { peer: 'cam1' });
  await world.settle();
  return { world, camera, viewer, connected };
}

async function offering(): Promise<Scene & { session: string }> {
  const scene = await connecting();
  const told = scene.camera.request('connect');
  scene.camera.answer(told, {});
  return { ...scene, session: told.params.session ?? '' };
}

/** The viewer has the camera's offer and has not answered. */
async function answering(): Promise<Scene & { session: string; invited: string }> {
  const scene = await offering();
  const invited = scene.camera.ask('invite', { session: scene.session, offer: cameraOffer });
  return { ...scene, invited };
}

async function open(token?: string): Promise<Scene & { session: string }> {
  const scene = await inviting(token);
  const invite = scene.camera.request('invite');
  scene.camera.answer(invite, { answer: cameraAnswer });
  return { ...scene, session: invite.params.session ?? '' };
}

function nothingIsLeft({ world }: Scene): void {
  expect(world.sessions.size).toBe(0);
  expect(world.relay.live).toEqual([]);
  expect(world.relay.reserved.size).toBe(0);
  expect(world.faults).toEqual([]);
}

describe('a camera that ends a live view by its own clock', () => {
  const hourMs = 3_600_000;
  const ways: [string, (scene: Scene & { session: string }) => void][] = [
    ['leaves', ({ camera, session }) => void camera.ask('leave', { session })],
    ['says that it is over', ({ camera, session }) => camera.fault({ code: 1002, message: 'over', session })],
  ];
  const ahead = limits.cameraAheadMsMax;

  describe.each(ways)('and %s', (_, end) => {
    it.each([
      ['as its token’s end is near', 'viewer/alice', ahead, 'expired'],
      ['as the longest time is almost over', 'viewer/alice/9000', ahead, 'time-limit'],
      ['sooner than that', 'viewer/alice', ahead + 1, 'camera-left'],
    ])('%s: both sides read why', async (_, token, aheadMs, reason) => {
      const scene = await open(token);
      await scene.world.settle();
      scene.world.clock.advance(hourMs - aheadMs);
      end(scene);
      expect(scene.viewer.notices()).toEqual([reason]);
      expect(scene.world.told.filter((line) => line.startsWith('ended'))).toEqual([`ended ${reason}`]);
      nothingIsLeft(scene);
    });
  });
});

describe('a camera that does not do its part', () => {
  it.each([
    ['an invite', () => inviting()],
    ['a connect', connecting],
  ])('and leaves %s unanswered: the viewer is told after a bounded wait', async (_, begin) => {
    const scene = await begin();
    scene.world.clock.advance(limits.cameraAnswerMsMax - 1);
    expect(scene.viewer.reply(scene.connected)).toBeUndefined();
    scene.world.clock.advance(1);
    expect(scene.viewer.reply(scene.connected)?.error).toMatchObject({ code: 408, data: { reason: 'device-timeout' } });
    expect(scene.camera.notices()).toEqual(['setup-failed']);
    expect(scene.camera.closed).toBeUndefined();
    const id = scene.viewer.ask('leave', { session: scene.camera.received.at(-1)?.error?.session });
    expect(scene.viewer.reply(id)?.error?.data?.reason).toBe('session-unknown');
    nothingIsLeft(scene);
  });

  it('and makes no offer: both are told after a bounded wait', async () => {
    const scene = await offering();
    scene.world.clock.advance(limits.cameraAnswerMsMax);
    expect(scene.viewer.notices()).toEqual(['setup-failed']);
    expect(scene.viewer.received.at(-1)?.error).toMatchObject({ code: 408, session: scene.session });
    expect(scene.camera.notices()).toEqual(['setup-failed']);
    nothingIsLeft(scene);
  });

  it('and answers late: the answer is ignored', async () => {
    const scene = await inviting();
    scene.world.clock.advance(limits.cameraAnswerMsMax);
    const before = scene.viewer.received.length;
    scene.camera.answer(scene.camera.request('invite'), { answer: cameraAnswer });
    expect(scene.viewer.received).toHaveLength(before);
    expect(scene.world.told).toContain('ignored unknown-answer');
    expect(scene.world.relay.wires).toEqual([]);
    expect(scene.camera.closed).toBeUndefined();
  });

  it('and answers twice: the second answer is ignored', async () => {
    const scene = await open();
    scene.camera.answer(scene.camera.request('invite'), { answer: cameraAnswer });
    expect(scene.viewer.received).toHaveLength(1);
    expect(scene.world.relay.wires).toHaveLength(1);
    expect(scene.world.told).toContain('ignored unknown-answer');
  });

  it.each([
    ['no answer at all', {}],
    ['an answer of another type', { answer: 7 }],
    ['an answer that is no SDP', { answer: 'hello' }],
    ['an answer without ICE', { answer: cameraAnswer.replaceAll('a=ice-pwd', 'a=x-ice-pwd') }],
    ['an answer with fewer media sections', { answer: viewerAnswer }],
  ])('and gives %s: the viewer is told, and nothing opens', async (_, result) => {
    const scene = await inviting();
    scene.camera.answer(scene.camera.request('invite'), result);
    expect(scene.viewer.reply(scene.connected)?.error?.data?.reason).toBe('device-answer-invalid');
    expect(scene.world.relay.wires).toEqual([]);
    expect(scene.camera.notices()).toEqual(['setup-failed']);
    nothingIsLeft(scene);
  });

  it.each([
    [{ code: 1001, message: 'x' }, 'device-busy'],
    [{ code: 403, message: 'x' }, 'device-refused'],
    [{ code: 401, message: 'x' }, 'device-refused'],
    [{ code: 480, message: 'x' }, 'device-offline'],
    [{ code: 500, message: 'x' }, 'device-answer-invalid'],
    [{ code: 500, message: 'x', data: { reason: 'device-busy' } }, 'device-busy'],
    [{ code: 500, message: 'x', data: { reason: 'device-refused' } }, 'device-refused'],
    [{ code: 488, message: 'x', data: { reason: 'codec-mismatch' } }, 'codec-mismatch'],
    [{ code: 500, message: 'x', data: { reason: 'token-expired' } }, 'device-answer-invalid'],
  ])('and refuses with %j: the viewer is told %s', async (error, reason) => {
    for (const begin of [inviting, connecting]) {
      const scene = await begin();
      scene.camera.refuse(scene.camera.requests(begin === inviting ? 'invite' : 'connect')[0] ?? {}, error);
      expect(scene.viewer.reply(scene.connected)?.error?.data?.reason).toBe(reason);
      nothingIsLeft(scene);
    }
  });

  it('and says in an error notification that it cannot: the viewer is told', async () => {
    const scene = await inviting();
    const session = scene.camera.request('invite').params.session ?? '';
    scene.camera.fault({ code: 1001, message: 'x', session });
    expect(scene.viewer.reply(scene.connected)?.error?.data?.reason).toBe('device-busy');
    nothingIsLeft(scene);
  });

  it('and makes an offer that is no SDP: it is told what is wrong, the viewer that the view failed', async () => {
    const scene = await offering();
    const id = scene.camera.ask('invite', { session: scene.session, offer: 'hello' });
    expect(scene.camera.reply(id)?.error?.data?.reason).toBe('sdp-malformed');
    expect(scene.viewer.requests('invite')).toEqual([]);
    expect(scene.viewer.received.at(-1)?.error).toMatchObject({ code: 480, data: { reason: 'setup-failed' } });
    nothingIsLeft(scene);
  });

  it('and makes an offer for which the relay has no room: that is what both are told', async () => {
    const scene = await offering();
    scene.world.relay.reserve = () => {
      throw new LatchkeyError('overloaded');
    };
    const id = scene.camera.ask('invite', { session: scene.session, offer: cameraOffer });
    expect(scene.camera.reply(id)?.error?.data?.reason).toBe('overloaded');
    expect(scene.viewer.received.at(-1)?.error).toMatchObject({ code: 503, data: { reason: 'setup-failed' } });
    nothingIsLeft(scene);
  });

  it('and makes a second offer: it is out of order, and the first one goes on', async () => {
    const scene = await answering();
    const id = scene.camera.ask('invite', { session: scene.session, offer: cameraOffer });
    expect(scene.camera.reply(id)?.error?.data?.reason).toBe('out-of-order');
    expect(scene.viewer.requests('invite')).toHaveLength(1);
    expect(scene.world.sessions.size).toBe(1);
  });

  it('and makes an offer where the viewer made one: it is out of order', async () => {
    const scene = await inviting();
    const session = scene.camera.request('invite').params.session;
    const id = scene.camera.ask('invite', { session, offer: cameraOffer });
    expect(scene.camera.reply(id)?.error?.data?.reason).toBe('out-of-order');
    expect(scene.world.sessions.size).toBe(1);
  });

  it.each([
    ['before the camera answered', inviting],
    ['before the camera was ready', connecting],
  ])('and leaves %s: the viewer is told that it is offline', async (_, begin) => {
    const scene = await begin();
    scene.camera.drop();
    await scene.world.settle();
    expect(scene.viewer.reply(scene.connected)?.error?.data?.reason).toBe('device-offline');
    nothingIsLeft(scene);
  });
});

describe('a viewer that does not do its part', () => {
  it('and leaves the camera’s offer unanswered: both are told after a bounded wait', async () => {
    const scene = await answering();
    scene.world.clock.advance(limits.viewerAnswerMsMax);
    expect(scene.camera.reply(scene.invited)?.error).toMatchObject({ code: 408, data: { reason: 'viewer-timeout' } });
    expect(scene.viewer.notices()).toEqual(['setup-failed']);
    expect(scene.camera.notices()).toEqual(['setup-failed']);
    nothingIsLeft(scene);
  });

  it.each([
    ['no answer at all', {}, 'params-invalid'],
    ['an answer that is no SDP', { answer: 'hello' }, 'sdp-malformed'],
    ['an answer with more media sections', { answer: cameraAnswer }, 'sdp-malformed'],
  ])('and gives %s: both are told', async (_, result, reason) => {
    const scene = await answering();
    scene.viewer.answer(scene.viewer.request('invite'), result);
    expect(scene.camera.reply(scene.invited)?.error?.data?.reason).toBe(reason);
    expect(scene.viewer.notices()).toEqual(['setup-failed']);
    nothingIsLeft(scene);
  });

  it('and refuses the camera’s offer: the camera is told that it is gone', async () => {
    const scene = await answering();
    scene.viewer.refuse(scene.viewer.request('invite'), { code: 403, message: 'x' });
    expect(scene.camera.reply(scene.invited)?.error).toMatchObject({ code: 410, data: { reason: 'peer-gone' } });
    nothingIsLeft(scene);
  });

  it('and is gone while the camera’s offer waits: the camera is told so', async () => {
    const scene = await answering();
    scene.viewer.drop();
    await scene.world.settle();
    expect(scene.camera.reply(scene.invited)?.error?.data?.reason).toBe('peer-gone');
    expect(scene.camera.notices()).toEqual(['viewer-left']);
    nothingIsLeft(scene);
  });

  it('and is gone while its grant is being signed: the camera is never asked', async () => {
    const world = signalingWorld();
    world.own('alice', 'cam1');
    const camera = await world.camera('cam1');
    const viewer = await world.socket('viewer/alice');
    let asked: (() => void) | undefined;
    world.setGate((go) => {
      asked = go;
    });
    viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
    await world.settle();
    viewer.drop();
    await world.settle();
    asked?.();
    await world.settle();
    expect(camera.received.filter((message) => message.method !== undefined)).toEqual([]);
    expect(world.sessions.size).toBe(0);
    expect(world.told).not.toContain('opened answer');
  });
});

describe('an open view', () => {
  it.each([
    ['the viewer leaves', (scene: Scene, session: string) => scene.viewer.ask('leave', { session }), 'viewer-left'],
    ['the camera leaves', (scene: Scene, session: string) => scene.camera.ask('leave', { session }), 'camera-left'],
    ['the viewer unregisters', (scene: Scene) => scene.viewer.ask('unregister'), 'viewer-left'],
    ['the camera unregisters', (scene: Scene) => scene.camera.ask('unregister'), 'camera-left'],
    [
      'the viewer reports an error',
      (scene: Scene, session: string) => scene.viewer.fault({ code: 1, message: 'x', session }),
      'viewer-left',
    ],
    [
      'the camera reports an error',
      (scene: Scene, session: string) => scene.camera.fault({ code: 1001, message: 'x', session }),
      'camera-left',
    ],
    [
      'the relay loses a side',
      (scene: Scene) => scene.world.relay.live[0]?.events.ended('media-silent'),
      'media-silent',
    ],
    ['its token expires', (scene: Scene) => scene.world.clock.advance(3_600_000), 'expired'],
    ['it is revoked', (scene: Scene) => scene.world.sessions.endWhere(() => true, 'revoked'), 'revoked'],
  ])('ends when %s, and both are told why', async (_, happen, reason) => {
    const scene = await open();
    happen(scene, scene.session);
    for (const side of [scene.viewer, scene.camera]) {
      const notice = side.received.find((message) => message.error?.session === scene.session);
      expect(notice?.error?.data?.reason).toBe(reason);
      expect(notice?.error?.message).not.toBe('');
    }
    expect(scene.world.relay.wires[0]?.ended).toBe(true);
    expect(scene.world.told.filter((line) => line.startsWith('ended'))).toEqual([`ended ${reason}`]);
    nothingIsLeft(scene);
  });

  it('ends when the viewer’s connection is lost, and the camera is told', async () => {
    const scene = await open();
    scene.viewer.drop();
    await scene.world.settle();
    expect(scene.camera.notices()).toEqual(['viewer-left']);
    nothingIsLeft(scene);
  });

  it('once ended is gone for the camera and unknown to the viewer', async () => {
    const { viewer, camera, session } = await open();
    viewer.ask('leave', { session });
    const late = camera.ask('leave', { session });
    expect(camera.reply(late)?.error?.data?.reason).toBe('peer-gone');
    const again = viewer.ask('leave', { session });
    expect(viewer.reply(again)?.error?.data?.reason).toBe('session-unknown');
  });

  it('tells what the relay saw of it', async () => {
    const { world } = await open();
    world.clock.advance(40);
    world.relay.live[0]?.events.latched?.('viewer');
    world.relay.live[0]?.events.media?.('camera');
    expect(world.told.slice(-2)).toEqual(['latched viewer', 'media camera 40']);
  });

  it('that the relay has no room for is refused', async () => {
    const scene = await inviting();
    scene.world.relay.refuses = 'overloaded';
    scene.camera.answer(scene.camera.request('invite'), { answer: cameraAnswer });
    await scene.world.settle();
    expect(scene.viewer.reply(scene.connected)?.error?.data?.reason).toBe('overloaded');
    expect(scene.camera.notices()).toEqual(['setup-failed']);
    nothingIsLeft(scene);
  });

  it('is set up once: an answer of the viewer after that is ignored', async () => {
    const scene = await answering();
    const forwarded = scene.viewer.request('invite');
    scene.viewer.answer(forwarded, { answer: viewerAnswer });
    scene.viewer.answer(forwarded, { answer: viewerAnswer });
    await scene.world.settle();
    expect(scene.world.relay.wires).toHaveLength(1);
    expect(scene.world.told).toContain('ignored unknown-answer');
  });
});
