// Who can mount it: whoever has somebody's token or phone, after that person has signed out everywhere.

import { afterEach, expect, it } from 'vitest';
import { subjectId, systemClock, systemRandom } from '../../src/base/index.ts';
import { startView } from '../../src/viewer/index.ts';
import { type RunningRelay, runningRelay } from '../support/running-relay.ts';
import { viewerOffer } from '../support/signaling-world.ts';

let relay: RunningRelay | undefined;

afterEach(async () => {
  await relay?.[Symbol.asyncDispose]();
  relay = undefined;
});

const alice = subjectId('alice');

it.each([
  ['answering', true],
  ['ONVIF', false],
] as const)(
  'a live view of the %s flow does not outlive the sign-out, and the token opens nothing more',
  async (_, offer) => {
    relay = await runningRelay();
    await relay.grant('alice', 'oak-door');
    await relay.camera('oak-door');
    const token = await relay.token('viewer', 'alice');
    const view = () =>
      startView(
        { relay: relay?.url ?? '', device: 'oak-door', token: async () => token, offer },
        { clock: systemClock, random: systemRandom },
      );
    const first = view();
    await first.firstFrame;
    const { sessionsEnded, connectionsClosed } = await relay.server.levers.revoke({ of: 'subject', subject: alice });
    expect([sessionsEnded, connectionsClosed]).toEqual([1, 1]);
    expect(await first.ended).toBe('signed-out');
    await first.close();
    const again = view();
    expect(await again.ended).toBe('token-revoked');
    await again.close();
    expect(await relay.metric('latchkey_sessions_ended_total', { reason: 'signed-out' })).toBe(1);
    expect(await relay.metric('latchkey_revocations_total', { of: 'subject' })).toBe(1);
  },
);

it('a view by WHEP ends too, and its URL is worth nothing with that token', async () => {
  relay = await runningRelay();
  await relay.grant('alice', 'oak-door');
  await relay.camera('oak-door');
  const authorization = `Bearer ${await relay.token('viewer', 'alice')}`;
  const opened = await fetch(`${relay.url}/whep/oak-door`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/sdp' },
    body: viewerOffer,
  });
  expect(opened.status).toBe(201);
  expect((await relay.server.levers.revoke({ of: 'subject', subject: alice })).sessionsEnded).toBe(1);
  const location = `${relay.url}${opened.headers.get('location')}`;
  const late = await fetch(location, { method: 'DELETE', headers: { authorization } });
  expect([late.status, (await late.json()).code]).toEqual([401, 'token-revoked']);
});
