import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { MemorySocket } from '../../support/memory-transport.ts';
import { signalingWorld } from '../../support/signaling-world.ts';

const idleMs = limits.viewerIdleMsMax;

describe('a verified viewer’s connection', () => {
  it('that asks for nothing is told and closed, at its bound and not before', async () => {
    const world = signalingWorld();
    const viewer = await world.socket('viewer/alice');
    world.clock.advance(idleMs - 1);
    expect(viewer.closed).toBeUndefined();
    world.clock.advance(1);
    expect([viewer.notices(), viewer.closed?.code]).toEqual([['connection-idle'], 4408]);
    await world.settle();
    expect([world.signaling.connections, world.clock.pending]).toEqual([0, 0]);
  });

  it('lasts from its last request on', async () => {
    const world = signalingWorld();
    const viewer = await world.socket('viewer/alice');
    world.clock.advance(idleMs - 1);
    viewer.ask('register');
    world.clock.advance(idleMs - 1);
    expect(viewer.closed).toBeUndefined();
    world.clock.advance(1);
    expect(viewer.closed?.code).toBe(4408);
  });

  it('lasts for as long as it watches, and from the end of its live view on', async () => {
    const world = signalingWorld();
    const { viewer } = await world.watched('alice', 'cam1');
    world.clock.advance(3 * idleMs + 7);
    expect([viewer.closed, world.sessions.size]).toEqual([undefined, 1]);
    world.relay.live[0]?.events.ended('media-silent');
    world.clock.advance(idleMs - 1);
    expect(viewer.closed).toBeUndefined();
    world.clock.advance(1);
    expect(viewer.closed?.code).toBe(4408);
  });
});

describe('the connections of one viewer', () => {
  it('are as many as may be, and one more is refused, with its token in the header or after', async () => {
    const world = signalingWorld();
    const open = await Promise.all(
      Array.from({ length: limits.connectionsPerSubjectMax }, () => world.socket('viewer/alice')),
    );
    expect(await world.upgrade({ headers: { authorization: 'Bearer viewer/alice' } })).toMatchObject({ status: 429 });
    const late = await world.socket();
    const asked = late.ask('register', { authorization: 'viewer/alice' });
    await world.settle();
    expect([late.reply(asked)?.error?.data?.reason, late.closed?.code]).toEqual(['connection-limit', 1008]);
    expect(await world.upgrade({ headers: { authorization: 'Bearer viewer/ben' } })).toBeInstanceOf(MemorySocket);
    open[0]?.drop();
    await world.settle();
    expect(await world.upgrade({ headers: { authorization: 'Bearer viewer/alice' } })).toBeInstanceOf(MemorySocket);
  });
});
