import { describe, expect, it } from 'vitest';
import { deviceId, limits } from '../../../src/base/index.ts';
import { Whep } from '../../../src/signaling/http/whep.ts';
import { coreOf } from '../../../src/signaling/parts.ts';
import { readIceFragment } from '../../../src/signaling/sdp/index.ts';
import { RequestBody } from '../../../src/signaling/transport/request-body.ts';
import { type MemoryRequest, memoryRequest } from '../../support/memory-transport.ts';
import { cameraProof } from '../../support/proofs.ts';
import { cameraAnswer, signalingWorld, viewerOffer } from '../../support/signaling-world.ts';

const sdp = { 'content-type': 'application/sdp' };
const fragmentType = { 'content-type': 'application/trickle-ice-sdpfrag' };
const fragment = `a=ice-ufrag:NEWu\r\na=ice-pwd:${'n'.repeat(24)}\r\n`;

async function ready(capabilities = ['answer']) {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  const camera = await world.camera('cam1', capabilities);
  const post = (request: Partial<MemoryRequest> & { token?: string } = {}) =>
    world.http({
      method: 'POST',
      path: '/whep/cam1',
      token: 'viewer/alice',
      headers: sdp,
      body: viewerOffer,
      ...request,
    });
  return { world, camera, post };
}

async function open() {
  const scene = await ready();
  const posted = scene.post();
  await scene.world.settle();
  scene.camera.answer(scene.camera.request('invite'), { answer: cameraAnswer });
  const created = await posted;
  const { Location: path = '', ETag: etag = '' } = created.headers ?? {};
  const on = (method: string, request: Partial<MemoryRequest> & { token?: string } = {}) =>
    scene.world.http({ method, path, token: 'viewer/alice', ...request });
  return { ...scene, created, path, etag, on };
}

function codeOf(response: { body?: string | Uint8Array }): string {
  return JSON.parse(String(response.body)).code;
}

describe('POST of an offer', () => {
  it('gives the camera’s answer with the relay in it, and where the session is', async () => {
    const { world, camera, created } = await open();
    expect(created).toMatchObject({
      status: 201,
      headers: {
        'Content-Type': 'application/sdp',
        'Cache-Control': 'no-store',
        'Access-Control-Allow-Origin': '*',
        'Accept-Patch': 'application/trickle-ice-sdpfrag',
        Location: `/whep/cam1/${camera.request('invite').params.session}`,
        ETag: expect.stringMatching(/^"[\w-]{12}"$/),
      },
    });
    expect(created.headers).not.toHaveProperty('Link');
    expect(created.body).toContain('a=candidate:1 1 udp 2130706431 192.0.2.1 3478 typ host');
    expect(world.relay.live).toHaveLength(1);
    expect(world.told).toEqual(['registered', 'opened whep', 'answered 0']);
  });

  it.each([
    ['no token', { token: undefined }, 401, 'token-missing'],
    ['a camera’s token', { token: 'camera/cam1' }, 401, 'token-audience'],
    ['a token that does not verify', { token: 'x' }, 401, 'token-signature'],
    ['its token in the query', { token: undefined, query: 'access_token=viewer/alice' }, 401, 'token-missing'],
    ['another type', { headers: { 'content-type': 'application/json' } }, 415, 'media-type'],
    ['no type', { headers: {} }, 415, 'media-type'],
    ['no body', { body: '' }, 400, 'sdp-empty'],
    ['no SDP', { body: 'hello' }, 400, 'sdp-malformed'],
    ['a device of somebody else', { path: '/whep/cam2' }, 403, 'not-allowed'],
    ['a device that does not exist', { path: '/whep/nowhere' }, 403, 'not-allowed'],
    ['a device that is offline', { path: '/whep/cam3' }, 409, 'device-offline'],
    ['a name that no device can have', { path: '/whep/%2e%2e' }, 400, 'id-invalid'],
    ['a name that cannot be decoded', { path: '/whep/%ff' }, 400, 'id-invalid'],
  ])('with %s is refused', async (_, request, status, code) => {
    const { world, camera, post } = await ready();
    world.own('alice', 'cam3');
    await world.camera('cam2');
    const { token, ...rest } = { token: 'viewer/alice', ...request };
    const response = await (token === undefined
      ? world.http({ method: 'POST', path: '/whep/cam1', headers: sdp, body: viewerOffer, ...rest })
      : post({ ...rest, token }));
    expect(response.status).toBe(status);
    expect(codeOf(response)).toBe(code);
    expect(camera.requests('invite')).toEqual([]);
    expect(world.sessions.size).toBe(0);
    expect(world.told).toContain(`refused ${code} http`);
  });

  it('to a camera that makes its own offers is refused, and says why', async () => {
    const { world, post } = await ready([]);
    const response = await post();
    expect(response.status).toBe(406);
    expect(codeOf(response)).toBe('device-cannot-answer');
    expect(world.sessions.size).toBe(0);
  });

  it('that the camera leaves unanswered is refused after a bounded wait', async () => {
    const { world, post } = await ready();
    const posted = post();
    await world.settle();
    world.clock.advance(limits.cameraAnswerMsMax);
    const response = await posted;
    expect([response.status, codeOf(response)]).toEqual([504, 'device-timeout']);
    expect(world.sessions.size).toBe(0);
  });

  it.each([
    ['while the camera answers', true],
    ['before its token is verified', false],
  ])('whose client goes away %s leaves no session behind', async (_, later) => {
    const { world, camera, post } = await ready();
    const client = new AbortController();
    if (!later) client.abort();
    const posted = post({ aborted: client.signal });
    await world.settle();
    client.abort();
    await posted;
    expect(world.sessions.size).toBe(0);
    expect(camera.notices()).toEqual(later ? ['viewer-left'] : []);
    expect(world.told.filter((line) => line === 'ended viewer-left')).toHaveLength(later ? 1 : 0);
  });

  it('whose client goes away in the middle of its body is nobody’s fault', async () => {
    const { world } = await ready();
    const body = new RequestBody({ clock: world.clock, length: 50, bytesMax: 100 });
    const headers = { ...sdp, authorization: 'Bearer viewer/alice' };
    const request = memoryRequest({ method: 'POST', path: '/whep/cam1', headers });
    const posted = world.signaling.request({ ...request, body: (bytesMax) => body.read(bytesMax) });
    await world.settle();
    body.abort();
    await posted;
    expect(world.faults).toEqual([]);
    expect(world.told).toEqual(['registered', 'refused peer-gone http']);
  });

  it('whose client goes away before the answer is written ends its session', async () => {
    const { world, camera, post } = await ready();
    const client = new AbortController();
    const posted = post({ aborted: client.signal });
    await world.settle();
    camera.answer(camera.request('invite'), { answer: cameraAnswer });
    await posted;
    client.abort();
    expect(world.sessions.size).toBe(0);
    expect(camera.notices()).toEqual(['viewer-left']);
  });
});

describe('DELETE of a session', () => {
  it('ends it, and tells the camera', async () => {
    const { world, camera, on } = await open();
    expect(await on('DELETE')).toMatchObject({ status: 200, headers: { 'Access-Control-Allow-Origin': '*' } });
    expect(camera.notices()).toEqual(['viewer-left']);
    expect(world.relay.live).toEqual([]);
    const again = await on('DELETE');
    expect([again.status, codeOf(again)]).toEqual([410, 'peer-gone']);
  });
});

describe('PATCH of a session', () => {
  it('with other credentials restarts ICE: the camera’s new ones come back, and a new tag', async () => {
    const { world, camera, etag, on } = await open();
    const patched = on('PATCH', { headers: { ...fragmentType, 'if-match': '*' }, body: fragment });
    await world.settle();
    const invite = camera.request('invite');
    expect(invite.params.offer).toContain('a=ice-ufrag:NEWu\r\n');
    expect(invite.params.offer).not.toContain('R9BI');
    camera.answer(invite, { answer: cameraAnswer.replaceAll('a=ice-ufrag:3735', 'a=ice-ufrag:NEWc') });
    const response = await patched;
    expect(response).toMatchObject({ status: 200, headers: { 'Content-Type': 'application/trickle-ice-sdpfrag' } });
    expect(response.headers?.ETag).not.toBe(etag);
    expect(readIceFragment(String(response.body)).ice?.ufrag).toBe('NEWc');
    expect(world.relay.live.map((wire) => [wire.viewer.ufrag, wire.camera.ufrag])).toEqual([['NEWu', 'NEWc']]);

    const stale = await on('PATCH', { headers: { ...fragmentType, 'if-match': etag }, body: fragment });
    expect(codeOf(stale)).toBe('precondition-failed');
  });

  it('that the camera refuses leaves the session as it was', async () => {
    const { world, camera, etag, on } = await open();
    const patched = on('PATCH', { headers: { ...fragmentType, 'if-match': '*' }, body: fragment });
    await world.settle();
    camera.refuse(camera.request('invite'), { code: 403, message: 'x' });
    expect(codeOf(await patched)).toBe('device-refused');
    const trickled = await on('PATCH', { headers: { ...fragmentType, 'if-match': etag }, body: 'a=end-of-candidates' });
    expect(trickled.status).toBe(204);
    expect(world.relay.live.map((wire) => wire.viewer.ufrag)).toEqual(['R9BI']);
  });

  it('with candidates takes them, and they go nowhere', async () => {
    const { camera, created, etag, on } = await open();
    const own = `a=ice-ufrag:R9BI\r\na=ice-pwd:cSkjHPH58rNHqVaIKUHdHpf7\r\na=candidate:1 1 udp 1 192.0.2.77 5 typ host\r\n`;
    expect(created.status).toBe(201);
    const before = camera.received.length;
    const response = await on('PATCH', { headers: { ...fragmentType, 'if-match': etag }, body: own });
    expect(response.status).toBe(204);
    expect(response.body).toBeUndefined();
    expect(camera.received).toHaveLength(before);
  });

  it.each([
    ['no If-Match', { headers: fragmentType, body: fragment }, 428, 'precondition-required'],
    ['another tag', { headers: { ...fragmentType, 'if-match': '"x"' }, body: fragment }, 412, 'precondition-failed'],
    ['another type', { headers: { ...sdp, 'if-match': '*' }, body: fragment }, 415, 'media-type'],
    [
      'half of credentials',
      { headers: { ...fragmentType, 'if-match': '*' }, body: 'a=ice-ufrag:NEWu' },
      400,
      'sdp-no-ice',
    ],
    ['nothing', { headers: { ...fragmentType, 'if-match': '*' }, body: '' }, 400, 'sdp-empty'],
    [
      'a malformed candidate',
      { headers: { ...fragmentType, 'if-match': '*' }, body: 'a=candidate:x' },
      400,
      'candidate-malformed',
    ],
  ])('with %s is refused', async (_, request, status, code) => {
    const { camera, on } = await open();
    const response = await on('PATCH', request);
    expect([response.status, codeOf(response)]).toEqual([status, code]);
    expect(camera.requests('invite')).toHaveLength(1);
  });
});

it('a session that ended is forgotten', async () => {
  const { parts, clock, own } = signalingWorld();
  own('alice', 'cam1');
  const core = coreOf(parts);
  const whep = new Whep(core);
  core.registrations.add({
    camera: cameraProof('cam1', clock.now()),
    name: undefined,
    answers: true,
    capabilities: [],
    views: new Map(),
    get watched() {
      return this.views.size;
    },
    call: (_method, _params, _msMax, settled) => settled({ kind: 'result', result: { answer: cameraAnswer } }),
    tell: () => {},
    replaced: () => {},
  });
  const headers = { ...sdp, authorization: 'Bearer viewer/alice' };
  await whep.open(memoryRequest({ path: '', headers, body: viewerOffer }), deviceId('cam1'));
  expect(whep.size).toBe(1);
  parts.sessions.endWhere(() => true, 'revoked');
  expect(whep.size).toBe(0);
});

describe('who may not watch any more', () => {
  it.each(['DELETE', 'PATCH'])('loses the session by a %s', async (method) => {
    const { world, camera, on } = await open();
    world.disown('alice', 'cam1');
    const response = await on(method, { headers: { ...fragmentType, 'if-match': '*' }, body: fragment });
    expect([response.status, codeOf(response)]).toEqual([403, 'not-allowed']);
    expect(camera.notices()).toEqual(['revoked']);
    expect(world.sessions.size).toBe(0);
  });

  it('while the source is down keeps it', async () => {
    const { world, on } = await open();
    world.setSource(false);
    expect((await on('DELETE')).status).toBe(503);
    expect(world.sessions.size).toBe(1);
  });
});

describe('OPTIONS', () => {
  it.each([
    ['/whep/cam1', 'POST, OPTIONS', 'Accept-Post', 'application/sdp'],
    ['/whep/cam1/any', 'PATCH, DELETE, OPTIONS', 'Accept-Patch', 'application/trickle-ice-sdpfrag'],
    ['/devices', 'GET, OPTIONS', 'Access-Control-Allow-Headers', 'Authorization, Content-Type, If-Match'],
  ])('of %s lets every page ask', async (path, methods, header, value) => {
    const { world } = await ready();
    const response = await world.http({ method: 'OPTIONS', path });
    expect(response).toMatchObject({
      status: 204,
      headers: {
        Allow: methods,
        'Access-Control-Allow-Methods': methods,
        'Access-Control-Allow-Origin': '*',
        [header]: value,
      },
    });
    expect(response.headers).not.toHaveProperty('Access-Control-Allow-Credentials');
  });

  it('is the same for every device, there or not', async () => {
    const { world } = await ready();
    const [one, other] = await Promise.all(
      ['/whep/cam1', '/whep/nowhere'].map((path) => world.http({ method: 'OPTIONS', path })),
    );
    expect(one).toEqual(other);
  });
});

describe('any other method', () => {
  it.each([
    ['GET', '/whep/cam1', 'POST, OPTIONS'],
    ['PUT', '/whep/cam1/x', 'PATCH, DELETE, OPTIONS'],
    ['POST', '/devices', 'GET, OPTIONS'],
    ['constructor', '/devices', 'GET, OPTIONS'],
  ])('such as %s of %s is refused, with those that are taken', async (method, path, allow) => {
    const { world } = await ready();
    const response = await world.http({ method, path, token: 'viewer/alice' });
    expect(response).toMatchObject({ status: 405, headers: { Allow: allow, 'Access-Control-Allow-Origin': '*' } });
    expect(codeOf(response)).toBe('method-not-allowed');
  });
});
