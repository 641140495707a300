// Whoever holds a ticket that was made for another camera or by another relay, or who changes one: to be a camera that they are
// not, or a viewer. The ticket's own seal holds: it names one device, it is whole or nothing, and no viewer comes of it.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Redacted } from '../../src/base/index.ts';
import { ticketKey } from '../../src/identity/ticket-keys.ts';
import { MemorySocket } from '../support/memory-transport.ts';
import { signalingWorld, viewerOffer } from '../support/signaling-world.ts';
import { audiences, claimsAt, signed, testKey } from '../support/test-issuer.ts';
import { keyOfTickets, type TicketWorld, ticketWorld } from '../support/ticket-world.ts';

const prefix = 'lkt1.';
const bytesOf = (ticket: string) => Buffer.from(ticket.slice(prefix.length), 'base64url');
const textOf = (bytes: Uint8Array) => prefix + Buffer.from(bytes).toString('base64url');

/** Signaling before a real identity. */
async function stage(seed?: TicketWorld) {
  const tickets = seed ?? (await ticketWorld());
  const world = signalingWorld(1, { identity: tickets.identity });
  const tokenOf = async (kind: 'viewer' | 'camera', sub: string) => {
    const key = tickets.issuerKeys[0] ?? (await testKey('ES256', 'one'));
    return (await signed(key, claimsAt(tickets.clock, { aud: audiences[kind], sub }))).reveal();
  };
  const upgrade = (headers: Record<string, string>, query = '') => world.upgrade({ headers, query });
  return { tickets, world, tokenOf, upgrade };
}

it('a ticket of one camera is never another: the camera is the one that it names, whatever else is said', async () => {
  const { tickets, world, upgrade } = await stage();
  const socket = await upgrade({ 'latchkey-ticket': await tickets.ticket('cam9') });
  if (!(socket instanceof MemorySocket)) throw new Error('it was refused');
  const id = socket.ask('register', { id: 'cam1', device: 'cam1', name: 'cam1' });
  await world.settle();
  expect(socket.reply(id)?.result?.id).toBe('cam9');
});

it('a ticket beside the token of another camera or of a person: the ticket’s camera, and no one else’s name', async () => {
  const { tickets, world, tokenOf, upgrade } = await stage();
  const ticket = await tickets.ticket('cam9');
  for (const other of [await tokenOf('camera', 'cam1'), await tokenOf('viewer', 'alice')]) {
    const socket = await upgrade({ 'latchkey-ticket': ticket, authorization: `Bearer ${other}` });
    if (!(socket instanceof MemorySocket)) throw new Error('it was refused');
    const late = socket.ask('register', { authorization: other });
    await expect.poll(() => socket.reply(late)?.error?.data?.reason).toBe('token-conflict');
    const connect = socket.ask('connect', { peer: 'cam9', offer: viewerOffer });
    await world.settle();
    expect(socket.reply(connect)?.error?.data?.reason).toBe('token-audience');
    const inQuery = await upgrade({ 'latchkey-ticket': ticket }, `access_token=${other}`);
    expect(inQuery).toMatchObject({ status: 401, body: expect.stringContaining('token-conflict') });
  }
});

it('no viewer comes of a ticket, in whatever place of a request it stands', async () => {
  const { tickets, world, upgrade } = await stage();
  const ticket = await tickets.ticket('alice');
  const header = { authorization: `Bearer ${ticket}` };
  expect(await upgrade(header)).toMatchObject({ status: 401 });
  expect(await upgrade({}, `access_token=${ticket}`)).toMatchObject({ status: 401 });
  for (const headers of [header, { 'latchkey-ticket': ticket }]) {
    expect(await world.http({ path: '/devices', headers })).toMatchObject({ status: 401 });
    const whep = { method: 'POST', path: '/whep/cam1', body: viewerOffer };
    const typed = { ...headers, 'content-type': 'application/sdp' };
    expect(await world.http({ ...whep, headers: typed })).toMatchObject({ status: 401 });
  }
  const socket = await upgrade({ 'latchkey-ticket': ticket });
  if (!(socket instanceof MemorySocket)) throw new Error('it was refused');
  const id = socket.ask('connect', { peer: 'cam1', offer: viewerOffer });
  await world.settle();
  expect(socket.reply(id)?.error?.data?.reason).toBe('token-audience');
  const nobody = await upgrade({});
  if (!(nobody instanceof MemorySocket)) throw new Error('it was refused');
  const param = nobody.ask('register', { authorization: ticket });
  await world.settle();
  expect(nobody.reply(param)?.error?.data?.reason).toBe('token-malformed');
});

it('a ticket in the query is not looked at', async () => {
  const { tickets, upgrade } = await stage();
  const ticket = await tickets.ticket('cam1');
  tickets.told.length = 0;
  for (const name of ['ticket', 'latchkey-ticket', 'Latchkey-Ticket', 'latchkey_ticket']) {
    const socket = await upgrade({}, `${name}=${ticket}`);
    if (!(socket instanceof MemorySocket)) throw new Error('it was refused');
    const id = socket.ask('register');
    expect(await new Promise((resolve) => setImmediate(() => resolve(socket.reply(id)?.error?.data?.reason)))).toBe(
      'token-missing',
    );
  }
  expect(tickets.told).toEqual([]);
});

it('a bad ticket falls back to the token beside it, in the same request; alone it is refused', async () => {
  const { tickets, world, tokenOf, upgrade } = await stage();
  const good = await tickets.ticket('cam1');
  const token = await tokenOf('camera', 'cam1');
  const bad = ['', 'x', prefix, good.slice(0, -1), `${good}, ${good}`, textOf(Buffer.alloc(80))];
  for (const ticket of bad) {
    const before = tickets.told.length;
    const socket = await upgrade({ 'latchkey-ticket': ticket, authorization: `Bearer ${token}` });
    expect(socket).toBeInstanceOf(MemorySocket);
    expect(tickets.told).toHaveLength(before + 1);
    expect(await upgrade({ 'latchkey-ticket': ticket })).toMatchObject({
      status: 401,
      body: expect.stringContaining('ticket-invalid'),
    });
    const badToken = { 'latchkey-ticket': ticket, authorization: `Bearer ${token}x` };
    expect(await upgrade(badToken)).toMatchObject({ status: 401 });
  }
  expect(world.faults).toEqual([]);
});

it('a good ticket is enough, though the token beside it is rubbish: it is not looked at', async () => {
  const { tickets, upgrade } = await stage();
  const headers = { 'latchkey-ticket': await tickets.ticket('cam1'), authorization: 'Basic eA==' };
  expect(await upgrade(headers)).toBeInstanceOf(MemorySocket);
});

it('no ticket with one bit changed is believed', async () => {
  const world = await ticketWorld();
  const bytes = bytesOf(await world.ticket('cam1', { jti: 'token-7' }));
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(world.redeem(textOf(flipped))).toBeUndefined();
  }
  expect(world.redeem(textOf(bytes))?.device).toBe('cam1');
});

it('no ticket that is cut, lengthened, joined with another or made up is believed, and none makes it throw', async () => {
  const world = await ticketWorld();
  const [one, other] = [bytesOf(await world.ticket('cam1')), bytesOf(await world.ticket('cam10'))];
  const real = new Set([textOf(one), textOf(other)]);
  const cut = fc.nat(one.length);
  fc.assert(
    fc.property(cut, cut, fc.uint8Array({ maxLength: 64 }), fc.string(), (a, b, noise, text) => {
      const joined = Buffer.concat([one.subarray(0, a), other.subarray(b)]);
      const tries = [
        textOf(one.subarray(0, a)),
        textOf(one.subarray(b)),
        textOf(joined),
        textOf(Buffer.concat([one, noise])),
        textOf(Buffer.concat([noise, one])),
        textOf(noise),
        text,
        prefix + text,
      ];
      for (const made of tries) expect(world.redeem(made) === undefined).toBe(!real.has(made));
    }),
    { numRuns: 2_000 },
  );
});

it('a ticket has one spelling: what decodes to the same bytes is refused', async () => {
  const world = await ticketWorld();
  const ticket = await world.ticket('cam1');
  const body = ticket.slice(prefix.length);
  for (const spelt of [
    `${prefix}${body}=`,
    `${prefix} ${body}`,
    `${prefix}${body.slice(0, 9)}!${body.slice(9)}`,
    ` ${ticket}`,
    `LKT1.${body}`,
    `lkt2.${body}`,
    body,
  ]) {
    expect(world.redeem(spelt)).toBeUndefined();
    expect(world.told.at(-1)).toBe('malformed');
  }
  expect(world.redeem(ticket)?.device).toBe('cam1');
});

it('a ticket of another relay’s key is not believed, and neither is one that names our key and is sealed by another', async () => {
  const ours = await ticketWorld();
  const [issuerKeys, theirs] = [ours.issuerKeys, keyOfTickets(2)];
  const signing = (key: typeof theirs) => ({ signing: key, find: () => key, close() {} });
  const foreign = await ticketWorld({ issuerKeys, ticketKeys: signing(theirs) });
  expect(ours.redeem(await foreign.ticket('cam1'))).toBeUndefined();
  const forged = { ...theirs, id: keyOfTickets(1).id };
  const forging = await ticketWorld({ issuerKeys, ticketKeys: signing(forged) });
  expect(ours.redeem(await forging.ticket('cam1'))).toBeUndefined();
  expect(ours.told).toEqual(['key', 'mac']);
  const same = await ticketWorld({ issuerKeys, ticketKeys: signing(ticketKey(Buffer.alloc(32, 1), 1e15)) });
  expect(ours.redeem(await same.ticket('cam1'))?.device).toBe('cam1');
});

it('names that could run into each other make different tickets', async () => {
  const world = await ticketWorld();
  const pairs = [
    ['cam1', 'x'],
    ['cam', '1x'],
    ['cam1x', ''],
  ] as const;
  for (const [sub, jti] of pairs) {
    const camera = world.redeem(await world.ticket(sub, { jti }));
    expect([camera?.device, camera?.evidence.tokenId]).toEqual([sub, jti]);
  }
});

it('what a ticket refuses is told without the ticket', async () => {
  const { tickets, world, upgrade } = await stage();
  const ticket = `${await tickets.ticket('cam1')}x`;
  const answer = await upgrade({ 'latchkey-ticket': ticket });
  expect(JSON.stringify([answer, world.told, world.faults, tickets.told])).not.toContain(ticket.slice(5, 30));
  expect(tickets.tickets.redeem(new Redacted(ticket))).toBeUndefined();
});
