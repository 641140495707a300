// Whoever kept the ticket of a camera that was sold, stolen or taken back, or whose issuer was broken: a ticket is shown long after
// the token was verified. What the token was believed for holds: each part of it is asked for again, and where one is gone
// the ticket is void.
import { expect, it } from 'vitest';
import { deviceId } from '../../src/base/index.ts';
import type { IdentitySettings } from '../../src/identity/index.ts';
import { ringOf } from '../../src/identity/ticket-keys.ts';
import { audiences, claimsAt, signed, testIssuer, testKey } from '../support/test-issuer.ts';
import { keyOfTickets, ticketLifetimeSeconds, ticketWorld } from '../support/ticket-world.ts';

/** A ticket of a relay before something was changed, shown to the relay after it. */
async function shownAfter(more: Partial<IdentitySettings>) {
  const before = await ticketWorld();
  const ticket = await before.ticket('cam1');
  const after = await ticketWorld({ issuerKeys: before.issuerKeys, more });
  return [after.redeem(ticket)?.device, after.told.at(-1)];
}

it.each<[string, Partial<IdentitySettings>, string]>([
  ['its algorithm was taken out of the settings', { algorithms: ['EdDSA', 'RS256'] }, 'algorithm'],
  ['its issuer is not trusted any more', { issuers: [] }, 'issuer'],
  ['its issuer has another name', { issuers: [{ ...testIssuer, issuer: 'https://issuer.test/' }] }, 'issuer'],
  ['its issuer may not make cameras’ tokens any more', { issuers: [{ ...testIssuer, mints: ['viewer'] }] }, 'issuer'],
  ['its issuer’s subjects got another namespace', { issuers: [{ ...testIssuer, namespace: 'cam1:' }] }, 'rules'],
  ['cameras have another audience', { audiences: { ...audiences, camera: 'other' } }, 'rules'],
  ['tokens may not live for as long any more', { tokenLifetimeSecondsMax: 599 }, 'rules'],
])('a ticket is void when %s', async (_, more, reason) => {
  expect(await shownAfter({})).toEqual(['cam1', 'accepted']);
  expect(await shownAfter(more)).toEqual([undefined, reason]);
});

it('a ticket is void once the key behind its token has left the issuer’s set, and without a word of anybody', async () => {
  const [one, two] = [await testKey('ES256', 'one'), await testKey('ES256', 'two')];
  const issuerKeys = [one, two];
  const world = await ticketWorld({ issuerKeys, more: { tickets: { enabled: true, lifetimeSecondsMax: 3_600 } } });
  const ticket = await world.ticket('cam1', { exp: world.clock.now() / 1000 + 3_600 });
  issuerKeys.shift();
  expect(world.redeem(ticket)?.device).toBe('cam1');
  world.clock.advance(600_000);
  await expect.poll(() => world.redeem(ticket)).toBeUndefined();
  expect(world.told.at(-1)).toBe('issuer-key');
  world.identity.close?.();
});

it('a ticket is void when another key took the name of the one behind its token', async () => {
  const before = await ticketWorld();
  const ticket = await before.ticket('cam1');
  const after = await ticketWorld({ issuerKeys: [await testKey('ES256', 'one')] });
  expect(after.redeem(ticket)).toBeUndefined();
  expect(after.told).toEqual(['issuer-key']);
});

it('a ticket is void when its key may not be used for the algorithm any more', async () => {
  const key = await testKey('RS256', 'one');
  const world = await ticketWorld({ issuerKeys: [key] });
  const ticket = await world.ticket('cam1');
  const narrowed = { ...key, publicJwk: { ...key.publicJwk, alg: 'PS256' } };
  const after = await ticketWorld({ issuerKeys: [narrowed] });
  expect(after.redeem(ticket)).toBeUndefined();
  expect(after.told).toEqual(['issuer-key']);
  expect((await ticketWorld({ issuerKeys: [key] })).redeem(ticket)?.device).toBe('cam1');
});

it('a ticket is void after a revocation of its camera, and of all, whatever time its token was issued at', async () => {
  for (const device of ['cam1', undefined]) {
    const world = await ticketWorld();
    const nowMs = world.clock.now();
    // An issuer whose clock is ahead: its tokens seem to come after the revocation.
    const ticket = await world.ticket('cam1', { iat: nowMs / 1000 + 20 });
    const other = await world.ticket('cam2');
    if (device === undefined) world.revocations.revokeAll(nowMs + 10_000);
    else world.revocations.revoke(deviceId(device), nowMs + 10_000);
    expect(world.redeem(ticket)).toBeUndefined();
    expect(world.told.at(-1)).toBe('revoked');
    expect(world.redeem(other)?.device).toBe(device === undefined ? undefined : 'cam2');
  }
});

it('a proof from before a revocation makes no ticket after it', async () => {
  const world = await ticketWorld();
  const camera = await world.camera('cam1');
  world.revocations.revoke(camera.device, world.clock.now() + 1);
  expect(world.tickets.issue(camera)).toBeUndefined();
});

it('a relay that has not heard of a revocation does not believe a ticket that has: the token is asked', async () => {
  const informed = await ticketWorld();
  informed.revocations.revoke(deviceId('cam1'), informed.clock.now() - 1);
  const ticket = await informed.ticket('cam1');
  expect(informed.redeem(ticket)?.device).toBe('cam1');
  const ignorant = await ticketWorld({ issuerKeys: informed.issuerKeys });
  expect(ignorant.redeem(ticket)).toBeUndefined();
  expect(ignorant.told).toEqual(['revoked']);
});

it('a token of a camera that was taken back opens nothing, with or without the ticket', async () => {
  const world = await ticketWorld();
  const [key = await testKey('ES256', 'one')] = world.issuerKeys;
  const token = await signed(key, claimsAt(world.clock, { aud: audiences.camera, sub: 'cam1' }));
  world.revocations.revoke(deviceId('cam1'), world.clock.now() + 1);
  await expect(world.identity.verify(token)).rejects.toMatchObject({ code: 'token-revoked' });
});

it('a ticket lives no longer than its token, whatever the settings allow', async () => {
  const more = { tickets: { enabled: true, lifetimeSecondsMax: 86_400 } };
  const world = await ticketWorld({ more });
  const issued = world.tickets.issue(await world.camera('cam1'));
  expect(issued?.expiresInSeconds).toBe(600);
  world.clock.advance(600_000);
  expect(world.redeem(issued?.ticket.reveal() ?? '')).toBeUndefined();
  expect(world.told.at(-1)).toBe('expired');
});

it('a ticket lives no longer than the settings of now allow', async () => {
  const before = await ticketWorld();
  const ticket = await before.ticket('cam1');
  const more = { tickets: { enabled: true, lifetimeSecondsMax: 60 } };
  const after = await ticketWorld({ issuerKeys: before.issuerKeys, more });
  after.clock.advance(59_999);
  expect(after.redeem(ticket)?.device).toBe('cam1');
  after.clock.advance(1);
  expect(after.redeem(ticket)).toBeUndefined();
});

it('a ticket whose own key has gone, or has come to its end, is void', async () => {
  const before = await ticketWorld();
  const ticket = await before.ticket('cam1');
  const { issuerKeys } = before;
  const gone = await ticketWorld({ issuerKeys, ticketKeys: ringOf([keyOfTickets(2)]) });
  expect(gone.redeem(ticket)).toBeUndefined();
  const endMs = before.clock.now() + ticketLifetimeSeconds * 500;
  const ending = await ticketWorld({ issuerKeys, ticketKeys: ringOf([keyOfTickets(2), keyOfTickets(1, endMs)]) });
  ending.clock.advance(ticketLifetimeSeconds * 500 - 1);
  expect(ending.redeem(ticket)?.device).toBe('cam1');
  ending.clock.advance(1);
  expect(ending.redeem(ticket)).toBeUndefined();
  expect([gone.told, ending.told.at(-1)]).toEqual([['key'], 'key']);
});
