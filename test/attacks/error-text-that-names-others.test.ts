// A viewer who asks for devices that are not theirs and compares the refusals, and a camera that writes into its errors
// what a viewer should read. The closed table holds: one refusal, and no word of anybody else’s.
import { expect, it } from 'vitest';
import { signalingWorld, viewerOffer } from '../support/signaling-world.ts';

const secret = 'cam2 of bob at 192.0.2.99';

it('a device of somebody else, one that does not exist and one that was revoked read the same, online or not', async () => {
  const world = signalingWorld();
  world.own('bob', 'cam2');
  world.own('alice', 'cam3');
  await world.camera('cam2');
  await world.camera('cam3');
  world.disown('alice', 'cam3');
  const headers = { 'content-type': 'application/sdp' };
  const viewer = await world.socket('viewer/alice');
  const answers: unknown[] = [];
  for (const device of ['cam2', 'cam3', 'cam4']) {
    const id = viewer.ask('connect', { peer: device, offer: viewerOffer });
    await world.settle();
    const posted = await world.http({
      method: 'POST',
      path: `/whep/${device}`,
      token: 'viewer/alice',
      headers,
      body: viewerOffer,
    });
    const { body, ...rest } = posted;
    answers.push(JSON.stringify([viewer.reply(id)?.error, rest, String(body)]));
    expect(answers.at(-1)).not.toContain(device);
  }
  expect(new Set(answers).size).toBe(1);
});

it('no word of a camera’s error reaches the viewer', async () => {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  const camera = await world.camera('cam1');
  const viewer = await world.socket('viewer/alice');
  for (const reason of ['device-busy', secret]) {
    viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
    await world.settle();
    camera.refuse(camera.request('invite'), { code: 500, message: secret, data: { reason } });
  }
  viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await world.settle();
  const session = camera.request('invite').params.session ?? '';
  camera.fault({ code: 1001, message: secret, session, data: { reason: secret } });
  expect(viewer.received).toHaveLength(3);
  expect(JSON.stringify(viewer.received)).not.toContain(secret);
});

it('no refusal repeats what was sent', async () => {
  const world = signalingWorld();
  const viewer = await world.socket('viewer/alice');
  viewer.say(`{"jsonrpc":"2.0","id":1,"method":"${secret}"}`);
  viewer.say(secret);
  viewer.ask('connect', { peer: secret });
  viewer.ask('connect', { peer: 'cam1', offer: `v=0\r\n${secret}` });
  viewer.ask('register', { authorization: secret });
  await world.settle();
  expect(viewer.received).toHaveLength(5);
  expect(JSON.stringify(viewer.received)).not.toContain(secret);
});
