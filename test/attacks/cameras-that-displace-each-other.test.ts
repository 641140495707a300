// Whoever has copied a camera's token, or a camera that crashes as soon as it is registered: each registration takes over from the one
// before, and so for ever. The device's own bucket holds: after a few times it is let in seldom, and told when.
import { expect, it } from 'vitest';
import { MemorySocket } from '../support/memory-transport.ts';
import { signalingWorld, worldAdmission } from '../support/signaling-world.ts';

const registrations = { perMinute: 6, burst: 5 };

function scene() {
  const admission = { ...worldAdmission, registrations };
  return signalingWorld(1, { settings: { realm: 'latchkey', unregisteredMax: 3, admission } });
}

const upgrade = (world: ReturnType<typeof scene>, token: string) =>
  world.upgrade({ headers: { authorization: `Bearer ${token}` } });

it('two cameras with one token take over from each other a few times, and then as often as a device may register', async () => {
  const world = scene();
  let registered = 0;
  for (let second = 0; second < 600; second++) {
    const socket = await upgrade(world, 'camera/cam1');
    if (socket instanceof MemorySocket) {
      socket.ask('register');
      await world.settle();
      registered += 1;
    } else expect(socket).toMatchObject({ status: 429, headers: { 'Retry-After': expect.stringMatching(/^\d+$/) } });
    world.clock.advance(1_000);
  }
  expect(registered).toBe(registrations.burst + 59);
  expect(world.signaling.devicesOnline).toBe(1);
  expect(await upgrade(world, 'camera/cam2')).toBeInstanceOf(MemorySocket);
});

it('a camera that shows its token by message is told when to come back, and its connection ends', async () => {
  const world = scene();
  for (let n = 0; n < registrations.burst; n++) await world.camera('cam1');
  const socket = await world.socket();
  const id = socket.ask('register', { authorization: 'camera/cam1' });
  await world.settle();
  expect(socket.reply(id)?.error?.data).toEqual({ reason: 'rate-exceeded', retryAfterSeconds: expect.any(Number) });
  expect(socket.closed).toEqual({ code: 1008, reason: 'rate-exceeded' });
  expect(world.signaling.devicesOnline).toBe(1);
});

it('a camera that unregisters and registers again on one connection is counted as well', async () => {
  const world = scene();
  const camera = await world.camera('cam1');
  for (let n = 1; n < registrations.burst; n++) {
    camera.ask('unregister');
    camera.ask('register');
    await world.settle();
  }
  expect(world.signaling.devicesOnline).toBe(1);
  camera.ask('unregister');
  const id = camera.ask('register');
  await world.settle();
  expect(camera.reply(id)?.error?.data?.reason).toBe('rate-exceeded');
  expect(camera.closed?.code).toBe(1008);
  expect(world.signaling.devicesOnline).toBe(0);
});
