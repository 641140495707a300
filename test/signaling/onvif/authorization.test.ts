import { describe, expect, it } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { cameraAnswer, cameraOffer, signalingWorld, viewerAnswer, viewerOffer } from '../../support/signaling-world.ts';

async function open(lifetimeSeconds = 600) {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  const camera = await world.camera('cam1');
  const viewer = await world.socket(`viewer/alice/${lifetimeSeconds}`);
  viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await world.settle();
  const invite = camera.request('invite');
  camera.answer(invite, { answer: cameraAnswer });
  return { world, camera, viewer, session: invite.params.session ?? '' };
}

describe('connect', () => {
  it.each([
    ['a device of somebody else', 'cam2', 'not-allowed'],
    ['a device that does not exist', 'cam3', 'not-allowed'],
    ['a device that is offline', 'cam4', 'device-offline'],
    ['a name that no device can have', '../cam1', 'id-invalid'],
    ['a name past its bound', 'x'.repeat(limits.deviceIdCharactersMax + 1), 'params-invalid'],
  ])('to %s is refused', async (_, peer, reason) => {
    const world = signalingWorld();
    world.own('alice', 'cam4');
    await world.camera('cam2');
    const viewer = await world.socket('viewer/alice');
    const id = viewer.ask('connect', { peer, offer: viewerOffer });
    await world.settle();
    expect(viewer.reply(id)?.error?.data?.reason).toBe(reason);
    expect(world.sessions.size).toBe(0);
  });

  it('with an offer that cannot be carried is refused with what is wrong', async () => {
    const world = signalingWorld();
    const viewer = await world.socket('viewer/alice');
    const id = viewer.ask('connect', { peer: 'cam1', offer: 'v=0' });
    await world.settle();
    expect(viewer.reply(id)?.error?.data?.reason).toBe('sdp-malformed');
  });

  it('while the source is down is refused for now', async () => {
    const world = signalingWorld();
    world.own('alice', 'cam1');
    world.setSource(false);
    const viewer = await world.socket('viewer/alice');
    const id = viewer.ask('connect', { peer: 'cam1' });
    await world.settle();
    expect(viewer.reply(id)?.error).toMatchObject({ code: 503, data: { reason: 'source-unavailable' } });
  });

  it('past the bound of sessions is refused', async () => {
    const world = signalingWorld();
    world.own('alice', 'cam1');
    await world.camera('cam1');
    const viewer = await world.socket('viewer/alice');
    for (let count = 0; count < 8; count++) viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
    await world.settle();
    const id = viewer.ask('connect', { peer: 'cam1', offer: viewerOffer });
    await world.settle();
    expect(viewer.reply(id)?.error?.data?.reason).toBe('device-busy');
    expect(world.sessions.size).toBe(8);
  });
});

describe('extend', () => {
  it('with a fresh token lives on: session, wire and the camera’s grant', async () => {
    const { world, camera, viewer, session } = await open();
    world.clock.advance(500_000);

    const id = viewer.ask('extend', { session, authorization: 'viewer/alice/600' });
    await world.settle();

    expect(viewer.reply(id)?.result).toEqual({ expiryTimeSeconds: 600 });
    const told = camera.request('extend').params;
    expect(told).toMatchObject({ session, expiryTimeSeconds: 600 });
    expect(JSON.parse(told.grant ?? '')).toMatchObject({ sub: 'alice', sid: session });
    expect(world.relay.live[0]?.extended.map((pair) => pair.subject)).toEqual(['alice']);
    world.clock.advance(599_000);
    expect(world.sessions.size).toBe(1);
    world.clock.advance(1_000);
    expect(world.sessions.size).toBe(0);
  });

  it('before the wire stands holds for the wire as well', async () => {
    const world = signalingWorld();
    world.own('alice', 'cam1');
    const camera = await world.camera('cam1', []);
    const viewer = await world.socket('viewer/alice/600');
    viewer.ask('connect', { peer: 'cam1' });
    await world.settle();
    const { session } = camera.request('connect').params;
    camera.answer(camera.request('connect'), {});
    camera.ask('invite', { session, offer: cameraOffer });
    viewer.ask('extend', { session, authorization: 'viewer/alice/1200' });
    await world.settle();
    viewer.answer(viewer.request('invite'), { answer: viewerAnswer });
    await world.settle();

    const [wire] = world.relay.live;
    expect(wire?.extended.map(({ expiresAtMs }) => expiresAtMs - world.clock.now())).toEqual([1_200_000]);
  });

  it('a camera that does not know it changes nothing', async () => {
    const { world, camera, viewer, session } = await open();
    viewer.ask('extend', { session, authorization: 'viewer/alice/1200' });
    await world.settle();
    camera.refuse(camera.request('extend'), { code: -32601, message: 'Method not found' });
    expect(world.told.at(-1)).toBe('ignored device-fault');
    world.clock.advance(700_000);
    expect(world.sessions.size).toBe(1);
  });

  it('again and again leaves no more calls waiting at the camera than are allowed', async () => {
    const { world, camera, viewer, session } = await open();
    for (let count = 0; count < limits.callsInFlightPerConnectionMax + 5; count++) {
      viewer.ask('extend', { session });
      await world.settle();
    }
    expect(camera.requests('extend')).toHaveLength(limits.callsInFlightPerConnectionMax);
    expect(world.sessions.size).toBe(1);
  });

  it('with tokens that are not good is refused, and after a few of them the connection ends', async () => {
    const { world, viewer, session } = await open();
    for (let count = 1; count < limits.tokensRefusedPerConnectionMax; count++) {
      const id = viewer.ask('extend', { session, authorization: 'rubbish' });
      await world.settle();
      expect(viewer.reply(id)?.error).toBeDefined();
    }
    expect(world.sessions.size).toBe(1);
    expect(viewer.closed).toBeUndefined();
    viewer.ask('extend', { session, authorization: 'rubbish' });
    await world.settle();
    expect(viewer.closed).toBeDefined();
    expect(world.sessions.size).toBe(0);
  });

  it('without a token asks again with the one that is there, and gains nothing', async () => {
    const { world, viewer, session } = await open();
    world.clock.advance(500_000);
    const id = viewer.ask('extend', { session });
    await world.settle();
    expect(viewer.reply(id)?.result).toEqual({ expiryTimeSeconds: 100 });
  });

  it('of who may not watch any more ends the session at once', async () => {
    const { world, camera, viewer, session } = await open();
    world.disown('alice', 'cam1');
    const id = viewer.ask('extend', { session, authorization: 'viewer/alice/1200' });
    await world.settle();
    expect(viewer.reply(id)?.error).toMatchObject({ code: 403, data: { reason: 'not-allowed' } });
    expect(camera.notices()).toEqual(['revoked']);
    expect(viewer.notices()).toEqual(['revoked']);
    expect(world.relay.live).toEqual([]);
  });

  it('while the source is down is refused, and the session runs to its own end', async () => {
    const { world, viewer, session } = await open();
    world.setSource(false);
    const id = viewer.ask('extend', { session, authorization: 'viewer/alice/1200' });
    await world.settle();
    expect(viewer.reply(id)?.error?.data?.reason).toBe('source-unavailable');
    expect(world.sessions.size).toBe(1);
    world.clock.advance(600_000);
    expect(world.sessions.size).toBe(0);
  });

  it('of a session that is not there is refused', async () => {
    const { world, viewer } = await open();
    const id = viewer.ask('extend', { session: 'nothing' });
    await world.settle();
    expect(viewer.reply(id)?.error?.data?.reason).toBe('session-unknown');
  });

  it('by the camera tells how long its session lasts, and takes a fresh token', async () => {
    const { world, camera, session } = await open();
    const id = camera.ask('extend', { session, authorization: 'camera/cam1/9000' });
    await world.settle();
    expect(camera.reply(id)?.result).toEqual({ expiryTimeSeconds: 600 });
    world.clock.advance(8_999_000);
    expect(world.signaling.devicesOnline).toBe(1);
  });
});

describe('an ICE restart by the viewer', () => {
  const restarted = viewerOffer.replaceAll('a=ice-ufrag:R9BI', 'a=ice-ufrag:NEWu');

  it('goes to the camera with a grant, and its answer comes back', async () => {
    const { world, camera, viewer, session } = await open();
    const id = viewer.ask('invite', { session, offer: restarted });
    await world.settle();
    const invite = camera.request('invite');
    expect(invite.params.session).toBe(session);
    expect(JSON.parse(invite.params.grant ?? '').sid).toBe(session);
    camera.answer(invite, { answer: cameraAnswer.replaceAll('a=ice-ufrag:3735', 'a=ice-ufrag:NEWc') });
    await world.settle();
    expect(viewer.reply(id)?.result?.answer).toContain('a=ice-ufrag:NEWc');
    expect(world.relay.live.map((wire) => [wire.viewer.ufrag, wire.camera.ufrag])).toEqual([['NEWu', 'NEWc']]);
  });

  it.each([
    ['another certificate of the viewer', (text: string) => otherCertificate(text), 'not-allowed'],
    ['no SDP', () => 'hello', 'sdp-malformed'],
  ])('with %s is refused', async (_, change, reason) => {
    const { world, camera, viewer, session } = await open();
    const id = viewer.ask('invite', { session, offer: change(restarted) });
    await world.settle();
    expect(viewer.reply(id)?.error?.data?.reason).toBe(reason);
    expect(camera.requests('invite')).toHaveLength(1);
    expect(world.relay.live[0]?.viewer.ufrag).toBe('R9BI');
  });

  it('with another certificate is no reason to end the view', async () => {
    const { world, viewer, session } = await open();
    viewer.ask('invite', { session, offer: otherCertificate(restarted) });
    await world.settle();
    expect(viewer.notices()).toEqual([]);
    expect(world.relay.live).toHaveLength(1);
  });

  it('while the source is down is refused, and the view goes on as it was', async () => {
    const { world, camera, viewer, session } = await open();
    world.setSource(false);
    const id = viewer.ask('invite', { session, offer: restarted });
    await world.settle();
    expect(viewer.reply(id)?.error?.data?.reason).toBe('source-unavailable');
    expect(camera.requests('invite')).toHaveLength(1);
    expect(world.relay.live[0]?.viewer.ufrag).toBe('R9BI');
  });

  it.each([
    ['answers with another certificate', { answer: otherCertificate(cameraAnswer) }],
    ['answers with no SDP', { answer: 'hello' }],
  ])('that the camera %s fails, and the view goes on as it was', async (_, result) => {
    const { world, camera, viewer, session } = await open();
    const id = viewer.ask('invite', { session, offer: restarted });
    await world.settle();
    camera.answer(camera.request('invite'), result);
    expect(viewer.reply(id)?.error?.data?.reason).toBe('device-answer-invalid');
    expect(world.relay.live.map((wire) => [wire.viewer.ufrag, wire.camera.ufrag])).toEqual([['R9BI', '3735']]);
    const again = viewer.ask('invite', { session, offer: restarted });
    await world.settle();
    expect(viewer.reply(again)).toBeUndefined();
    expect(camera.requests('invite')).toHaveLength(3);
  });

  it('whose wire is ready when the session’s time is over ends with it, before any timer says so', async () => {
    const { world, camera, viewer, session } = await open(600);
    const id = viewer.ask('invite', { session, offer: restarted });
    await world.settle();
    const endMs = world.clock.now() + 600_000;
    camera.answer(camera.request('invite'), { answer: cameraAnswer });
    world.clock.now = () => endMs;
    await world.settle();
    expect(viewer.reply(id)?.error?.data?.reason).toBe('peer-gone');
    expect(viewer.notices()).toEqual(['expired']);
    expect(world.relay.live).toEqual([]);
    expect(world.faults).toEqual([]);
  });

  it('with a camera that makes its own offers is out of order', async () => {
    const world = signalingWorld();
    world.own('alice', 'cam1');
    const camera = await world.camera('cam1', []);
    const viewer = await world.socket('viewer/alice');
    viewer.ask('connect', { peer: 'cam1' });
    await world.settle();
    camera.answer(camera.request('connect'), {});
    const { session } = camera.request('connect').params;
    camera.ask('invite', { session, offer: cameraOffer });
    viewer.answer(viewer.request('invite'), { answer: viewerAnswer });
    await world.settle();
    expect(world.relay.live).toHaveLength(1);
    const id = viewer.ask('invite', { session, offer: restarted });
    await world.settle();
    expect(viewer.reply(id)?.error?.data?.reason).toBe('out-of-order');
    expect(camera.requests('invite')).toEqual([]);
  });

  it('beside an extension keeps both', async () => {
    const { world, camera, viewer, session } = await open();
    viewer.ask('extend', { session });
    viewer.ask('invite', { session, offer: restarted });
    await world.settle();
    expect(camera.requests('extend')).toHaveLength(1);
    expect(camera.requests('invite')).toHaveLength(2);
  });

  it('during another one is out of order; the end of the view ends it', async () => {
    const { world, camera, viewer, session } = await open();
    const first = viewer.ask('invite', { session, offer: restarted });
    await world.settle();
    const second = viewer.ask('invite', { session, offer: restarted });
    await world.settle();
    expect(viewer.reply(second)?.error?.data?.reason).toBe('out-of-order');
    camera.ask('leave', { session });
    expect(viewer.reply(first)?.error?.data?.reason).toBe('peer-gone');
  });
});

function otherCertificate(text: string): string {
  return text.replaceAll(/a=fingerprint:sha-256 ..:/g, 'a=fingerprint:sha-256 00:');
}
