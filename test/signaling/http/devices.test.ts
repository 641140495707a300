import { describe, expect, it } from 'vitest';
import { LatchkeyError } from '../../../src/base/index.ts';
import { deviceListing } from '../../../src/protocol/index.ts';
import { pairProof } from '../../support/proofs.ts';
import { signalingWorld } from '../../support/signaling-world.ts';

describe('GET /devices', () => {
  it('lists what this viewer may see, with its state and its name', async () => {
    const world = signalingWorld();
    world.own('alice', 'cam1');
    world.own('alice', 'cam2');
    world.own('bob', 'cam3');
    await world.camera('cam1');
    await world.camera('cam3');

    const response = await world.http({ path: '/devices', token: 'viewer/alice' });

    expect(response).toMatchObject({
      status: 200,
      headers: {
        'Content-Type': 'application/json',
        'Cache-Control': 'no-store',
        'Access-Control-Allow-Origin': '*',
        'Access-Control-Expose-Headers': expect.stringContaining('Retry-After'),
      },
    });
    const listing = JSON.parse(String(response.body));
    expect(deviceListing.parse(listing)).toEqual(listing);
    expect(listing.devices).toEqual([
      { id: 'cam1', name: 'The cam1', role: 'owner', state: 'online' },
      { id: 'cam2', role: 'owner', state: 'offline' },
    ]);
  });

  it('says when a share ends, and not when the token does', async () => {
    const world = signalingWorld();
    world.own('alice', 'cam1', world.clock.now() + 60_000);
    world.own('alice', 'cam2', world.clock.now() + 9_000_000);
    const response = await world.http({ path: '/devices', token: 'viewer/alice' });
    const listing = deviceListing.parse(JSON.parse(String(response.body)));
    expect(listing.devices.map(({ until }) => until)).toEqual(['2026-01-01T00:01:00.000Z', undefined]);
  });

  it('gives nothing at all where a source answers for somebody else', async () => {
    const world = signalingWorld(1, {
      pairing: {
        pair: () => Promise.reject(new Error('not asked')),
        pairsOf: async () => [pairProof('alice', 'cam1', 0), pairProof('bob', 'cam3', 0)],
      },
    });
    const response = await world.http({ path: '/devices', token: 'viewer/alice' });
    expect(response.status).toBe(500);
    expect(response.body).not.toContain('cam');
    expect(world.faults[0]).toBeInstanceOf(TypeError);
  });

  it('of who owns nothing is empty, and not everything', async () => {
    const world = signalingWorld();
    await world.camera('cam1');
    const response = await world.http({ path: '/devices', token: 'viewer/carol' });
    expect(JSON.parse(String(response.body))).toEqual({ devices: [] });
  });

  it.each([
    ['no token', undefined, 401, 'token-missing', 'Bearer realm="latchkey"'],
    ['a bad token', 'x', 401, 'token-signature', 'Bearer realm="latchkey", error="invalid_token"'],
    ['a camera’s token', 'camera/cam1', 401, 'token-audience', 'Bearer realm="latchkey", error="invalid_token"'],
  ])('with %s is refused, and says how to sign in', async (_, token, status, code, challenge) => {
    const world = signalingWorld();
    const response = await world.http({ path: '/devices', ...(token === undefined ? {} : { token }) });
    expect(response.status).toBe(status);
    expect(response.headers).toMatchObject({
      'Content-Type': 'application/problem+json',
      'WWW-Authenticate': challenge,
      'Cache-Control': 'no-store',
    });
    expect(JSON.parse(String(response.body))).toEqual({
      type: 'about:blank',
      title: 'Unauthorized',
      status,
      detail: expect.stringMatching(/./),
      code,
    });
  });

  it('while the source is down is refused for now', async () => {
    const world = signalingWorld();
    world.own('alice', 'cam1');
    world.setSource(false);
    const response = await world.http({ path: '/devices', token: 'viewer/alice' });
    expect(response.status).toBe(503);
    expect(response.headers).not.toHaveProperty('WWW-Authenticate');
  });
});

describe('an address that is not signaling’s', () => {
  it('is answered by the hand-in', async () => {
    const world = signalingWorld(1, { web: async ({ path }) => ({ status: 200, body: path }) });
    expect(await world.http({ path: '/healthz' })).toEqual({ status: 200, body: '/healthz' });
    expect((await world.http({ path: '/devices' })).status).toBe(401);
    world.signaling.stop();
    expect((await world.http({ path: '/healthz' })).status).toBe(200);
    expect((await world.http({ path: '/devices' })).status).toBe(503);
  });

  it.each([
    '/',
    '/devices/',
    '/devices/cam1',
    '/whep',
    '/whep/',
    '/whep//',
    '/whep/cam1/',
    '/whep/cam1/x/y',
    '//devices',
  ])('%s is not found', async (path) => {
    for (const world of [signalingWorld(), signalingWorld(1, { web: async () => undefined })]) {
      const response = await world.http({ path, token: 'viewer/alice' });
      expect(response.status).toBe(404);
      expect(JSON.parse(String(response.body))).toMatchObject({ title: 'Not Found', code: 'not-found' });
    }
  });

  it('a fault of the hand-in becomes a problem without its words, and is told', async () => {
    const fault = new Error('a secret');
    const world = signalingWorld(1, { web: () => Promise.reject(fault) });
    const response = await world.http({ path: '/' });
    expect(response.status).toBe(500);
    expect(response.body).not.toContain('secret');
    expect(world.faults).toEqual([fault]);
  });

  it('an error of the table names the time to come back', async () => {
    const refusal = new LatchkeyError('overloaded', 'a secret', { retryAfterSeconds: 2.5 });
    const world = signalingWorld(1, { web: () => Promise.reject(refusal) });
    const response = await world.http({ path: '/' });
    expect(response).toMatchObject({ status: 503, headers: { 'Retry-After': '3' } });
    expect(response.body).not.toContain('secret');
  });
});
