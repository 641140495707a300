import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { cameraAnswer, signalingWorld, viewerOffer } from '../../support/signaling-world.ts';

async function open() {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  const camera = await world.camera('cam1');
  const viewer = await world.socket('viewer/alice');
  viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await world.settle();
  const invite = camera.request('invite');
  camera.answer(invite, { answer: cameraAnswer });
  return { world, camera, viewer, session: invite.params.session ?? '' };
}

describe('a message', () => {
  it.each([
    ['that is not JSON', '{', 'message-not-json'],
    ['that is empty', '', 'message-not-json'],
    ['that is no object', '[]', 'message-invalid'],
    ['that is a string', '"register"', 'message-invalid'],
    ['that is null', 'null', 'message-invalid'],
    ['of another version', '{"jsonrpc":"1.0","id":1,"method":"register"}', 'message-invalid'],
    ['without a method or a result', '{"jsonrpc":"2.0","id":1}', 'message-invalid'],
    ['with parameters by position', '{"jsonrpc":"2.0","id":1,"method":"register","params":["x"]}', 'message-invalid'],
    ['with both a method and a result', '{"jsonrpc":"2.0","id":1,"method":"x","result":{}}', 'message-invalid'],
    [
      'with both an error and a result',
      '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""},"result":1}',
      'message-invalid',
    ],
    ['with an id that is an object', '{"jsonrpc":"2.0","id":{},"method":"register"}', 'message-invalid'],
    ['that is a batch', '[{"jsonrpc":"2.0","id":1,"method":"register"}]', 'message-invalid'],
  ])('%s is refused without an id, and the connection stays', async (_, text, reason) => {
    const world = signalingWorld();
    const socket = await world.socket('viewer/alice');
    socket.say(text);
    expect(socket.received).toHaveLength(1);
    expect(socket.received[0]).toMatchObject({ id: null, error: { data: { reason } } });
    expect(socket.closed).toBeUndefined();
    expect(world.faults).toEqual([]);
  });

  it.each(['', 'ping', 'toString', '__proto__', 'constructor', 'error'])('of method %j is unknown', async (method) => {
    const world = signalingWorld();
    const socket = await world.socket('viewer/alice');
    socket.ask(method);
    const reason = socket.received[0]?.error?.data?.reason;
    expect(reason).toBe(method === '' ? 'message-invalid' : 'method-unknown');
    expect(world.faults).toEqual([]);
  });

  it('that answers what was never asked is counted and ignored', async () => {
    const world = signalingWorld();
    const camera = await world.camera('cam1');
    const before = camera.received.length;
    camera.answer({ id: 99 }, { answer: cameraAnswer });
    camera.refuse({ id: 'x' }, { code: 1, message: 'x' });
    expect(camera.received).toHaveLength(before);
    expect(world.told.filter((line) => line === 'ignored unknown-answer')).toHaveLength(2);
  });

  it('that is a notification is done without an answer', async () => {
    const { world, viewer, camera, session } = await open();
    const before = viewer.received.length;
    viewer.notify('ping', {});
    viewer.notify('leave', { session });
    expect(viewer.received.slice(before).map((message) => message.id)).toEqual([undefined]);
    expect(camera.notices()).toEqual(['viewer-left']);
    expect(world.told).toContain('refused method-unknown websocket');
  });

  it.each([
    ['no session', {}],
    ['a session that is a number', { session: 1 }],
    ['a session past its bound', { session: 'x'.repeat(65) }],
  ])('with %s is refused', async (_, params) => {
    const { world, viewer, camera } = await open();
    for (const socket of [viewer, camera]) {
      for (const method of ['trickle', 'leave', 'invite']) {
        const id = socket.ask(method, params);
        await world.settle();
        expect(socket.reply(id)?.error?.data?.reason).toBe('params-invalid');
      }
    }
  });

  it('whatever its text is, only errors of the table come of it, and nothing breaks', async () => {
    const methods = fc.constantFrom(
      'register',
      'unregister',
      'connect',
      'invite',
      'trickle',
      'extend',
      'leave',
      'error',
    );
    const anything = fc.anything({ withNullPrototype: false });
    const message = fc.oneof(
      fc.record({
        jsonrpc: fc.constant('2.0'),
        id: fc.oneof(fc.integer(), fc.string(), anything),
        method: methods,
        params: anything,
      }),
      fc.record({
        jsonrpc: fc.constant('2.0'),
        id: fc.integer({ min: 0, max: 3 }),
        result: fc.oneof(anything, fc.record({ answer: fc.string() })),
      }),
      fc.record({
        jsonrpc: fc.constant('2.0'),
        error: fc.oneof(anything, fc.record({ code: fc.integer(), message: fc.string() })),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fc.string(), message.map(textOf)), { maxLength: 20 }), async (texts) => {
        const { world, viewer, camera } = await open();
        for (const text of texts) for (const socket of [viewer, camera]) socket.say(text);
        await world.settle();
        expect(world.faults).toEqual([]);
        for (const socket of [viewer, camera]) {
          const reasons = socket.received.map((sent) => sent.error?.data?.reason);
          expect(reasons).not.toContain('internal');
        }
      }),
      { numRuns: 150, seed: 20_260 },
    );
  });
});

describe('a connection that floods', () => {
  it('is told and closed at the bound, and refills with time', async () => {
    const world = signalingWorld();
    const socket = await world.socket('viewer/alice');
    for (let count = 0; count < limits.messagesBurstMax; count++) socket.notify('ping', {});
    expect(socket.closed).toBeUndefined();
    world.clock.advance(1000);
    for (let count = 0; count < limits.messagesPerSecondMax; count++) socket.notify('ping', {});
    expect(socket.closed).toBeUndefined();
    socket.notify('ping', {});
    expect(socket.notices()).toEqual(['rate-exceeded']);
    expect(socket.closed).toEqual({ code: 1008, reason: 'rate-exceeded' });
  });

  it('never saves up more than the burst', async () => {
    const world = signalingWorld();
    const socket = await world.socket('viewer/alice');
    world.clock.advance(60_000);
    for (let count = 0; count < limits.messagesBurstMax; count++) socket.notify('ping', {});
    expect(socket.closed).toBeUndefined();
    socket.notify('ping', {});
    expect(socket.closed?.reason).toBe('rate-exceeded');
  });

  it('ends its live views at once', async () => {
    const { world, viewer, camera } = await open();
    for (let count = 0; count < limits.messagesBurstMax; count++) viewer.notify('ping', {});
    expect(camera.notices()).toEqual(['viewer-left']);
    expect(world.sessions.size).toBe(0);
  });

  it('and whose requests were answered has room for more', async () => {
    const world = signalingWorld();
    const socket = await world.socket('viewer/alice');
    for (let count = 0; count < limits.callsInFlightPerConnectionMax + 5; count++) socket.ask('ping');
    const reasons = new Set(socket.received.map((message) => message.error?.data?.reason));
    expect([...reasons]).toEqual(['method-unknown']);
  });

  it('with requests that wait is refused more of them', async () => {
    const world = signalingWorld();
    const socket = await world.socket('viewer/alice');
    world.setGate(() => {});
    for (let count = 0; count < limits.callsInFlightPerConnectionMax; count++) socket.ask('connect', { peer: 'cam1' });
    const id = socket.ask('connect', { peer: 'cam1' });
    await world.settle();
    expect(socket.received).toHaveLength(1);
    expect(socket.reply(id)?.error?.data?.reason).toBe('rate-exceeded');
  });
});

describe('a trickled candidate', () => {
  const candidate = 'candidate:1 1 udp 2130706431 192.0.2.77 50000 typ host';

  it.each(['viewer', 'camera'] as const)('of the %s is taken, and never travels', async (side) => {
    const scene = await open();
    const other = side === 'viewer' ? scene.camera : scene.viewer;
    const before = other.received.length;
    const one = scene[side].ask('trickle', { session: scene.session, candidate: { candidate, sdpMid: '0' } });
    const end = scene[side].ask('trickle', { session: scene.session, candidate: { candidate: '' } });
    const none = scene[side].ask('trickle', { session: scene.session });
    for (const id of [one, end, none]) expect(scene[side].reply(id)?.result).toEqual({});
    expect(other.received).toHaveLength(before);
    expect(JSON.stringify(other.received)).not.toContain('192.0.2.77');
  });

  it('that is malformed is refused with ONVIF’s number', async () => {
    const { viewer, session } = await open();
    const id = viewer.ask('trickle', { session, candidate: { candidate: 'candidate:1 1 udp x' } });
    expect(viewer.reply(id)?.error).toMatchObject({ code: 1003, data: { reason: 'candidate-malformed' } });
  });

  it('past the bound of a session is refused', async () => {
    const { viewer, session } = await open();
    for (let count = 0; count < limits.candidatesPerSessionMax; count++)
      viewer.notify('trickle', { session, candidate: { candidate } });
    const id = viewer.ask('trickle', { session, candidate: { candidate } });
    expect(viewer.reply(id)?.error?.data?.reason).toBe('rate-exceeded');
  });
});

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}
