import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deviceId, subjectId, systemClock, systemRandom } from '../../src/base/index.ts';
import type { RelayLevers } from '../../src/levers/index.ts';
import { startView, type View } from '../../src/viewer/index.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { viewerOffer } from '../support/signaling-world.ts';

const camera = 'maple-garden';
let relay: RunningRelay;

beforeEach(async () => {
  // A machine that is busy with other tests is no reason to send a camera away.
  relay = await runningRelay();
  await relay.grant('alice', camera);
});

afterEach(() => relay[Symbol.asyncDispose]());

function watch(offer: boolean, token: string): View {
  const settings = { relay: relay.url, device: camera, token: async () => token, offer };
  return startView(settings, { clock: systemClock, random: systemRandom });
}

type Lever = [
  what: string,
  throwIt: (levers: RelayLevers) => Promise<{ sessionsEnded: number }>,
  reason: string,
  after: string,
];
const levers: Lever[] = [
  ['a sign-out', (own) => own.revoke({ of: 'subject', subject: subjectId('alice') }), 'signed-out', 'token-revoked'],
  ['a sign-out of all', (own) => own.revoke({ of: 'all' }), 'signed-out', 'token-revoked'],
  [
    'a quarantine',
    (own) => own.revoke({ of: 'device', device: deviceId(camera) }),
    'quarantined',
    'device-quarantined',
  ],
  ['a switch', (own) => own.throwSwitch('live-view', { position: 'off' }), 'switched-off', 'switched-off'],
];
const flows = [
  ['answering', true],
  ['ONVIF', false],
] as const;

describe.each(flows)('while real media flows in the %s flow', (_, offer) => {
  it.each(levers)('%s ends it at once, the reason arrives, and the same token opens nothing more', async (...lever) => {
    const [, throwIt, reason, after] = lever;
    await relay.camera(camera);
    const token = await relay.token('viewer', 'alice');
    const view = watch(offer, token);
    await view.firstFrame;
    const thrown = throwIt(relay.server.levers);
    expect(await view.ended).toBe(reason);
    expect((await thrown).sessionsEnded).toBe(1);
    expect(await relay.metric('latchkey_sessions_ended_total', { reason })).toBe(1);
    // The door has shut it; its worker counts it out when it has looked.
    await expect.poll(() => relay.metric('latchkey_relay_wires'), { timeout: 10_000 }).toBe(0);
    await view.close();
    const again = watch(offer, token);
    expect(await again.ended).toBe(after);
    await again.close();
  });
});

it('a live view by WHEP ends too, and its URL is worth nothing with a token that was taken back', async () => {
  await relay.camera(camera);
  const authorization = `Bearer ${await relay.token('viewer', 'alice')}`;
  const headers = { authorization, 'content-type': 'application/sdp' };
  const opened = await fetch(`${relay.url}/whep/${camera}`, { method: 'POST', headers, body: viewerOffer });
  expect(opened.status).toBe(201);
  const { sessionsEnded } = await relay.server.levers.revoke({ of: 'subject', subject: subjectId('alice') });
  expect(sessionsEnded).toBe(1);
  const url = `${relay.url}${opened.headers.get('location')}`;
  const late = await fetch(url, { method: 'DELETE', headers: { authorization } });
  expect([late.status, (await late.json()).code]).toEqual([401, 'token-revoked']);
});

it('a camera in quarantine is told, asks again by itself, and is back when it was released', async () => {
  const codes: string[] = [];
  const back = Promise.withResolvers<void>();
  const refused = Promise.withResolvers<void>();
  await relay.camera(
    camera,
    {},
    {
      registered: () => {
        if (codes.length > 0) back.resolve();
      },
      disconnected: (code) => {
        codes.push(code);
        if (codes.length > 1) refused.resolve();
      },
    },
  );
  await relay.server.levers.revoke({ of: 'device', device: deviceId(camera) });
  await refused.promise;
  expect(codes).toEqual(['device-quarantined', 'device-quarantined']);
  expect(await relay.server.levers.release(deviceId(camera))).toBe(true);
  await back.promise;
  expect(new Set(codes)).toEqual(new Set(['device-quarantined']));
});
