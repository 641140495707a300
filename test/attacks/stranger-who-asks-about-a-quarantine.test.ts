// Who can mount it: any stranger with a token of their own, who wants to know which cameras exist, and which are out of service.
import { expect, it } from 'vitest';
import { deviceId } from '../../src/base/index.ts';
import { signalingWorld, viewerOffer } from '../support/signaling-world.ts';

it('a stranger reads the same of a camera in quarantine, of one that is not, and of none', async () => {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  world.own('alice', 'cam2');
  await world.camera('cam2');
  await world.levers.revoke({ of: 'device', device: deviceId('cam1') });
  const answer = async (device: string, token: string) => {
    const headers = { 'content-type': 'application/sdp' };
    return world.http({ method: 'POST', path: `/whep/${device}`, token, headers, body: viewerOffer });
  };
  const [quarantined, online, none] = await Promise.all(
    ['cam1', 'cam2', 'cam3'].map((device) => answer(device, 'viewer/eve')),
  );
  expect([quarantined, none]).toEqual([online, online]);
  expect(JSON.parse(`${online?.body}`).code).toBe('not-allowed');
  expect(JSON.parse(`${(await answer('cam1', 'viewer/alice')).body}`).code).toBe('device-quarantined');
});

it('a stranger reads the same while everything is switched off', async () => {
  const world = signalingWorld();
  await world.levers.throwSwitch('live-view', { position: 'off' });
  const viewer = await world.socket('viewer/eve');
  const asked = viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await world.settle();
  expect(viewer.reply(asked)?.error?.data?.reason).toBe('not-allowed');
});
