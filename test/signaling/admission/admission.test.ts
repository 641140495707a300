import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import type { Tickets } from '../../../src/identity/index.ts';
import type { HttpResponse, SignalingParts } from '../../../src/signaling/index.ts';
import { MemorySocket } from '../../support/memory-transport.ts';
import { cameraProof } from '../../support/proofs.ts';
import { signalingWorld, viewerOffer, worldAdmission } from '../../support/signaling-world.ts';

function crowdedWorld(
  admission: Partial<typeof worldAdmission> = {},
  more: Partial<SignalingParts> = {},
  tickets?: Tickets,
) {
  const settings = { realm: 'latchkey', unregisteredMax: 3, admission: { ...worldAdmission, ...admission } };
  const world = signalingWorld(1, { settings, ...more }, tickets);
  const gates: (() => void)[] = [];
  return {
    ...world,
    gates,
    /** From now on every verification waits until it is let go on. */
    shut: () => world.setGate((go) => gates.push(go)),
    upgradeOf: (token: string, request: object = {}) =>
      world.upgrade({ headers: { authorization: `Bearer ${token}` }, ...request }),
    /** Lets one verification go on, and all that follows from it happen. */
    async verifyOne(): Promise<void> {
      gates.shift()?.();
      await world.settle();
    },
  };
}

function retryAfter(refused: MemorySocket | HttpResponse): number {
  if (refused instanceof MemorySocket) throw new Error('it was let in');
  expect(refused.status).toBe(503);
  return Number(refused.headers?.['Retry-After']);
}

describe('a fleet that waits to be verified', () => {
  it('keeps no viewer waiting: a view is answered after what was under way, while 5,000 cameras wait', async () => {
    const world = crowdedWorld({ verificationsMax: 4 });
    world.own('alice', 'cam1');
    const camera = await world.camera('cam1');
    world.shut();
    const waiting = Array.from({ length: 5_000 }, (_, index) => world.upgradeOf(`camera/c${index}`));
    await world.settle();
    expect(world.signaling.admission).toMatchObject({ inFlight: 4, waiting: { viewer: 0, camera: 4_996 } });

    const upgraded = world.upgradeOf('viewer/alice');
    await world.settle();
    expect(world.signaling.admission.waiting.viewer).toBe(1);
    await world.verifyOne();
    expect(world.signaling.admission.waiting).toEqual({ viewer: 0, camera: 4_996 });
    // The three that were under way before it, and then its own.
    for (let verified = 0; verified < 4; verified++) await world.verifyOne();
    const viewer = await upgraded;
    if (!(viewer instanceof MemorySocket)) throw new Error('the viewer was refused');
    viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
    // Its question about ownership waits for no turn.
    for (let asked = 0; camera.requests('invite').length === 0 && asked < 5; asked++) {
      await world.settle();
      world.gates.pop()?.();
      await world.settle();
    }
    expect(camera.requests('invite')).toHaveLength(1);

    world.setGate(undefined);
    while (world.gates.length > 0) await world.verifyOne();
    expect((await Promise.all(waiting)).every((each) => each instanceof MemorySocket)).toBe(true);
    expect(world.signaling.admission).toMatchObject({ inFlight: 0, waiting: { viewer: 0, camera: 0 } });
    expect(world.faults).toEqual([]);
  });

  it('is told to come back, each at a time of its own, and let in when it does', async () => {
    const world = crowdedWorld({ verificationsMax: 1, waitingMax: 10 });
    world.shut();
    const first = Array.from({ length: 11 }, (_, index) => world.upgradeOf(`camera/first${index}`));
    const times = await Promise.all(
      Array.from({ length: 3_000 }, async (_, index) => retryAfter(await world.upgradeOf(`camera/c${index}`))),
    );
    expect(new Set(times).size).toBeGreaterThan(2);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...times)).toBeLessThanOrEqual(5);
    world.setGate(undefined);
    while (world.gates.length > 0) await world.verifyOne();
    expect((await Promise.all(first)).every((each) => each instanceof MemorySocket)).toBe(true);

    const last = times.length - 1;
    world.clock.advance(1_000);
    const early = retryAfter(await world.upgradeOf(`camera/c${last}`));
    expect(early).toBeLessThanOrEqual((times[last] ?? 0) - 1);
    world.clock.advance(early * 1_000);
    expect(await world.upgradeOf(`camera/c${last}`)).toBeInstanceOf(MemorySocket);
    expect(world.told.filter((line) => line === 'refused overloaded http')).toHaveLength(3_001);
  });

  it('waits a bounded time, and is then told when to come back', async () => {
    const world = crowdedWorld({ verificationsMax: 1 });
    world.shut();
    const begunMax = limits.admissionWaitMsMax / limits.verificationSlotMsMax;
    const givenUp = (limits.admissionWaitMsMax - limits.verificationMsMax) / limits.verificationSlotMsMax;
    const refused: unknown[] = [];
    for (let index = 0; index < begunMax + 3; index++) {
      void world.upgradeOf(`camera/c${index}`).then((answer) => refused.push(answer));
    }
    for (let begun = 1; begun < begunMax; begun++) {
      world.clock.advance(limits.verificationSlotMsMax);
      await world.settle();
    }
    world.clock.advance(limits.verificationSlotMsMax - 1);
    await world.settle();
    expect(refused).toHaveLength(givenUp);
    expect(world.signaling.admission).toMatchObject({ inFlight: begunMax - givenUp, waiting: { camera: 3 } });
    world.clock.advance(1);
    await world.settle();
    expect(refused.length).toBeGreaterThan(givenUp + 1);
    for (const each of refused)
      expect(each).toMatchObject({ status: 503, headers: { 'Retry-After': expect.stringMatching(/^[1-9]/) } });
    expect(world.signaling.admission.waiting.camera).toBe(0);
  });

  it('does not wait for a verification that waits for somebody else', async () => {
    const world = crowdedWorld({ verificationsMax: 2 });
    world.shut();
    void world.upgradeOf('camera/unknown-key-1');
    void world.upgradeOf('camera/unknown-key-2');
    await world.settle();
    world.setGate(undefined);
    const next = world.upgradeOf('camera/cam1');
    world.clock.advance(limits.verificationSlotMsMax - 1);
    await world.settle();
    expect(world.signaling.admission.waiting.camera).toBe(1);
    world.clock.advance(1);
    expect(await next).toBeInstanceOf(MemorySocket);
    expect(world.signaling.admission.inFlight).toBe(2);
  });

  it('leaves its place when its client goes away, and nothing behind', async () => {
    const world = crowdedWorld({ verificationsMax: 1 });
    world.shut();
    const first = world.upgradeOf('camera/first');
    const clients = Array.from({ length: 100 }, () => new AbortController());
    const gone = clients.map((client, index) => world.upgradeOf(`camera/c${index}`, { aborted: client.signal }));
    const token = await world.socket();
    token.ask('register', { authorization: 'camera/by-message' });
    await world.settle();
    expect(world.signaling.admission.waiting.camera).toBe(101);
    for (const client of clients) client.abort();
    token.drop();
    await world.settle();
    expect(world.signaling.admission.waiting.camera).toBe(0);
    expect((await Promise.all(gone)).every((each) => !(each instanceof MemorySocket))).toBe(true);
    await world.verifyOne();
    expect(await first).toBeInstanceOf(MemorySocket);
    expect(world.faults).toEqual([]);
  });
});

describe('what lives already', () => {
  it('goes on: a fresh token of a registered camera is not sent away while a fleet comes back', async () => {
    const world = crowdedWorld({ verificationsMax: 1, waitingMax: 10, lagMsMax: 10 }, { lagMs: () => 0 });
    const camera = await world.camera('cam1');
    world.shut();
    for (let index = 0; index < 100; index++) void world.upgradeOf(`camera/c${index}`);
    await world.settle();
    const id = camera.ask('register', { authorization: 'camera/cam1/7200' });
    await world.settle();
    await world.verifyOne();
    await world.verifyOne();
    expect(camera.reply(id)?.result?.id).toBe('cam1');
    expect(camera.closed).toBeUndefined();
  });

  it('a token that comes by message and finds no place ends its connection, which is told when to come back', async () => {
    const world = crowdedWorld({ verificationsMax: 1, waitingMax: 1 });
    const socket = await world.socket();
    world.shut();
    for (let index = 0; index < 3; index++) void world.upgradeOf(`camera/c${index}`);
    await world.settle();
    const id = socket.ask('register', { authorization: 'camera/cam1' });
    await world.settle();
    expect(socket.reply(id)?.error?.data).toEqual({ reason: 'overloaded', retryAfterSeconds: expect.any(Number) });
    expect(socket.closed).toEqual({ code: 1013, reason: 'overloaded' });
  });
});

describe('an event loop that is late', () => {
  it.each([
    [250, 'camera/cam1', true],
    [251, 'camera/cam1', false],
    [500, 'viewer/alice', true],
    [501, 'viewer/alice', false],
  ])('by %i ms takes %s: %s', async (ms, token, taken) => {
    const world = crowdedWorld({ lagMsMax: 250 }, { lagMs: () => ms });
    const upgraded = await world.upgradeOf(token);
    if (taken) expect(upgraded).toBeInstanceOf(MemorySocket);
    else expect(retryAfter(upgraded)).toBeGreaterThanOrEqual(1);
    const { status } = await world.http({ path: '/devices', token: 'viewer/alice' });
    expect(status).toBe(ms > 500 ? 503 : 200);
  });
});

describe('a reconnect ticket', () => {
  const nowMs = Date.UTC(2026, 0, 1);
  const tickets: Tickets = {
    issue: () => undefined,
    redeem: (ticket) => cameraProof(ticket.reveal(), nowMs, nowMs + 60_000),
  };
  const ticket = { headers: { 'latchkey-ticket': 'cam1', authorization: 'Bearer camera/other' } };

  it('waits for no turn, while others do', async () => {
    const world = crowdedWorld({ verificationsMax: 1, waitingMax: 1 }, {}, tickets);
    world.shut();
    for (let index = 0; index < 3; index++) void world.upgradeOf(`camera/c${index}`);
    await world.settle();
    const socket = await world.upgrade(ticket);
    if (!(socket instanceof MemorySocket)) throw new Error('it was refused');
    socket.ask('register');
    await world.settle();
    expect(world.signaling.devicesOnline).toBe(1);
  });

  it('comes in however late the event loop is, and not when its device comes too often', async () => {
    const registrations = { perMinute: 6, burst: 1 };
    const world = crowdedWorld({ registrations }, { lagMs: () => 60_000 }, tickets);
    const socket = await world.upgrade(ticket);
    if (!(socket instanceof MemorySocket)) throw new Error('it was refused');
    socket.ask('register');
    await world.settle();
    expect(await world.upgrade(ticket)).toMatchObject({ status: 429 });
  });

  it('that is bad and comes alone counts against its address, as a bad token does', async () => {
    const forged: Tickets = { issue: () => undefined, redeem: () => undefined };
    const world = crowdedWorld({ failures: { perMinute: 6, burst: 1 } }, {}, forged);
    const alone = { headers: { 'latchkey-ticket': 'lkt1.rubbish' } };
    expect(await world.upgrade(alone)).toMatchObject({ status: 401 });
    expect(await world.upgrade(alone)).toMatchObject({ status: 429 });
  });
});

describe('other bounds', () => {
  it('let in at once who waited for a slot that there is now, and keep who waits already', async () => {
    const world = crowdedWorld({ verificationsMax: 1, waitingMax: 10 });
    world.shut();
    for (let index = 0; index < 6; index++) void world.upgradeOf(`camera/c${index}`);
    await world.settle();
    expect(world.signaling.admission).toMatchObject({ inFlight: 1, waiting: { camera: 5 } });
    world.signaling.useAdmission({ ...worldAdmission, verificationsMax: 3, waitingMax: 2 });
    await world.settle();
    expect(world.signaling.admission).toMatchObject({ inFlight: 3, waiting: { camera: 3 } });
    expect(retryAfter(await world.upgradeOf('camera/late'))).toBeGreaterThan(0);
  });

  it('of registrations count anew where they have changed, and go on counting where they have not', async () => {
    const registrations = { perMinute: 1, burst: 1 };
    const world = crowdedWorld({ registrations });
    const registers = async () => {
      const camera = await world.camera('cam1').catch(() => undefined);
      return camera !== undefined && camera.closed === undefined && world.signaling.devicesOnline === 1;
    };
    expect(await registers()).toBe(true);
    world.signaling.useAdmission({ ...worldAdmission, registrations: { ...registrations } });
    expect(await registers()).toBe(false);
    world.signaling.useAdmission({ ...worldAdmission, registrations: { perMinute: 2, burst: 2 } });
    expect(await registers()).toBe(true);
  });
});
