import { describe, expect, it } from 'vitest';
import type { MemorySocket } from '../../support/memory-transport.ts';
import {
  cameraAnswer,
  cameraOffer,
  signalingWorld,
  viewerAnswer,
  viewerOffer,
  type World,
} from '../../support/signaling-world.ts';

const relayCandidate = 'a=candidate:1 1 udp 2130706431 192.0.2.1 3478 typ host';

async function couple(capabilities: string[]) {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  const camera = await world.camera('cam1', capabilities);
  const viewer = await world.socket('viewer/alice');
  return { world, camera, viewer };
}

async function connect(world: World, viewer: MemorySocket, params: object = {}): Promise<string> {
  const id = viewer.ask('connect', { peer: 'cam1', ...params });
  await world.settle();
  return id;
}

describe('a viewer with an offer and a camera that answers', () => {
  it('one invite carries the offer to the camera, with a grant for the viewer’s certificate', async () => {
    const { world, camera, viewer } = await couple(['answer']);

    await connect(world, viewer, { offer: viewerOffer, profile: 'main' });

    expect(camera.requests('connect')).toEqual([]);
    const { params } = camera.request('invite');
    expect(params).toMatchObject({ profile: 'main', expiryTimeSeconds: 3600 });
    expect(params.offer).toContain(relayCandidate);
    const grant = JSON.parse(params.grant ?? '');
    expect(grant).toMatchObject({ sub: 'alice', device: 'cam1', sid: params.session });
    expect(viewerOffer).toContain(grant.fingerprints[0].slice('sha-256 '.length));
  });

  it('the camera’s answer comes back as the result of connect, and the wire stands', async () => {
    const { world, camera, viewer } = await couple(['answer', 'subProtocols']);
    const id = await connect(world, viewer, { offer: viewerOffer });

    camera.answer(camera.request('invite'), { answer: cameraAnswer });
    await world.settle();

    const result = viewer.reply(id)?.result;
    expect(result?.session).toBe(camera.request('invite').params.session);
    expect(result).toMatchObject({ iceServers: [], expiryTimeSeconds: 3600, capabilities: ['extend'] });
    expect(result?.answer).toContain(relayCandidate);
    expect(result?.answer).toContain('a=ice-ufrag:3735');
    const [wire] = world.relay.wires;
    expect(wire?.pair).toMatchObject({ subject: 'alice', device: 'cam1' });
    expect(wire?.viewer.ufrag).toBe('R9BI');
    expect(wire?.camera.ufrag).toBe('3735');
    expect(world.told).toEqual(['registered', 'opened answer', 'answered 0']);
    expect(world.faults).toEqual([]);
  });

  it('no candidate of an endpoint travels', async () => {
    const { world, camera, viewer } = await couple(['answer']);
    const id = await connect(world, viewer, { offer: viewerOffer });
    camera.answer(camera.request('invite'), { answer: cameraAnswer });
    await world.settle();

    const texts = [camera.request('invite').params.offer, viewer.reply(id)?.result?.answer];
    for (const text of texts) {
      const lines = text?.split('\r\n').filter((line) => line.startsWith('a=candidate')) ?? [];
      expect(new Set(lines)).toEqual(new Set([relayCandidate]));
      expect(text).not.toContain('192.0.2.2');
    }
  });
});

describe('ONVIF’s own flow', () => {
  it.each([
    ['without an offer, to a camera that makes offers', [], undefined],
    ['without an offer, to a camera that answers', ['answer'], undefined],
    ['with an offer, to a camera that makes offers', [], viewerOffer],
  ])('%s: the camera offers, the viewer answers', async (_, capabilities, offer) => {
    const { world, camera, viewer } = await couple([...capabilities, 'subProtocols']);

    const id = await connect(world, viewer, { ...(offer === undefined ? {} : { offer }), profile: 'main' });
    const told = camera.request('connect');
    expect(told.params).toMatchObject({ profile: 'main', iceServers: [], expiryTimeSeconds: 3600 });
    expect(viewer.reply(id)).toBeUndefined();
    camera.answer(told, {});
    expect(viewer.reply(id)?.result).toMatchObject({
      session: told.params.session,
      capabilities: ['extend', 'subProtocols'],
    });
    expect(viewer.reply(id)?.result).not.toHaveProperty('answer');

    const invited = camera.ask('invite', { session: told.params.session, offer: cameraOffer, subprotocols: ['a'] });
    const forwarded = viewer.request('invite');
    expect(forwarded.params).toMatchObject({ session: told.params.session, subprotocols: ['a'] });
    expect(forwarded.params.offer).toContain(relayCandidate);
    expect(forwarded.params.offer).not.toContain('192.0.2.2');
    viewer.answer(forwarded, { answer: viewerAnswer, subprotocols: ['b'] });
    await world.settle();

    const result = camera.reply(invited)?.result;
    expect(result).toMatchObject({ subprotocols: ['b'] });
    expect(result?.answer).toContain(relayCandidate);
    expect(JSON.parse(result?.grant ?? '')).toMatchObject({ sub: 'alice', device: 'cam1', sid: told.params.session });
    expect(world.relay.live.map((wire) => [wire.viewer.ufrag, wire.camera.ufrag])).toEqual([['vx9T', '61ce']]);
    expect(world.faults).toEqual([]);
  });

  it('messages that arrive together find the state that the one before made', async () => {
    const { world, camera, viewer } = await couple([]);
    const id = await connect(world, viewer);
    const told = camera.request('connect');

    camera.answer(told, {});
    camera.ask('invite', { session: told.params.session, offer: cameraOffer });

    const kinds = viewer.received.map((message) => message.method ?? (message.id === id ? 'result' : 'other'));
    expect(kinds).toEqual(['result', 'invite']);
  });
});
