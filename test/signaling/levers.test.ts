import { describe, expect, it } from 'vitest';
import { deviceId, limits, subjectId } from '../../src/base/index.ts';
import type { Feature, RelayLevers } from '../../src/levers/index.ts';
import { subprotocol, webSocketPath } from '../../src/protocol/index.ts';
import { MemorySocket, memoryRequest } from '../support/memory-transport.ts';
import {
  cameraAnswer,
  cameraOffer,
  signalingWorld,
  viewerAnswer,
  viewerOffer,
  type World,
} from '../support/signaling-world.ts';

const [cam1, alice] = [deviceId('cam1'), subjectId('alice')];
const off = { position: 'off' } as const;

interface Scene {
  readonly world: World;
  readonly camera: MemorySocket;
  /** Undefined over HTTP. */
  readonly viewer: MemorySocket | undefined;
}

const flows: Record<string, () => Promise<Scene>> = {
  async answering() {
    const { world, camera } = await withCamera(['answer']);
    const viewer = await world.socket('viewer/alice');
    viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
    await world.settle();
    camera.answer(camera.request('invite'), { answer: cameraAnswer });
    await world.settle();
    return { world, camera, viewer };
  },
  async onvif() {
    const { world, camera } = await withCamera([]);
    const viewer = await world.socket('viewer/alice');
    viewer.ask('connect', { peer: 'cam1' });
    await world.settle();
    const told = camera.request('connect');
    camera.answer(told, {});
    camera.ask('invite', { session: told.params.session, offer: cameraOffer });
    viewer.answer(viewer.request('invite'), { answer: viewerAnswer });
    await world.settle();
    return { world, camera, viewer };
  },
  async whep() {
    const { world, camera } = await withCamera(['answer']);
    const answered = post(world);
    await world.settle();
    camera.answer(camera.request('invite'), { answer: cameraAnswer });
    expect((await answered).status).toBe(201);
    return { world, camera, viewer: undefined };
  },
};

async function withCamera(capabilities: string[]): Promise<{ world: World; camera: MemorySocket }> {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  return { world, camera: await world.camera('cam1', capabilities) };
}

function post(world: World, token = 'viewer/alice') {
  const headers = { 'content-type': 'application/sdp' };
  return world.http({ method: 'POST', path: '/whep/cam1', token, headers, body: viewerOffer });
}

async function refusalAt(world: World, token: string): Promise<[number, string, string | undefined]> {
  const response = await world.upgrade({ headers: { authorization: `Bearer ${token}` } });
  if (response instanceof MemorySocket) return [101, '', undefined];
  return [response.status, JSON.parse(`${response.body}`).code, response.headers?.['Retry-After']];
}

const levers: Record<string, [throwIt: (levers: RelayLevers) => Promise<unknown>, reason: string]> = {
  'the viewer is signed out': [(levers) => levers.revoke({ of: 'subject', subject: alice }), 'signed-out'],
  'the camera is signed out': [
    (levers) => levers.revoke({ of: 'subject', subject: subjectId('cam1') }),
    'camera-signed-out',
  ],
  'everybody is signed out': [(levers) => levers.revoke({ of: 'all' }), 'signed-out'],
  'the camera is put in quarantine': [(levers) => levers.revoke({ of: 'device', device: cam1 }), 'quarantined'],
  'live view is switched off': [(levers) => levers.throwSwitch('live-view', off), 'switched-off'],
  'registration is switched off': [(levers) => levers.throwSwitch('registration', off), 'switched-off'],
  'it is switched off for the device': [
    (levers) => levers.throwSwitch('live-view', { position: 'off-for', prefixes: [], devices: [cam1] }),
    'switched-off',
  ],
};

describe.each(Object.entries(flows))('a live view of the flow %s', (flow, open) => {
  it.each(Object.entries(levers))('ends at once when %s, and both sides are told why', async (_, [throwIt, reason]) => {
    const { world, camera, viewer } = await open();
    expect([world.sessions.size, world.relay.live.length]).toEqual([1, 1]);
    const thrown = throwIt(world.levers);
    expect([world.sessions.size, world.relay.live.length]).toEqual([0, 0]);
    expect(world.told.filter((line) => line.startsWith('ended'))).toEqual([`ended ${reason}`]);
    for (const side of viewer === undefined ? [camera] : [camera, viewer]) expect(side.notices()[0]).toBe(reason);
    expect(await thrown).toMatchObject({ sessionsEnded: 1 });
    expect(world.faults).toEqual([]);
  });

  it('goes on when a lever is thrown that is none of its own', async () => {
    const { world } = await open();
    await world.levers.revoke({ of: 'subject', subject: subjectId('alic') });
    await world.levers.revoke({ of: 'device', device: deviceId('cam10') });
    await world.levers.revoke({ of: 'token', tokenId: 'another' });
    await world.levers.throwSwitch('sharing', off);
    await world.levers.throwSwitch('tickets', off);
    if (flow !== 'whep') await world.levers.throwSwitch('whep', off);
    await world.levers.throwSwitch('live-view', {
      position: 'off-for',
      prefixes: ['cam:'],
      devices: [deviceId('cam10')],
    });
    expect([world.sessions.size, world.relay.live.length]).toEqual([1, 1]);
  });
});

describe('a live view whose camera is away', () => {
  it('is counted where the camera may not come back, and ends when that is thrown', async () => {
    const { world, camera } = await (flows.answering as () => Promise<Scene>)();
    camera.drop();
    await world.settle();
    expect([world.signaling.devicesOnline, world.sessions.size]).toEqual([0, 1]);
    const numbers = { sessionsEnded: 1, connectionsClosed: 0 };
    const revocation = { of: 'subject', subject: subjectId('cam1') } as const;
    expect(await world.levers.wouldEnd({ revocation })).toEqual(numbers);
    expect(world.sessions.size).toBe(1);
    expect(await world.levers.revoke(revocation)).toMatchObject(numbers);
    expect(world.sessions.size).toBe(0);
  });
});

describe('a connection', () => {
  it('of a camera that is put in quarantine is told and closed, and none comes in its place until it is released', async () => {
    const { world, camera } = await withCamera(['answer']);
    expect(await world.levers.revoke({ of: 'device', device: cam1 })).toMatchObject({ connectionsClosed: 1 });
    expect([camera.notices(), camera.closed?.code]).toEqual([['device-quarantined'], 4403]);
    expect(world.signaling.devicesOnline).toBe(0);
    expect(await refusalAt(world, 'camera/cam1')).toEqual([403, 'device-quarantined', undefined]);
    const late = await world.socket();
    const asked = late.ask('register', { authorization: 'camera/cam1' });
    await world.settle();
    expect(late.reply(asked)?.error?.data?.reason).toBe('device-quarantined');
    expect(late.closed?.code).toBe(4403);
    await world.levers.release(cam1);
    await world.camera('cam1');
    expect(world.signaling.devicesOnline).toBe(1);
  });

  it('of a viewer who does nothing is told and closed when they are signed out, and others go on', async () => {
    const world = signalingWorld();
    const viewer = await world.socket('viewer/alice');
    const other = await world.socket('viewer/ben');
    await world.levers.revoke({ of: 'subject', subject: alice });
    expect([viewer.notices(), viewer.closed?.code]).toEqual([['token-revoked'], 4401]);
    expect(other.closed).toBeUndefined();
    expect(world.signaling.connections).toBe(1);
  });

  it('whose token waits for its verification is refused when its turn comes', async () => {
    const world = signalingWorld();
    const gates: (() => void)[] = [];
    world.setGate((go) => gates.push(go));
    const opening = world.upgrade({ headers: { authorization: 'Bearer viewer/alice' } });
    await world.settle();
    await world.levers.revoke({ of: 'subject', subject: alice });
    for (const go of gates) go();
    expect(await opening).toMatchObject({ status: 401 });
  });

  it('whose token was verified before it was taken back does not open', async () => {
    const world = signalingWorld();
    const decision = await decided(world, 'viewer/alice');
    await world.levers.revoke({ of: 'subject', subject: alice });
    const socket = new MemorySocket();
    socket.attach(decision.open(socket));
    expect(socket.closed).toEqual({ code: 4401, reason: 'token-revoked' });
    await world.settle();
    expect(world.signaling.connections).toBe(0);
  });

  it('of a fleet that may not register is told when to come back, each at a time of its own', async () => {
    const world = signalingWorld();
    const cameras = await Promise.all(Array.from({ length: 12 }, (_, number) => world.camera(`cam${number}`)));
    await world.levers.throwSwitch('registration', off);
    const waits = cameras.map(
      (camera) => camera.received.find(({ error }) => error)?.error?.data?.retryAfterSeconds ?? 0,
    );
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(limits.switchedOffRetrySecondsMin);
    expect(Math.max(...waits)).toBeLessThanOrEqual(limits.switchedOffRetrySecondsMax);
    expect(new Set(waits).size).toBeGreaterThan(6);
    const [status, code, wait] = await refusalAt(world, 'camera/cam1');
    expect([status, code, Number(wait) >= limits.switchedOffRetrySecondsMin]).toEqual([503, 'switched-off', true]);
    await world.levers.throwSwitch('registration', { position: 'on' });
    await world.camera('cam1');
    expect(world.signaling.devicesOnline).toBe(1);
  });
});

describe('a live view is refused', () => {
  it.each<[string, (levers: RelayLevers) => Promise<unknown>, number, string]>([
    ['of a device in quarantine', (levers) => levers.revoke({ of: 'device', device: cam1 }), 403, 'device-quarantined'],
    ['while live view is off', (levers) => levers.throwSwitch('live-view', off), 503, 'switched-off'],
    ['over WHEP while that is off', (levers) => levers.throwSwitch('whep', off), 503, 'switched-off'],
  ])('%s, to whom it would be granted', async (_, throwIt, status, code) => {
    const { world } = await withCamera(['answer']);
    await throwIt(world.levers);
    const response = await post(world);
    expect([response.status, JSON.parse(`${response.body}`).code]).toEqual([status, code]);
    expect(world.faults).toEqual([]);
  });

  it('to those with whom a camera is shared while sharing is off, and not to its owner', async () => {
    const { world, camera } = await withCamera(['answer']);
    world.share('ben', 'cam1');
    const shared = post(world, 'viewer/ben');
    await world.settle();
    camera.answer(camera.request('invite'), { answer: cameraAnswer });
    expect((await shared).status).toBe(201);
    await world.levers.throwSwitch('sharing', off);
    expect(world.told.filter((line) => line.startsWith('ended'))).toEqual(['ended switched-off']);
    expect((await post(world, 'viewer/ben')).status).toBe(503);
    const own = post(world);
    await world.settle();
    camera.answer(camera.request('invite'), { answer: cameraAnswer });
    expect((await own).status).toBe(201);
  });

  it('that is being set up over WHEP when that is switched off', async () => {
    const { world } = await withCamera(['answer']);
    const answered = post(world);
    await world.settle();
    expect(world.sessions.size).toBe(1);
    await world.levers.throwSwitch('whep', off);
    expect((await answered).status).toBe(503);
    expect(world.sessions.size).toBe(0);
  });

  it('where the viewer’s fresh token was taken back, and the one that opened it was not', async () => {
    const { world, viewer } = await (flows.answering as () => Promise<Scene>)();
    world.clock.advance(1_000);
    const [line] = world.relay.live;
    const extension = viewer?.ask('extend', { session: line?.session, authorization: 'viewer/ben' });
    await world.settle();
    expect(viewer?.reply(extension ?? '')?.error?.data?.reason).toBe('token-conflict');
    expect(world.sessions.size).toBe(1);
  });
});

it.each<Feature>(['whep', 'tickets', 'sharing'])('%s off closes no connection', async (feature) => {
  const { world, camera } = await withCamera(['answer']);
  expect(await world.levers.throwSwitch(feature, off)).toEqual({ sessionsEnded: 0, connectionsClosed: 0 });
  expect(camera.closed).toBeUndefined();
});

it('whoever has been refused has no say while others are still being told', async () => {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  await world.camera('cam1');
  const crowd = await Promise.all(
    Array.from({ length: limits.endedAtOnceMax + 1 }, (_, number) => world.socket(`viewer/v${number}`)),
  );
  const last = await world.socket('viewer/alice');
  const thrown = world.levers.revoke({ of: 'all' });
  expect([crowd[0]?.closed?.code, last.closed]).toEqual([4401, undefined]);
  const asked = last.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await world.settle();
  expect([last.reply(asked), last.closed?.code]).toEqual([undefined, 4401]);
  expect(world.sessions.size).toBe(0);
  world.clock.advance(0);
  expect((await thrown).connectionsClosed).toBe(limits.endedAtOnceMax + 2);
});

async function decided(world: World, token: string) {
  const headers = { 'sec-websocket-protocol': subprotocol, authorization: `Bearer ${token}` };
  const decision = await world.signaling.upgrade(memoryRequest({ path: webSocketPath, headers }));
  if ('refuse' in decision) throw new Error('refused');
  return decision;
}
