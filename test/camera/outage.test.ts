import { UnsecuredJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { LatchkeyError, limits, systemRandom } from '../../src/base/index.ts';
import { createGuardedPeer, newCertificate, readDescription } from '../../src/peer/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { viaRelay } from '../support/tiny-relay.ts';
import { cameraAt, closers, invite, offered, relayWith } from './camera-and-relay.ts';

type Started = Awaited<ReturnType<typeof offered>>;

/** Cuts the connection, and resolves with how long the camera will wait. */
async function cut({ relay, next }: Pick<Started, 'relay' | 'next'>): Promise<number> {
  const disconnected = next('disconnected');
  relay.disconnect(1001);
  return (await disconnected)[1];
}

async function back({ next, clock }: Pick<Started, 'next' | 'clock'>, retryMs: number): Promise<void> {
  const registered = next('registered');
  clock.advance(retryMs);
  await registered;
}

/** Somebody whose connection really stands, through the relay's port. */
async function watched({ relay, next }: Pick<Started, 'relay' | 'next'>, session: string): Promise<void> {
  const certificate = await newCertificate();
  const viewer = createGuardedPeer({ certificate, direction: 'recvonly', video: ['H264'], audio: true }, systemRandom);
  closers.push(() => viewer.close());
  const answer = await invite(relay, session, await viewer.offer());
  const connected = next('viewerConnected');
  await viewer.accept(readDescription(viaRelay(answer, relay.udpPort)));
  await connected;
}

const knowing = (known: (listed: string[]) => string[]) => ({
  registered: ({ sessions }: Record<string, unknown>) => ({ sessions: known((sessions ?? []) as string[]) }),
});

describe('those who watch while the camera’s connection is lost', () => {
  test('go on watching, and are named to the relay that the camera comes back to', async () => {
    const started = await offered(knowing((listed) => listed));
    const { relay, camera, told, offer } = started;
    await invite(relay, 's1', offer);
    await invite(relay, 's2', offer);
    const retryMs = await cut(started);
    expect([camera.connected, camera.viewers]).toEqual([false, 2]);
    await back(started, retryMs);
    expect(relay.cameraCalls.at(-1)).toMatchObject({ method: 'register', params: { sessions: ['s1', 's2'] } });
    expect([camera.connected, camera.viewers]).toEqual([true, 2]);
    expect(told).not.toContain('viewerLeft');
  });

  test('are spoken of on the newer connection: the relay ends them there', async () => {
    const started = await offered(knowing((listed) => listed));
    const { relay, camera, next, offer } = started;
    await invite(relay, 's1', offer);
    await back(started, await cut(started));
    const left = next('viewerLeft');
    relay.endSession('s1', 'viewer-left');
    expect(await left).toEqual(['s1', 'viewer-left']);
    expect(camera.viewers).toBe(0);
  });

  test('end where the relay does not know them any more', async () => {
    const started = await offered(knowing((listed) => listed.slice(1)));
    const { relay, camera, next, offer } = started;
    await invite(relay, 's1', offer);
    await invite(relay, 's2', offer);
    const retryMs = await cut(started);
    const left = next('viewerLeft');
    await back(started, retryMs);
    expect(await left).toEqual(['s1', 'relay-ended']);
    expect(camera.viewers).toBe(1);
    expect(relay.cameraCalls.map(({ method }) => method)).not.toContain('leave');
  });

  test('and leave while it comes back are told of to the relay that still counts them', async () => {
    const started = await offered(knowing((listed) => [...listed, 's0']));
    const { relay, camera, offer } = started;
    await invite(relay, 's1', offer);
    const retryMs = await cut(started);
    const registered = relay.nextCameraCall();
    await back(started, retryMs);
    expect(await registered).toMatchObject({ method: 'register', params: { sessions: ['s1'] } });
    expect(await relay.nextCameraCall()).toMatchObject({ method: 'leave', params: { session: 's0' } });
    expect(camera.viewers).toBe(1);
  });

  test('all end at a relay that says nothing of them', async () => {
    const started = await offered();
    const { relay, camera, next, offer } = started;
    await invite(relay, 's1', offer);
    const retryMs = await cut(started);
    const left = next('viewerLeft');
    await back(started, retryMs);
    expect(await left).toEqual(['s1', 'relay-ended']);
    expect(camera.viewers).toBe(0);
  });

  test('end when no relay came back for as long as one waits, counted from the first loss', async () => {
    let gone = false;
    const started = await offered({
      upgrade: () => (gone ? { status: 503, headers: { 'Retry-After': '50' }, body: '' } : undefined),
    });
    const { camera, clock, next, told } = started;
    await watched(started, 's1');
    gone = true;
    const lostMs = clock.now();
    const first = await cut(started);
    const again = next('disconnected');
    clock.advance(first);
    await again;
    clock.advance(lostMs + limits.cameraAwayMsMax - 1 - clock.now());
    expect([camera.viewers, told.includes('viewerLeft')]).toEqual([1, false]);
    const left = next('viewerLeft');
    clock.advance(1);
    expect(await left).toEqual(['s1', 'relay-lost']);
    expect(camera.viewers).toBe(0);
  });

  test('are waited for anew after each return', async () => {
    const started = await offered(knowing((listed) => listed));
    const { camera, clock } = started;
    await watched(started, 's1');
    for (let loss = 0; loss < 3; loss += 1) {
      await back(started, await cut(started));
      clock.advance(limits.cameraAwayMsMax / 4);
    }
    clock.advance(limits.cameraAwayMsMax / 2);
    expect(camera.viewers).toBe(1);
  });

  test('leave nothing behind when the camera stops meanwhile', async () => {
    const started = await offered();
    const { relay, camera, clock, offer } = started;
    await invite(relay, 's1', offer);
    await cut(started);
    await camera.close();
    expect([camera.viewers, clock.pending]).toEqual([0, 0]);
  });

  test('and have not been answered yet are not named', async () => {
    const started = await offered(knowing((listed) => listed));
    const { relay } = started;
    void relay.callCamera('connect', { session: 's1' }).catch(() => {});
    await started.next('viewerJoined');
    const retryMs = await cut(started);
    await back(started, retryMs);
    await expect(relay.callCamera('unknown', {})).rejects.toMatchObject({ message: 'method-unknown' });
    expect(started.told).not.toContain('viewerConnected');
  });
});

describe('a reconnect ticket', () => {
  const giving = (seconds = 600) => {
    let given = 0;
    return { registered: () => ({ ticket: `ticket-${++given}`, ticketExpiresInSeconds: seconds }) };
  };

  test('is shown beside the token when the camera comes back, and each one once it has the next', async () => {
    const relay = await relayWith(giving());
    const started = { relay, ...cameraAt(relay.url) };
    await started.next('registered');
    await back(started, await cut(started));
    await back(started, await cut(started));
    expect(relay.tickets).toEqual([undefined, 'ticket-1', 'ticket-2']);
    expect(relay.upgrades).toEqual(['camera:garden', 'camera:garden', 'camera:garden']);
  });

  test('is kept through an outage, and left out from its end on', async () => {
    let down = 1;
    const relay = await relayWith({
      ...giving(50),
      upgrade: () => (relay.tickets.length > 1 && down-- > 0 ? { status: 503, body: '' } : undefined),
    });
    const started = { relay, ...cameraAt(relay.url) };
    await started.next('registered');
    const first = await cut(started);
    const again = started.next('disconnected');
    started.clock.advance(first);
    await back(started, (await again)[1]);
    expect(relay.tickets).toEqual([undefined, 'ticket-1', 'ticket-1']);
    const last = await cut(started);
    started.clock.advance(0);
    await back(started, Math.max(last, 50_000));
    expect(relay.tickets.at(-1)).toBeUndefined();
  });

  test('is given up after a refusal of who came with it', async () => {
    const relay = await relayWith({
      ...giving(),
      upgrade: () => (relay.tickets.length === 2 ? { status: 401, body: '{"code":"token-expired"}' } : undefined),
    });
    const started = { relay, ...cameraAt(relay.url) };
    await started.next('registered');
    const first = await cut(started);
    const refused = started.next('disconnected');
    started.clock.advance(first);
    await back(started, (await refused)[1]);
    expect(relay.tickets).toEqual([undefined, 'ticket-1', undefined]);
  });

  test('makes the camera show a fresh token in time before it ends, and is followed by another', async () => {
    const relay = await relayWith(giving(30));
    const exp = new ManualClock().now() / 1000 + 10_000;
    const token = () => Promise.resolve(new UnsecuredJWT({ sub: 'garden', exp }).encode());
    relay.namesAll('garden');
    const started = { relay, ...cameraAt(relay.url, { token }) };
    await started.next('registered');
    const renewed = relay.nextCameraCall();
    started.clock.advance(24_000);
    expect(await renewed).toMatchObject({ method: 'register', params: { authorization: expect.any(String) } });
    await relay.callCamera('unknown', {}).catch(() => {});
    await back(started, await cut(started));
    expect(relay.tickets).toEqual([undefined, 'ticket-2']);
  });

  test('of a relay that gives none is none', async () => {
    const relay = await relayWith();
    const started = { relay, ...cameraAt(relay.url) };
    await started.next('registered');
    await back(started, await cut(started));
    expect(relay.tickets).toEqual([undefined, undefined]);
  });
});

describe('a relay that is about to restart', () => {
  test('is left for as long as it asks for and not much longer, and who watches goes on meanwhile', async () => {
    const started = await offered(knowing((listed) => listed));
    const { relay, camera, next, offer } = started;
    await invite(relay, 's1', offer);
    for (const _ of [1, 2, 3]) {
      const disconnected = next('disconnected');
      relay.tell(new LatchkeyError('relay-moving', undefined, { retryAfterSeconds: 7 }));
      relay.disconnect(1012, 'relay-moving');
      const [cause, retryMs] = await disconnected;
      expect(cause).toBe('relay-moving');
      expect(retryMs).toBeGreaterThanOrEqual(7_000);
      expect(retryMs).toBeLessThan(7_000 + limits.reconnectMsFirst);
      expect(camera.viewers).toBe(1);
      await back(started, retryMs);
    }
  });

  test('is understood by its close code alone', async () => {
    const started = await offered(knowing((listed) => listed));
    const disconnected = started.next('disconnected');
    started.relay.disconnect(1012);
    expect((await disconnected)[0]).toBe('relay-moving');
  });
});
