import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { isVerifiedCamera } from '../../src/identity/index.ts';
import { readTicketBody, type TicketBody, writeTicketBody } from '../../src/identity/ticket-body.ts';
import { ringOf } from '../../src/identity/ticket-keys.ts';
import { disguised, forgeriesOf } from '../support/forgeries.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { cameraProof, viewerProof } from '../support/proofs.ts';
import { audiences, claimsAt, signed, testKey } from '../support/test-issuer.ts';
import { keyOfTickets, ticketLifetimeSeconds, ticketWorld } from '../support/ticket-world.ts';

describe('a ticket', () => {
  it('proves the camera that it was made for, with the evidence of the token behind it', async () => {
    const world = await ticketWorld();
    const first = await world.camera('cam1', { jti: 'token-7' });
    const issued = world.tickets.issue(first);
    expect(issued?.expiresInSeconds).toBe(ticketLifetimeSeconds);
    const again = world.redeem(issued?.ticket.reveal() ?? '');
    expect(isVerifiedCamera(again)).toBe(true);
    expect(again?.device).toBe('cam1');
    expect(again?.evidence).toEqual({ ...first.evidence, ticket: true });
    expect(Object.isFrozen(again?.evidence)).toBe(true);
    expect(first.evidence.ticket).toBeUndefined();
    expect(world.told).toEqual(['made', 'accepted']);
  });

  it('does without a token’s jti, where the token has none', async () => {
    const world = await ticketWorld();
    expect(world.redeem(await world.ticket())?.evidence.tokenId).toBeUndefined();
    expect(world.redeem(await world.ticket('cam1', { jti: '' }))?.evidence.tokenId).toBe('');
  });

  it('begins with what it is, and prints as nothing', async () => {
    const { tickets, camera } = await ticketWorld();
    const issued = tickets.issue(await camera());
    expect(issued?.ticket.reveal()).toMatch(/^lkt1\.[\w-]+$/);
    expect(inspect(issued, { depth: 9, showHidden: true })).not.toContain('lkt1');
  });

  it('is good until its own end, to the millisecond', async () => {
    const world = await ticketWorld();
    const ticket = await world.ticket();
    world.clock.advance(ticketLifetimeSeconds * 1000 - 1);
    expect(world.redeem(ticket)?.device).toBe('cam1');
    world.clock.advance(1);
    expect(world.redeem(ticket)).toBeUndefined();
    expect(world.told.at(-1)).toBe('expired');
  });

  it('is looked at up to its longest, and not beyond, whatever key it names', async () => {
    const world = await ticketWorld();
    const [prefix = '', encoded = ''] = (await world.ticket()).split('.');
    const keyId = Buffer.from(encoded, 'base64url').subarray(0, 8);
    const ofLength = (characters: number) => {
      const bytes = Buffer.alloc(Math.floor(((characters - prefix.length - 1) * 3) / 4));
      keyId.copy(bytes);
      return `${prefix}.${bytes.toString('base64url')}`;
    };
    const [longest, longer] = [ofLength(limits.ticketCharactersMax), ofLength(limits.ticketCharactersMax + 1)];
    expect([longest.length, longer.length]).toEqual([limits.ticketCharactersMax, limits.ticketCharactersMax + 1]);
    for (const ticket of [longest, longer]) expect(world.redeem(ticket)).toBeUndefined();
    expect(world.told.slice(-2)).toEqual(['mac', 'malformed']);
  });

  it('ends with its token, where that is sooner', async () => {
    const world = await ticketWorld();
    const issued = world.tickets.issue(await world.camera('cam1', { exp: world.clock.now() / 1000 + 20 }));
    expect(issued?.expiresInSeconds).toBe(20);
    world.clock.advance(19_999);
    expect(world.redeem(issued?.ticket.reveal() ?? '')?.device).toBe('cam1');
    world.clock.advance(1);
    expect(world.redeem(issued?.ticket.reveal() ?? '')).toBeUndefined();
  });

  it('ends with the key that signs it, and says so; with a key that is over none is made', async () => {
    const clock = new ManualClock();
    const ticketKeys = ringOf([keyOfTickets(1, clock.now() + 30_000)]);
    const world = await ticketWorld({ clock, ticketKeys });
    const issued = world.tickets.issue(await world.camera());
    expect(issued?.expiresInSeconds).toBe(30);
    clock.advance(29_999);
    expect(world.redeem(issued?.ticket.reveal() ?? '')?.device).toBe('cam1');
    clock.advance(1);
    expect(world.redeem(issued?.ticket.reveal() ?? '')).toBeUndefined();
    expect(world.tickets.issue(await world.camera())).toBeUndefined();
  });

  it('is not made for who came by one: they have it still, and another would end at the same time', async () => {
    const world = await ticketWorld();
    const camera = world.redeem(await world.ticket());
    if (camera === undefined) throw new Error('a good ticket');
    expect(world.tickets.issue(camera)).toBeUndefined();
    expect(world.told).toEqual(['made', 'accepted']);
  });

  it('is not made for less than a second', async () => {
    const world = await ticketWorld();
    const camera = await world.camera();
    world.clock.advance(ticketLifetimeSeconds * 1000 - 1000);
    expect(world.tickets.issue(camera)?.expiresInSeconds).toBe(1);
    world.clock.advance(1);
    expect(world.tickets.issue(camera)).toBeUndefined();
    expect(world.told).toEqual(['made']);
  });

  it('is not made of names that are too long for a header', async () => {
    const world = await ticketWorld();
    expect(world.tickets.issue(await world.camera('cam1', { jti: 'x'.repeat(1_000) }))).toBeDefined();
    const long = world.tickets.issue(await world.camera('cam1', { jti: 'x'.repeat(limits.ticketCharactersMax) }));
    expect(long).toBeUndefined();
    expect(world.tickets.issue(await world.camera('c'.repeat(limits.deviceIdCharactersMax)))).toBeDefined();
  });

  it('is not made of a proof that another identity has minted', async () => {
    const one = await ticketWorld();
    const other = await ticketWorld();
    expect(other.tickets.issue(await one.camera())).toBeUndefined();
    expect(one.tickets.issue(cameraProof('cam1', one.clock.now()))).toBeUndefined();
  });

  it('is made for nothing but a real camera’s proof', async () => {
    const world = await ticketWorld();
    const camera = await world.camera();
    for (const { forged } of forgeriesOf(camera)) expect(() => world.tickets.issue(forged)).toThrow(TypeError);
    const viewer = viewerProof('alice', world.clock.now());
    expect(() => world.tickets.issue(disguised(viewer))).toThrow(TypeError);
  });

  it('waits for nothing: it is judged before the call returns, and no timer is left', async () => {
    const world = await ticketWorld();
    const ticket = await world.ticket();
    const pending = world.clock.pending;
    expect(world.redeem(ticket)?.device).toBe('cam1');
    expect(world.clock.pending).toBe(pending);
    world.identity.close?.();
    expect(world.clock.pending).toBe(0);
  });

  it('is neither made nor taken where tickets are off', async () => {
    const off = await ticketWorld({ more: { tickets: { enabled: false, lifetimeSecondsMax: 60 } } });
    expect(off.identity.tickets).toBeUndefined();
    expect((await ticketWorld({ more: { tickets: undefined } })).identity.tickets).toBeUndefined();
    expect(off.clock.pending).toBe(0);
  });

  it('of a relay whose clock is ahead is not believed beyond the tolerance', async () => {
    const world = await ticketWorld();
    const ahead = await ticketWorld({ issuerKeys: world.issuerKeys });
    ahead.clock.advance(30_000);
    expect(world.redeem(await ahead.ticket())?.device).toBe('cam1');
    ahead.clock.advance(1);
    expect(world.redeem(await ahead.ticket())).toBeUndefined();
    expect(world.told.at(-1)).toBe('not-yet');
  });

  it('is no token, and a token is no ticket', async () => {
    const world = await ticketWorld();
    const { issuerKeys, clock, identity } = world;
    const [key = await testKey('ES256', 'one')] = issuerKeys;
    const token = await signed(key, claimsAt(clock, { aud: audiences.camera, sub: 'cam1' }));
    expect(world.redeem(token.reveal())).toBeUndefined();
    const issued = world.tickets.issue(await world.camera());
    for (const verify of [identity.verify, identity.verifyCamera, identity.verifyViewer]) {
      await expect(issued && verify.call(identity, issued.ticket)).rejects.toMatchObject({ code: 'token-malformed' });
    }
  });
});

describe('the keys of the issuer that tickets are judged by', () => {
  it('are looked for by the relay itself, though no token comes', async () => {
    const world = await ticketWorld();
    const ticket = await world.ticket();
    for (let minutes = 0; minutes < 3; minutes += 1) {
      world.clock.advance(60_000);
      await Promise.resolve();
    }
    expect(world.redeem(ticket)?.device).toBe('cam1');
  });

  it('are not believed for ever where they are no longer looked for: the token is asked then', async () => {
    const more = {
      tokenLifetimeSecondsMax: 100_000,
      tickets: { enabled: true, lifetimeSecondsMax: 100_000 },
    };
    const world = await ticketWorld({ more });
    const ticket = await world.ticket('cam1', { exp: world.clock.now() / 1000 + 90_000 });
    world.identity.close?.();
    world.clock.advance(2 * limits.keySetFreshMsMax);
    expect(world.redeem(ticket)?.device).toBe('cam1');
    world.clock.advance(limits.keySetFetchMsMax);
    expect(world.redeem(ticket)).toBeUndefined();
    expect(world.told.at(-1)).toBe('issuer-key');
  });
});

const text = fc.string({ maxLength: 40, unit: 'binary' });
const time = fc.integer({ min: 0, max: 2 ** 45 });
const body: fc.Arbitrary<TicketBody> = fc.record({
  keyId: fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  thumbprint: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  device: text,
  issuer: text,
  namespace: text,
  audience: text,
  algorithm: text,
  tokenId: fc.option(text, { nil: undefined }),
  tokenIssuedAtMs: time,
  tokenExpiresAtMs: time,
  verifiedAtMs: time,
  epochMs: time,
});

describe('the body of a ticket', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(body, (written) => {
        expect(readTicketBody(writeTicketBody(written) ?? Buffer.alloc(0))).toEqual(written);
      }),
    );
  });

  it('is never the same for two', () => {
    fc.assert(
      fc.property(body, body, (one, other) => {
        const [a, b] = [writeTicketBody(one), writeTicketBody(other)];
        expect(a?.equals(b ?? Buffer.alloc(0))).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });

  it('is nothing where a byte is missing or is one too many, and no bytes make the reader throw', () => {
    fc.assert(
      fc.property(body, fc.nat(), fc.uint8Array({ maxLength: 300 }), (written, cut, noise) => {
        const bytes = writeTicketBody(written) ?? Buffer.alloc(0);
        expect(readTicketBody(bytes.subarray(0, cut % bytes.length))).toBeUndefined();
        expect(readTicketBody(Buffer.concat([bytes, Buffer.alloc(1)]))).toBeUndefined();
        readTicketBody(Buffer.from(noise));
      }),
    );
  });

  it('has no text that its length cannot say', () => {
    const written: TicketBody = {
      keyId: '00'.repeat(8),
      thumbprint: '',
      device: 'cam1',
      issuer: 'x'.repeat(0xfffe),
      namespace: '',
      audience: '',
      algorithm: '',
      tokenId: undefined,
      tokenIssuedAtMs: 0,
      tokenExpiresAtMs: 0,
      verifiedAtMs: 0,
      epochMs: 0,
    };
    expect(readTicketBody(writeTicketBody(written) ?? Buffer.alloc(0))?.issuer).toHaveLength(0xfffe);
    expect(writeTicketBody({ ...written, issuer: 'x'.repeat(0xffff) })).toBeUndefined();
  });
});
