import { expect, it } from 'vitest';
import { deviceId, subjectId } from '../../src/base/index.ts';
import { createRevocations } from '../../src/identity/index.ts';
import { audiences } from '../support/test-issuer.ts';
import { ticketWorld } from '../support/ticket-world.ts';

const [cam1, cam2, cam3] = ['cam1', 'cam2', 'cam3'].map(deviceId) as [
  ReturnType<typeof deviceId>,
  ReturnType<typeof deviceId>,
  ReturnType<typeof deviceId>,
];

it('nothing is taken back at first', () => {
  const table = createRevocations();
  expect([table.epochOf(cam1), table.size]).toEqual([0, 0]);
});

it('a revocation is of one device, and an earlier one does not undo it', () => {
  const table = createRevocations();
  table.revoke(cam1, 2_000);
  table.revoke(cam1, 1_000);
  expect([table.epochOf(cam1), table.epochOf(cam2)]).toEqual([2_000, 0]);
});

it('a revocation of all is of every device, and leaves a later one of one', () => {
  const table = createRevocations();
  table.revoke(cam1, 3_000);
  table.revokeAll(2_000);
  table.revokeAll(1_000);
  expect([table.epochOf(cam1), table.epochOf(cam2)]).toEqual([3_000, 2_000]);
});

it('at its bound too much is taken back, and never too little', () => {
  const table = createRevocations(2);
  table.revoke(cam1, 1_000);
  table.revoke(cam2, 2_000);
  expect([table.epochOf(cam3), table.size]).toEqual([0, 2]);
  table.revoke(cam3, 3_000);
  expect(table.size).toBe(2);
  expect([cam1, cam2, cam3, deviceId('cam4')].map((device) => table.epochOf(device))).toEqual([
    1_000, 2_000, 3_000, 1_000,
  ]);
});

it('what is set anew is no longer the oldest', () => {
  const table = createRevocations(2);
  table.revoke(cam1, 1_000);
  table.revoke(cam2, 2_000);
  table.revoke(cam1, 3_000);
  table.revoke(cam3, 4_000);
  expect([table.everybodysMs, table.epochOf(cam1), table.epochOf(cam2)]).toEqual([2_000, 3_000, 2_000]);
});

it('a token is void by its bearer’s epoch or by its own id, whoever bears it', () => {
  const table = createRevocations();
  const issued = (issuedAtMs: number, tokenId?: string) => ({ issuedAtMs, tokenId });
  table.revoke(cam1, 1_000);
  table.revokeToken('T1', 1_000, 0);
  expect([table.isVoid(cam1, issued(999)), table.isVoid(cam1, issued(1_000)), table.isVoid(cam2, issued(1))]).toEqual([
    ...[true, false, false],
  ]);
  expect([table.isVoid(cam2, issued(5_000, 'T1')), table.isVoid(cam2, issued(5_000, 'T10'))]).toEqual([true, false]);
});

it('token ids have the same bound, and at it too much is taken back as well', () => {
  const table = createRevocations(2);
  for (const [index, tokenId] of ['T1', 'T2', 'T3'].entries()) table.revokeToken(tokenId, 1_000 * (index + 1), 0);
  expect([table.size, table.everybodysMs]).toEqual([2, 1_000]);
  expect(table.isVoid(cam1, { issuedAtMs: 999, tokenId: 'T1' })).toBe(true);
});

it('lines that say less than everybody’s are gone, and those that are forgotten', () => {
  const table = createRevocations();
  table.revoke(cam1, 1_000);
  table.revoke(cam2, 3_000);
  table.revokeToken('T1', 3_000, 0);
  table.revokeAll(2_000);
  expect(table.lines).toEqual([
    { of: 'bearer', bearer: cam2, issuedBeforeMs: 3_000 },
    { of: 'token', tokenId: 'T1', issuedBeforeMs: 3_000 },
  ]);
  table.revoke(cam1, 1_500);
  table.forget(3_000, 0);
  expect([table.lines, table.everybodysMs]).toEqual([[], 2_000]);
});

it('a token that was taken back by its id is void behind everybody’s and beyond the bound, whenever it was issued', () => {
  const table = createRevocations(1);
  const ahead = (tokenId: string) => table.isVoid(cam1, { issuedAtMs: 1_499, tokenId });
  table.revokeAll(2_000);
  const epochMs = table.epochOf(cam1);
  table.revokeToken('T1', 2_000, 0);
  expect(table.isVoid(cam1, { issuedAtMs: 5_000, tokenId: 'T1' })).toBe(true);
  table.revokeToken('T2', 3_000, 0);
  expect([table.lines.length, table.everybodysMs]).toEqual([1, 2_000]);
  const other = createRevocations(1);
  other.revokeToken('T1', 1_000, 500);
  other.revokeToken('T2', 3_000, 500);
  expect([1_499, 1_500].map((issuedAtMs) => other.isVoid(cam1, { issuedAtMs, tokenId: 'T1' }))).toEqual([true, false]);
  expect([table.epochOf(cam1), ahead('T3')]).toEqual([epochMs, true]);
});

it('what was forgotten is void of everybody up to the latest line, and changes no epoch', () => {
  const table = createRevocations();
  const issued = (issuedAtMs: number) => table.isVoid(cam3, { issuedAtMs, tokenId: undefined });
  table.revoke(cam1, 1_000);
  table.revoke(cam2, 2_000);
  table.forget(1_999, 500);
  expect([table.forgottenMs, issued(999), issued(1_000), table.epochOf(cam1)]).toEqual([1_000, true, false, 0]);
  table.revokeToken('T1', 1_200, 0);
  table.forget(1_999, 500);
  expect([table.forgottenMs, issued(1_699), issued(1_700)]).toEqual([1_700, true, false]);
  expect(table.copy().forgottenMs).toBe(1_700);
});

it.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('%d is no time', (ms) => {
  const table = createRevocations();
  expect(() => table.revoke(cam1, ms)).toThrow(TypeError);
  expect(() => table.revokeAll(ms)).toThrow(TypeError);
  expect(() => table.revokeToken('T1', ms, 0)).toThrow(TypeError);
});

it('a token that was issued before is refused, and one that was issued since is taken', async () => {
  const world = await ticketWorld();
  const issuedMs = world.clock.now();
  world.revocations.revoke(cam1, issuedMs);
  expect((await world.camera('cam1')).device).toBe('cam1');
  world.revocations.revoke(cam1, issuedMs + 1);
  await expect(world.camera('cam1')).rejects.toMatchObject({ code: 'token-revoked' });
  expect((await world.camera('cam2')).device).toBe('cam2');
  world.clock.advance(1_000);
  expect((await world.camera('cam1')).device).toBe('cam1');
});

it('a revocation of all refuses every camera’s token that was issued before', async () => {
  const world = await ticketWorld();
  world.revocations.revokeAll(world.clock.now() + 1);
  await expect(world.camera('cam1')).rejects.toMatchObject({ code: 'token-revoked' });
  await expect(world.camera('cam2')).rejects.toMatchObject({ code: 'token-revoked' });
});

it('a viewer’s token is refused too, and so is one by its id', async () => {
  const world = await ticketWorld();
  const viewer = (jti: string) => world.token({ aud: audiences.viewer, sub: 'alice', jti });
  expect((await world.identity.verifyViewer(await viewer('T1'))).subject).toBe('alice');
  world.revocations.revokeToken('T1', world.clock.now() + 1, 0);
  await expect(world.identity.verifyViewer(await viewer('T1'))).rejects.toMatchObject({ code: 'token-revoked' });
  expect((await world.identity.verifyViewer(await viewer('T2'))).subject).toBe('alice');
  world.revocations.revoke(subjectId('alice'), world.clock.now() + 1);
  await expect(world.identity.verifyViewer(await viewer('T2'))).rejects.toMatchObject({ code: 'token-revoked' });
});

it('a token from an issuer whose clock is ahead is hit by what is taken back now', async () => {
  const world = await ticketWorld();
  const nowSeconds = world.clock.now() / 1_000;
  const ahead = await world.token({ aud: audiences.viewer, sub: 'alice', iat: nowSeconds + 20 });
  const { evidence } = await world.identity.verifyViewer(ahead);
  world.revocations.revoke(subjectId('alice'), world.clock.now() + 1);
  expect(world.revocations.isVoid(subjectId('alice'), evidence)).toBe(true);
  await expect(world.identity.verifyViewer(ahead)).rejects.toMatchObject({ code: 'token-revoked' });
});

it('a ticket rests on its token: with that id it is void, and none is made', async () => {
  const world = await ticketWorld();
  const camera = await world.camera('cam1', { jti: 'T1' });
  const ticket = await world.ticket('cam1', { jti: 'T1' });
  world.revocations.revokeToken('T1', world.clock.now() + 1, 0);
  expect([world.redeem(ticket), world.told.at(-1)]).toEqual([undefined, 'revoked']);
  expect(world.tickets.issue(camera)).toBeUndefined();
});
