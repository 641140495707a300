import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { signalingWorld } from '../../support/signaling-world.ts';

const { registerMsMax } = limits;

describe('a camera that has unregistered', () => {
  it('has its time to register once more, to the millisecond', async () => {
    const world = signalingWorld();
    const camera = await world.camera('cam1');
    world.clock.advance(3 * registerMsMax);
    camera.ask('unregister');
    world.clock.advance(registerMsMax - 1);
    expect(camera.closed).toBeUndefined();
    world.clock.advance(1);
    expect(camera.closed?.reason).toBe('register-timeout');
  });

  it('is waited for no more when it is gone', async () => {
    const world = signalingWorld();
    const camera = await world.camera('cam1');
    world.clock.advance(registerMsMax);
    camera.ask('unregister');
    camera.drop();
    await world.settle();
    expect(world.clock.pending).toBe(0);
  });
});

describe('a connection that says nothing', () => {
  it('is not there for longer than twice its time because the clock was set back', async () => {
    const world = signalingWorld();
    const stranger = await world.socket();
    world.clock.setBack(3_600_000);
    world.clock.advance(2 * registerMsMax);
    expect(stranger.closed?.reason).toBe('register-timeout');
  });
});

describe('messages without a token', () => {
  it('wait for every token that came before them, also for the second', async () => {
    const world = signalingWorld();
    const camera = await world.camera('cam1');
    const releases: (() => void)[] = [];
    world.setGate((release) => releases.push(release));
    const first = camera.ask('register', { authorization: 'camera/cam1' });
    const second = camera.ask('register', { authorization: 'camera/cam1' });
    await world.settle();
    releases[0]?.();
    await world.settle();
    expect(camera.reply(first)).toBeDefined();
    const third = camera.ask('register');
    await world.settle();
    expect([camera.reply(second), camera.reply(third)]).toEqual([undefined, undefined]);
    releases[1]?.();
    await world.settle();
    expect([camera.reply(second)?.error, camera.reply(third)?.error?.data?.reason]).toEqual([
      undefined,
      'out-of-order',
    ]);
  });
});
