// Anyone who saw the URL of a WHEP session, in a log, a proxy or a browser’s history. The authorization of each request
// holds: the URL is a name, and every request is verified and paired from the beginning.
import { expect, it } from 'vitest';
import { cameraAnswer, signalingWorld, viewerOffer } from '../support/signaling-world.ts';

async function session() {
  const world = signalingWorld();
  world.own('alice', 'cam1');
  world.own('mallory', 'cam1');
  world.own('mallory', 'cam2');
  const camera = await world.camera('cam1');
  const headers = { 'content-type': 'application/sdp' };
  const posted = world.http({ method: 'POST', path: '/whep/cam1', token: 'viewer/alice', headers, body: viewerOffer });
  await world.settle();
  camera.answer(camera.request('invite'), { answer: cameraAnswer });
  const path = (await posted).headers?.Location ?? '';
  return { world, path };
}

const headers = { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*' };
const body = `a=ice-ufrag:EVIL\r\na=ice-pwd:${'e'.repeat(24)}\r\n`;

it.each(['DELETE', 'PATCH'])('the URL of a session is worth nothing without a token: %s', async (method) => {
  const { world, path } = await session();
  const response = await world.http({ method, path, headers, body });
  expect(response.status).toBe(401);
  expect(world.relay.live[0]?.viewer.ufrag).toBe('R9BI');
});

it.each(['DELETE', 'PATCH'])(
  'nor with the token of somebody else, even one who may watch the same camera: %s',
  async (method) => {
    const { world, path } = await session();
    const own = await world.http({ method, path, headers, body, token: 'viewer/mallory' });
    expect([own.status, JSON.parse(String(own.body)).code]).toEqual([404, 'session-unknown']);
    const through = path.replace('cam1', 'cam2');
    const other = await world.http({ method, path: through, headers, body, token: 'viewer/mallory' });
    expect(other.status).toBe(404);
    expect(world.relay.live[0]?.viewer.ufrag).toBe('R9BI');
    expect(world.sessions.size).toBe(1);
  },
);

it('nor does a refusal for another device end a session of the same person', async () => {
  const { world, path } = await session();
  const response = await world.http({ method: 'DELETE', path: path.replace('cam1', 'cam9'), token: 'viewer/alice' });
  expect(response.status).toBe(403);
  expect(world.sessions.size).toBe(1);
});

it('a refusal of one who may not watch ends nobody else’s session', async () => {
  const { world, path } = await session();
  const response = await world.http({ method: 'DELETE', path, token: 'viewer/eve' });
  expect(response.status).toBe(403);
  expect(world.sessions.size).toBe(1);
});
