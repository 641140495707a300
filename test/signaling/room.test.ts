import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { inviteParams, inviteResult, read } from '../../src/protocol/index.ts';
import { type Description, readDescription, withRelayCandidates } from '../../src/signaling/sdp/index.ts';
import { cameraAnswer, cameraOffer, signalingWorld, viewerAnswer, viewerOffer } from '../support/signaling-world.ts';

const relay = { host: '192.0.2.1', port: 3478, transport: 'udp' as const };
const most = Array.from({ length: limits.announcedAddressesMax }, (_, n) => ({
  host: `2001:db8::${n + 1}`,
  port: 3478,
  transport: 'udp' as const,
}));

function messageBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
}

/**
 * The description without its author's candidates, and with attributes after its last line, such that it is of that many
 * bytes in a message of the relay.
 */
function sized(text: string, bytes: number, kind: Description['kind'] = 'offer', addresses = [relay]): string {
  const line = (characters: number) => `a=x:${'x'.repeat(characters)}\r\n`;
  const lineBytes = messageBytes(line(0)) - 2;
  let rest = bytes - messageBytes(withRelayCandidates(readDescription(text, kind), addresses));
  let padded = text.replaceAll(/a=candidate:.*\r\n/g, '');
  while (rest > 0) {
    const characters = rest > 4_000 ? 2_000 : Math.min(rest, 3_000) - lineBytes;
    padded += line(characters);
    rest -= characters + lineBytes;
  }
  return padded;
}

const fits = limits.sdpBytesMax;

describe('a description at the bound', () => {
  it.each([
    ['one address of the relay', [relay]],
    ['as many as can be announced', most],
  ])('goes to the other side with %s in it, and not a byte more', (_, addresses) => {
    const text = withRelayCandidates(readDescription(sized(viewerOffer, fits, 'offer', addresses), 'offer'), addresses);
    expect(messageBytes(text)).toBe(fits);
    expect(read(inviteParams, { session: 's', offer: text }).offer).toBe(text);
    expect(read(inviteResult, { answer: text }).answer).toBe(text);
    const more = readDescription(sized(viewerOffer, fits + 1, 'offer', addresses), 'offer');
    expect(() => withRelayCandidates(more, addresses)).toThrow(expect.objectContaining({ code: 'sdp-too-large' }));
  });

  it('counts as a message writes it, so that it never costs the other side its connection', () => {
    const quotes = `a=x:${'"'.repeat(4_000)}\r\n`;
    const offer = readDescription(viewerOffer + quotes.repeat(6), 'offer');
    expect(() => withRelayCandidates(offer, [relay])).toThrow(expect.objectContaining({ code: 'sdp-too-large' }));
  });
});

describe('a description that would not fit with the relay in it', () => {
  async function couple(capabilities: string[]) {
    const world = signalingWorld();
    world.own('alice', 'cam1');
    const camera = await world.camera('cam1', capabilities);
    const viewer = await world.socket('viewer/alice');
    const connect = async (offer?: string) => {
      const id = viewer.ask('connect', { peer: 'cam1', ...(offer === undefined ? {} : { offer }) });
      await world.settle();
      return id;
    };
    return { world, camera, viewer, connect };
  }

  async function offering() {
    const scene = await couple([]);
    await scene.connect();
    scene.camera.answer(scene.camera.request('connect'), {});
    return { ...scene, session: scene.camera.request('connect').params.session };
  }

  it('is refused as a viewer’s offer, and the camera hears nothing', async () => {
    const { world, camera, viewer, connect } = await couple(['answer']);
    const id = await connect(sized(viewerOffer, fits + 1));
    expect(viewer.reply(id)?.error?.data?.reason).toBe('sdp-too-large');
    expect(camera.received).toHaveLength(1);
    expect(world.sessions.size).toBe(0);
    const again = await connect(sized(viewerOffer, fits));
    expect(viewer.reply(again)).toBeUndefined();
    expect(camera.requests('invite')).toHaveLength(1);
    expect(world.faults).toEqual([]);
  });

  it('does not matter where the camera makes the offer', async () => {
    const { camera, connect } = await couple([]);
    await connect(sized(viewerOffer, fits + 1));
    expect(camera.requests('connect')).toHaveLength(1);
  });

  it.each([
    [fits, 'wire', 1],
    [fits + 1, 'device-answer-invalid', 0],
  ])('as a camera’s answer of %i bytes is its %s', async (bytes, reason, wires) => {
    const { world, camera, viewer, connect } = await couple(['answer']);
    const id = await connect(viewerOffer);
    camera.answer(camera.request('invite'), { answer: sized(cameraAnswer, bytes, 'answer') });
    expect(viewer.reply(id)?.error?.data?.reason ?? 'wire').toBe(reason);
    expect(world.relay.wires).toHaveLength(wires);
    expect(world.sessions.size).toBe(wires);
  });

  it('ends the view as a camera’s offer', async () => {
    const { world, camera, viewer, session } = await offering();
    const id = camera.ask('invite', { session, offer: sized(cameraOffer, fits + 1) });
    expect(camera.reply(id)?.error?.data?.reason).toBe('sdp-too-large');
    expect(viewer.requests('invite')).toEqual([]);
    expect(viewer.notices()).toEqual(['setup-failed']);
    expect(world.sessions.size).toBe(0);
  });

  it('ends the view as a viewer’s answer, before there is a wire', async () => {
    const { world, camera, viewer, session } = await offering();
    const id = camera.ask('invite', { session, offer: sized(cameraOffer, fits) });
    viewer.answer(viewer.request('invite'), { answer: sized(viewerAnswer, fits + 1, 'answer') });
    await world.settle();
    expect(camera.reply(id)?.error?.data?.reason).toBe('sdp-too-large');
    expect(world.relay.wires).toEqual([]);
    expect(world.sessions.size).toBe(0);
  });

  it('is refused at a restart of ICE, and the view goes on', async () => {
    const { world, camera, viewer, connect } = await couple(['answer']);
    await connect(viewerOffer);
    camera.answer(camera.request('invite'), { answer: cameraAnswer });
    const { session } = camera.request('invite').params;
    const refused = viewer.ask('invite', { session, offer: sized(viewerOffer, fits + 1) });
    await world.settle();
    expect(viewer.reply(refused)?.error?.data?.reason).toBe('sdp-too-large');
    expect(viewer.notices()).toEqual([]);
    const id = viewer.ask('invite', { session, offer: sized(viewerOffer, fits) });
    await world.settle();
    camera.answer(camera.request('invite'), { answer: sized(cameraAnswer, fits + 1, 'answer') });
    expect(viewer.reply(id)?.error?.data?.reason).toBe('device-answer-invalid');
    expect(world.relay.live).toHaveLength(1);
  });

  it('is refused over HTTP, when it is opened and when new credentials outgrow it', async () => {
    const { world, camera } = await couple(['answer']);
    const post = (body: string) =>
      world.http({
        method: 'POST',
        path: '/whep/cam1',
        token: 'viewer/alice',
        headers: { 'content-type': 'application/sdp' },
        body,
      });
    expect((await post(sized(viewerOffer, fits + 1))).status).toBe(413);
    expect(world.sessions.size).toBe(0);
    const posted = post(sized(viewerOffer, fits));
    await world.settle();
    camera.answer(camera.request('invite'), { answer: cameraAnswer });
    const { Location: path = '', ETag: etag = '' } = (await posted).headers ?? {};
    const patched = await world.http({
      method: 'PATCH',
      path,
      token: 'viewer/alice',
      headers: { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': etag },
      body: `a=ice-ufrag:${'u'.repeat(100)}\r\na=ice-pwd:${'p'.repeat(100)}\r\n`,
    });
    expect(patched.status).toBe(413);
    expect(camera.requests('invite')).toHaveLength(1);
    expect(world.relay.live).toHaveLength(1);
  });
});
