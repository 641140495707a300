import { afterEach, expect, it } from 'vitest';
import { deviceId, limits } from '../../../src/base/index.ts';
import { subprotocol, webSocketPath } from '../../../src/protocol/index.ts';
import { MemorySocket, memoryRequest } from '../../support/memory-transport.ts';
import { signalingWorld, type World, worldAdmission } from '../../support/signaling-world.ts';

const worlds: World[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) expect(world.faults).toEqual([]);
});

function stage(...parts: Parameters<typeof signalingWorld>): World {
  const world = signalingWorld(...parts);
  worlds.push(world);
  return world;
}

/** Whoever comes with that token, or none, and that first message. */
async function come(world: World, token: string | undefined, first: string | object): Promise<MemorySocket> {
  const socket = await world.upgrade({
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      'latchkey-first-message': typeof first === 'string' ? first : JSON.stringify({ jsonrpc: '2.0', ...first }),
    },
  });
  if (!(socket instanceof MemorySocket)) throw new Error(`refused: ${socket.body}`);
  return socket;
}

const taken = { 'latchkey-first-message': 'taken' };
const register = { id: 1, method: 'register', params: { name: 'Front door', capabilities: ['answer'] } };

it('a camera that sends its registration along is registered as its connection opens, and is told so', async () => {
  const world = stage();
  const camera = await come(world, 'camera/front-door', register);
  expect(camera.handshake).toEqual(taken);
  expect(camera.received).toMatchObject([{ id: 1, result: { id: 'front-door' } }]);
  expect(world.signaling.devicesOnline).toBe(1);
  world.clock.advance(2 * limits.registerMsMax);
  expect(camera.closed).toBeUndefined();
  await expect.poll(() => camera.reply(camera.ask('register'))?.error?.data?.reason).toBe('out-of-order');
});

it('it takes over from its older connection as any registration does', async () => {
  const world = stage();
  const older = await world.camera('front-door');
  await come(world, 'camera/front-door', register);
  expect(older.closed).toEqual({ code: 4409, reason: 'registration-replaced' });
  expect(world.signaling.devicesOnline).toBe(1);
});

it('a viewer may send its question along', async () => {
  const world = stage();
  world.own('alice', 'front-door');
  const camera = await world.camera('front-door', []);
  const stranger = await come(world, 'viewer/dan', { id: 'a', method: 'connect', params: { peer: 'front-door' } });
  const viewer = await come(world, 'viewer/alice', { id: 'a', method: 'connect', params: { peer: 'front-door' } });
  expect(viewer.handshake).toEqual(taken);
  await world.settle();
  expect(camera.requests('connect')).toHaveLength(1);
  camera.answer(camera.request('connect'), {});
  await world.settle();
  expect(viewer.reply('a')?.result).toHaveProperty('session');
  expect(stranger.reply('a')?.error?.data?.reason).toBe('not-allowed');
});

it('nothing is read of what somebody sends along who proves nothing by the request', async () => {
  const world = stage();
  const authorization = 'camera/front-door';
  const camera = await come(world, undefined, { ...register, params: { ...register.params, authorization } });
  expect(camera.handshake).toEqual({});
  await world.settle();
  expect(camera.received).toEqual([]);
  expect(world.signaling.devicesOnline).toBe(0);
  const id = camera.ask('register', { authorization });
  await expect.poll(() => camera.reply(id)?.result).toMatchObject({ id: 'front-door' });
});

it.each([
  ['nothing', ''],
  ['blanks', '   '],
  ['half of one', '{"jsonrpc":'],
  ['two of them, as a proxy joins two headers', `${JSON.stringify(register)}, ${JSON.stringify(register)}`],
  ['no message of JSON-RPC', '{"method":"register"}'],
  ['what is not ASCII', '{"jsonrpc":"2.0","id":1,"method":"register","params":{"name":"G\u00e4rten"}}'],
])('of %s nothing is taken, and the connection goes on', async (_what, text) => {
  const world = stage();
  const camera = await come(world, 'camera/front-door', text);
  expect([camera.handshake, camera.received, world.signaling.devicesOnline]).toEqual([{}, [], 0]);
  const id = camera.ask('register');
  expect(camera.reply(id)?.result).toMatchObject({ id: 'front-door' });
});

it('the longest one is taken, and of a longer one nothing is read', async () => {
  const world = stage();
  const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'register' });
  const longest = await come(world, 'camera/front-door', text.padEnd(limits.firstMessageCharactersMax));
  expect(longest.handshake).toEqual(taken);
  expect(longest.reply('1') ?? longest.received[0]).toMatchObject({ result: { id: 'front-door' } });
  const longer = await come(world, 'camera/back-door', text.padEnd(limits.firstMessageCharactersMax + 1));
  expect(longer.handshake).toEqual({});
  expect(longer.received).toEqual([]);
  expect(longer.reply(longer.ask('register'))?.result).toMatchObject({ id: 'back-door' });
});

it('a registration that is refused ends the connection, as one that comes later does', async () => {
  const admission = { ...worldAdmission, registrations: { perMinute: 1, burst: 1 } };
  const world = stage(1, { settings: { realm: 'latchkey', unregisteredMax: 3, admission } });
  world.setGate((go) => void gates.push(go));
  const gates: (() => void)[] = [];
  // Both are let in before either has registered.
  const both = [come(world, 'camera/front-door', register), come(world, 'camera/front-door', register)];
  for (const go of gates) go();
  const [first, second] = await Promise.all(both);
  expect(first?.closed).toBeUndefined();
  expect(second?.received).toMatchObject([{ id: 1, error: { data: { reason: 'rate-exceeded' } } }]);
  expect(second?.closed?.reason).toBe('rate-exceeded');
  await world.settle();
  expect(world.signaling.connections).toBe(1);
});

it('against whom something was thrown meanwhile has no say, and is told why', async () => {
  const world = stage();
  const message = JSON.stringify({ jsonrpc: '2.0', ...register });
  const headers = { authorization: 'Bearer camera/front-door', 'latchkey-first-message': message };
  const request = memoryRequest({
    path: webSocketPath,
    headers: { ...headers, 'sec-websocket-protocol': subprotocol },
  });
  const decision = await world.signaling.upgrade(request);
  if ('refuse' in decision) throw new Error('it was refused');
  await world.levers.revoke({ of: 'device', device: deviceId('front-door') });
  const socket = new MemorySocket();
  socket.attach(decision.open(socket));
  expect(socket.received).toMatchObject([{ error: { data: { reason: 'device-quarantined' } } }]);
  expect(socket.closed?.reason).toBe('device-quarantined');
  expect(world.signaling.devicesOnline).toBe(0);
});
