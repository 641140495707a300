import { expect, it } from 'vitest';
import { MemorySocket } from '../../support/memory-transport.ts';
import { signalingWorld } from '../../support/signaling-world.ts';
import { audiences, claimsAt, signed, testKey } from '../../support/test-issuer.ts';
import { ticketLifetimeSeconds, ticketWorld } from '../../support/ticket-world.ts';

/** A relay that makes tickets, and a token of cam1. */
async function stage() {
  const tickets = await ticketWorld();
  const world = signalingWorld(1, { identity: tickets.identity });
  const key = tickets.issuerKeys[0] ?? (await testKey('ES256', 'one'));
  const token = (await signed(key, claimsAt(tickets.clock, { aud: audiences.camera, sub: 'cam1' }))).reveal();
  const camera = async (headers: Record<string, string>) => {
    const socket = await world.upgrade({ headers });
    if (!(socket instanceof MemorySocket)) throw new Error('it was refused');
    const register = async (params: object = {}) => {
      const id = socket.ask('register', params);
      await expect.poll(() => socket.reply(id)?.result).toBeDefined();
      return socket.reply(id)?.result;
    };
    return { socket, register };
  };
  return { tickets, world, token, camera };
}

it('register gives a ticket to a camera that came by its token, and one that came by a ticket keeps that', async () => {
  const { tickets, token, camera } = await stage();
  const first = await (await camera({ authorization: `Bearer ${token}` })).register();
  expect(first).toMatchObject({ id: 'cam1', ticketExpiresInSeconds: ticketLifetimeSeconds });
  tickets.clock.advance(100_000);
  const again = await (await camera({ 'latchkey-ticket': first?.ticket ?? '' })).register();
  expect(again).toMatchObject({ id: 'cam1' });
  expect(again).not.toHaveProperty('ticket');
  const third = await (await camera({ 'latchkey-ticket': first?.ticket ?? '' })).register();
  expect(third).toMatchObject({ id: 'cam1' });
});

it('a token that is shown again on the same connection gives a ticket of the whole life', async () => {
  const { tickets, token, camera } = await stage();
  const { register } = await camera({ authorization: `Bearer ${token}` });
  await register();
  tickets.clock.advance(200_000);
  expect(await register({ authorization: token })).toMatchObject({ ticketExpiresInSeconds: ticketLifetimeSeconds });
});

it('a camera that knows nothing of tickets goes on as before', async () => {
  const { world, token } = await stage();
  const socket = await world.upgrade({ headers: { authorization: `Bearer ${token}` } });
  expect(socket).toBeInstanceOf(MemorySocket);
  const without = signalingWorld();
  const camera = await without.camera('cam1');
  expect(camera.received[0]?.result).not.toHaveProperty('ticket');
});

it('a ticket that was let in registers nobody once tickets are off, and the token does', async () => {
  const { world, token, camera } = await stage();
  const first = await (await camera({ authorization: `Bearer ${token}` })).register();
  const { socket } = await camera({ 'latchkey-ticket': first?.ticket ?? '' });
  await world.levers.throwSwitch('tickets', { position: 'off' });
  const id = socket.ask('register');
  await expect.poll(() => socket.reply(id)?.error?.data?.reason).toBe('ticket-invalid');
  expect(socket.closed?.code).toBe(4401);
  expect(await (await camera({ authorization: `Bearer ${token}` })).register()).toMatchObject({ id: 'cam1' });
});
