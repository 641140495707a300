import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { MemorySocket } from '../../support/memory-transport.ts';
import { signalingWorld, viewerOffer } from '../../support/signaling-world.ts';

describe('a camera', () => {
  it('is told its id, which is its token’s subject, and the keys of grants', async () => {
    const world = signalingWorld();
    const socket = await world.socket('camera/cam1');

    const id = socket.ask('register', { name: 'Garden', id: 'cam2' });
    await world.settle();

    expect(socket.reply(id)?.result).toEqual({ id: 'cam1', grantKeys: { keys: [{ kty: 'OKP', kid: 'test' }] } });
    expect(world.signaling.devicesOnline).toBe(1);
  });

  it('may show its token with register', async () => {
    const world = signalingWorld();
    const socket = await world.socket();
    const id = socket.ask('register', { authorization: 'camera/cam1' });
    await world.settle();
    expect(socket.reply(id)?.result?.id).toBe('cam1');
  });

  it('registers once; a second register without a token is out of order', async () => {
    const world = signalingWorld();
    const camera = await world.camera('cam1');
    const id = camera.ask('register');
    await world.settle();
    expect(camera.reply(id)?.error?.data?.reason).toBe('out-of-order');
    expect(world.signaling.devicesOnline).toBe(1);
  });

  it('a fresh token of the same device prolongs its registration', async () => {
    const world = signalingWorld();
    const camera = await world.camera('cam1', ['answer'], 60);
    world.clock.advance(50_000);
    camera.ask('register', { authorization: 'camera/cam1/60' });
    await world.settle();

    world.clock.advance(59_000);
    expect(camera.closed).toBeUndefined();
    world.clock.advance(1_000);

    expect(camera.closed).toEqual({ code: 4401, reason: 'token-expired' });
    expect(world.told).toContain('unregistered expired');
    expect(world.signaling.devicesOnline).toBe(0);
  });

  it('a shorter token does not shorten its registration', async () => {
    const world = signalingWorld();
    const camera = await world.camera('cam1', ['answer'], 600);
    camera.ask('register', { authorization: 'camera/cam1/60' });
    await world.settle();
    world.clock.advance(599_000);
    expect(camera.closed).toBeUndefined();
  });

  it('a token that lasts for months is waited for in steps that a timer can take', async () => {
    const world = signalingWorld();
    const camera = await world.camera('cam1', ['answer'], 5_000_000);
    world.clock.advance(4_999_999_000);
    expect(camera.closed).toBeUndefined();
    world.clock.advance(1_000);
    expect(camera.closed?.reason).toBe('token-expired');
  });

  it('a newer registration takes over: the older one is told, closed, and its live views end', async () => {
    const world = signalingWorld();
    world.own('alice', 'cam1');
    const older = await world.camera('cam1', []);
    const viewer = await world.socket('viewer/alice');
    viewer.ask('connect', { peer: 'cam1' });
    await world.settle();
    older.answer(older.request('connect'), {});

    const newer = await world.camera('cam1');

    expect(older.closed).toEqual({ code: 4409, reason: 'registration-replaced' });
    expect(older.notices()).toEqual(['camera-replaced', 'registration-replaced']);
    expect(viewer.notices()).toEqual(['camera-replaced']);
    await world.settle();
    expect(newer.closed).toBeUndefined();
    expect(world.signaling.devicesOnline).toBe(1);
    expect(world.told.filter((line) => line.startsWith('unregistered'))).toEqual(['unregistered replaced']);
  });

  it('unregister ends its live views, and then it may register again', async () => {
    const world = signalingWorld();
    world.own('alice', 'cam1');
    const camera = await world.camera('cam1', []);
    const viewer = await world.socket('viewer/alice');
    const connected = viewer.ask('connect', { peer: 'cam1' });
    await world.settle();

    const id = camera.ask('unregister');

    expect(camera.reply(id)?.result).toEqual({});
    expect(viewer.reply(connected)?.error?.data?.reason).toBe('device-offline');
    expect(world.signaling.devicesOnline).toBe(0);
    const again = camera.ask('unregister');
    expect(camera.reply(again)?.error).toMatchObject({ code: 404, data: { reason: 'not-registered' } });
    camera.ask('register');
    await world.settle();
    expect(world.signaling.devicesOnline).toBe(1);
  });

  it('that does not register in time is closed', async () => {
    const world = signalingWorld();
    const socket = await world.socket('camera/cam1');
    world.clock.advance(limits.registerMsMax);
    expect(socket.closed).toEqual({ code: 4408, reason: 'register-timeout' });
  });

  it('that lost its connection is offline', async () => {
    const world = signalingWorld();
    const camera = await world.camera('cam1');
    camera.drop();
    await world.settle();
    expect(world.signaling.devicesOnline).toBe(0);
    expect(world.told).toContain('unregistered closed');
    expect(world.clock.pending).toBe(0);
  });

  it('cannot connect as a viewer does', async () => {
    const world = signalingWorld();
    const camera = await world.camera('cam1');
    const id = camera.ask('connect', { peer: 'cam2' });
    await world.settle();
    expect(camera.reply(id)?.error?.data?.reason).toBe('token-audience');
  });
});

describe('a viewer', () => {
  it('registers and is told its own subject', async () => {
    const world = signalingWorld();
    const viewer = await world.socket('viewer/alice');
    const id = viewer.ask('register');
    await world.settle();
    expect(viewer.reply(id)?.result).toEqual({ id: 'alice' });
  });

  it('may show its token with connect', async () => {
    const world = signalingWorld();
    world.own('alice', 'cam1');
    const camera = await world.camera('cam1');
    const viewer = await world.socket();
    viewer.ask('connect', { peer: 'cam1', authorization: 'viewer/alice', offer: viewerOffer });
    await world.settle();
    expect(camera.requests('invite')).toHaveLength(1);
  });

  it('whose token expires is told, and its connection ends', async () => {
    const world = signalingWorld();
    const viewer = await world.socket('viewer/alice/60');
    world.clock.advance(60_000);
    expect(viewer.notices()).toEqual(['token-expired']);
    expect(viewer.closed?.code).toBe(4401);
  });
});

describe('a connection without a token', () => {
  it('is closed when it shows none in time', async () => {
    const world = signalingWorld();
    const socket = await world.socket();
    world.clock.advance(limits.registerMsMax - 1);
    expect(socket.closed).toBeUndefined();
    world.clock.advance(1);
    expect(socket.notices()).toEqual(['register-timeout']);
    expect(socket.closed).toEqual({ code: 4408, reason: 'register-timeout' });
  });

  it('is one of a bounded number; who shows a token or leaves makes room', async () => {
    const world = signalingWorld();
    const first = await world.socket();
    const second = await world.socket();
    await world.socket();

    const refused = await world.upgrade();
    expect(refused).toMatchObject({ status: 503, headers: { 'Retry-After': expect.stringMatching(/^[1-9]\d*$/) } });
    expect(await world.socket('viewer/alice')).toBeInstanceOf(MemorySocket);

    first.ask('register', { authorization: 'viewer/alice' });
    await world.settle();
    expect(await world.upgrade()).toBeInstanceOf(MemorySocket);
    second.drop();
    await world.settle();
    expect(await world.upgrade()).toBeInstanceOf(MemorySocket);
    expect(await world.upgrade()).not.toBeInstanceOf(MemorySocket);
  });

  it.each(['unregister', 'invite', 'trickle', 'leave'])('can do nothing by %s', async (method) => {
    const world = signalingWorld();
    const socket = await world.socket();
    const id = socket.ask(method, { session: 'x' });
    expect(socket.reply(id)?.error?.data?.reason).toBe(method === 'unregister' ? 'not-registered' : 'out-of-order');
  });

  it.each([
    ['no token', {}, 'token-missing'],
    ['a token that does not verify', { authorization: 'x' }, 'token-signature'],
    ['an empty token', { authorization: '' }, 'params-invalid'],
    ['a token past its bound', { authorization: 'x'.repeat(limits.tokenBytesMax + 1) }, 'params-invalid'],
  ])('register with %s is refused', async (_, params, reason) => {
    const world = signalingWorld();
    const socket = await world.socket();
    const id = socket.ask('register', params);
    await world.settle();
    expect(socket.reply(id)?.error?.data?.reason).toBe(reason);
    expect(socket.closed?.reason).toBe(reason === 'params-invalid' ? undefined : reason);
    expect(world.signaling.devicesOnline).toBe(0);
  });
});

describe('a connection that is lost while its token is being verified', () => {
  it.each([
    ['that was verified before', 'camera/cam1'],
    ['that was not', undefined],
  ])('%s registers nobody and leaves nothing behind', async (_, header) => {
    const world = signalingWorld();
    const socket = await world.socket(header);
    let go: (() => void) | undefined;
    world.setGate((release) => {
      go = release;
    });
    socket.ask('register', { authorization: 'camera/cam1' });
    await world.settle();
    socket.drop();
    await world.settle();
    // Its verification gives its slot to another after a while, and then nothing is waited for but its end.
    world.clock.advance(limits.verificationSlotMsMax);
    expect(world.clock.pending).toBe(1);
    go?.();
    await world.settle();
    expect(world.signaling.devicesOnline).toBe(0);
    expect(world.clock.pending).toBe(0);
    expect(world.told).toEqual([]);
  });
});

describe('an upgrade', () => {
  const header = (token: string) => ({ authorization: `Bearer ${token}` });

  it.each([
    ['another path', { path: '/elsewhere' }, 404, 'not-found'],
    ['no subprotocol', { headers: { 'sec-websocket-protocol': 'chat' } }, 400, 'subprotocol-missing'],
    ['a token that does not verify', { headers: header('x') }, 401, 'token-signature'],
    ['a token in the query that does not verify', { query: 'access_token=x' }, 401, 'token-signature'],
    ['another scheme', { headers: { authorization: 'Basic eDp5' } }, 401, 'token-malformed'],
    ['two tokens in one header', { headers: { authorization: 'Bearer a, Bearer b' } }, 401, 'token-malformed'],
    ['an empty token', { query: 'access_token=' }, 401, 'token-malformed'],
    ['three tokens', { query: 'access_token=a&access_token=b&access_token=c' }, 401, 'token-conflict'],
    ['two subjects', { headers: header('viewer/alice'), query: 'access_token=viewer/bob' }, 401, 'token-conflict'],
    ['two kinds', { headers: header('viewer/alice'), query: 'access_token=camera/alice' }, 401, 'token-conflict'],
  ])('with %s is refused before a WebSocket exists', async (_, request, status, code) => {
    const world = signalingWorld();
    const refused = await world.upgrade(request);
    if (refused instanceof MemorySocket) throw new Error('it opened');
    expect(refused.status).toBe(status);
    expect(JSON.parse(String(refused.body)).code).toBe(code);
    expect(world.told).toEqual([`refused ${code} http`]);
  });

  it('takes the token of the query, and the subprotocol among others', async () => {
    const world = signalingWorld();
    const socket = await world.upgrade({
      query: 'x=1&access_token=camera%2Fcam1',
      headers: { 'sec-websocket-protocol': 'chat, webrtc.onvif.org' },
    });
    if (!(socket instanceof MemorySocket)) throw new Error('it was refused');
    const id = socket.ask('register');
    await world.settle();
    expect(socket.reply(id)?.result?.id).toBe('cam1');
  });

  it('with the same subject in both places opens', async () => {
    const world = signalingWorld();
    const opened = await world.upgrade({ headers: header('viewer/alice'), query: 'access_token=viewer/alice' });
    expect(opened).toBeInstanceOf(MemorySocket);
  });
});

describe('a later token', () => {
  it.each([
    ['register', 'camera/cam1', { authorization: 'camera/cam2' }],
    ['register', 'camera/cam1', { authorization: 'viewer/cam1' }],
    ['connect', 'viewer/alice', { authorization: 'viewer/bob', peer: 'cam1' }],
    ['extend', 'viewer/alice', { authorization: 'viewer/bob', session: 'x' }],
  ])('of another holder is refused by %s, and the first one stays', async (method, token, params) => {
    const world = signalingWorld();
    world.own('bob', 'cam1');
    const socket = await world.socket(token);
    const id = socket.ask(method, params);
    await world.settle();
    expect(socket.reply(id)?.error?.data?.reason).toBe('token-conflict');
    expect(socket.closed).toBeUndefined();
    const again = socket.ask('register');
    await world.settle();
    expect(socket.reply(again)?.result?.id).toBe(token.split('/')[1]);
  });

  it('tokens that arrive together are taken in order', async () => {
    const world = signalingWorld();
    const socket = await world.socket();
    const first = socket.ask('register', { authorization: 'viewer/alice' });
    const second = socket.ask('register');
    const third = socket.ask('register', { authorization: 'viewer/bob' });
    await world.settle();
    expect(socket.reply(first)?.result?.id).toBe('alice');
    expect(socket.reply(second)?.result?.id).toBe('alice');
    expect(socket.reply(third)?.error?.data?.reason).toBe('token-conflict');
  });
});

describe('a relay that stops', () => {
  it('tells everyone why, ends every live view and takes nothing new', async () => {
    const world = signalingWorld();
    world.own('alice', 'cam1');
    const camera = await world.camera('cam1', []);
    const viewer = await world.socket('viewer/alice');
    viewer.ask('connect', { peer: 'cam1' });
    await world.settle();
    camera.answer(camera.request('connect'), {});

    world.signaling.stop();

    expect(camera.notices()).toEqual(['relay-stopping', 'relay-stopping']);
    expect(viewer.notices()).toEqual(['relay-stopping', 'relay-stopping']);
    expect(camera.closed).toEqual({ code: 1001, reason: 'relay-stopping' });
    expect(viewer.closed).toEqual({ code: 1001, reason: 'relay-stopping' });
    expect(world.sessions.size).toBe(0);
    expect(world.signaling.devicesOnline).toBe(0);
    expect(await world.upgrade()).toMatchObject({ status: 503 });
    expect(await world.http({ path: '/devices', token: 'viewer/alice' })).toMatchObject({
      status: 503,
      headers: { 'Retry-After': expect.any(String) },
    });
    await world.settle();
    expect(world.signaling.connections).toBe(0);
    expect(world.clock.pending).toBe(0);
  });

  it('ends a connection whose upgrade was under way', async () => {
    const world = signalingWorld();
    const opening = world.upgrade();
    world.signaling.stop();
    const opened = await opening;
    if (opened instanceof MemorySocket) expect(opened.closed?.reason).toBe('relay-stopping');
    else expect(opened.status).toBe(503);
  });
});
