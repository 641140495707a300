// Who can mount it: whoever has somebody's token or phone, after that person has signed out everywhere. Identity here never refuses: what holds is behind it.
import { expect, it } from 'vitest';
import { subjectId } from '../../src/base/index.ts';
import { MemorySocket } from '../support/memory-transport.ts';
import { signalingWorld, viewerOffer } from '../support/signaling-world.ts';

async function watched() {
  const world = signalingWorld();
  const { camera } = await world.watched('alice', 'cam1');
  expect(world.relay.live).toHaveLength(1);
  await world.levers.revoke({ of: 'subject', subject: subjectId('alice') });
  return { world, camera };
}

it('the live view is over, and no invite of it reaches the camera again', async () => {
  const { world, camera } = await watched();
  expect([world.relay.live, world.sessions.size, camera.requests('invite').length]).toEqual([[], 0, 1]);
});

it('the token opens no connection, shown in whatever way', async () => {
  const { world } = await watched();
  expect(await world.upgrade({ headers: { authorization: 'Bearer viewer/alice' } })).toMatchObject({ status: 401 });
  expect(await world.upgrade({ query: 'access_token=viewer/alice' })).toMatchObject({ status: 401 });
  const bare = await world.upgrade();
  if (!(bare instanceof MemorySocket)) throw new Error('refused');
  const asked = bare.ask('connect', { peer: 'cam1', offer: viewerOffer, authorization: 'viewer/alice' });
  await world.settle();
  expect([bare.reply(asked)?.error?.data?.reason, bare.closed?.code]).toEqual(['token-revoked', 4401]);
});

it('the token lists no devices, and opens and changes nothing over HTTP', async () => {
  const { world } = await watched();
  const headers = { 'content-type': 'application/sdp' };
  const requests = [
    { path: '/devices' },
    { method: 'POST', path: '/whep/cam1', headers, body: viewerOffer },
    { method: 'PATCH', path: '/whep/cam1/some', headers },
    { method: 'DELETE', path: '/whep/cam1/some' },
  ];
  for (const request of requests) {
    const response = await world.http({ ...request, token: 'viewer/alice' });
    expect([response.status, JSON.parse(`${response.body}`).code]).toEqual([401, 'token-revoked']);
  }
  expect(world.faults).toEqual([]);
});
