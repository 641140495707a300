import { expect, it } from 'vitest';
import { deviceId } from '../../src/base/index.ts';
import { createRevocations } from '../../src/identity/index.ts';
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

it.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('%d is no time', (ms) => {
  const table = createRevocations();
  expect(() => table.revoke(cam1, ms)).toThrow(TypeError);
  expect(() => table.revokeAll(ms)).toThrow(TypeError);
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
