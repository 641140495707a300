import { Redacted } from '../../src/base/index.ts';
import {
  createIdentity,
  createRevocations,
  type IdentitySettings,
  type TicketKeys,
  type Tickets,
  type VerifiedCamera,
} from '../../src/identity/index.ts';
import { ringOf, type TicketKey, ticketKey } from '../../src/identity/ticket-keys.ts';
import { ManualClock } from './manual-clock.ts';
import { audiences, claimsAt, keySetResponse, signed, type TestKey, testIssuer, testKey } from './test-issuer.ts';

/** A key of tickets whose bytes are all the same. */
export function keyOfTickets(byte: number, notAfterMs = Number.POSITIVE_INFINITY): TicketKey {
  return ticketKey(Buffer.alloc(32, byte), notAfterMs);
}

export const ticketLifetimeSeconds = 300;

export interface TicketWorldSettings {
  readonly clock?: ManualClock;
  readonly issuerKeys?: TestKey[];
  readonly ticketKeys?: TicketKeys;
  readonly more?: Partial<IdentitySettings>;
}

/** A real identity that makes and takes tickets, of one issuer, on a clock that stands still. Tokens live for ten minutes, tickets for five. */
export async function ticketWorld(settings: TicketWorldSettings = {}) {
  const { clock = new ManualClock(), ticketKeys = ringOf([keyOfTickets(1)]), more = {} } = settings;
  const issuerKeys = settings.issuerKeys ?? [await testKey('ES256', 'one')];
  const revocations = createRevocations();
  const told: string[] = [];
  const identity = await createIdentity(
    {
      audiences,
      algorithms: ['EdDSA', 'ES256', 'RS256', 'PS256'],
      clockToleranceSeconds: 30,
      tokenLifetimeSecondsMax: 3_600,
      issuers: [testIssuer],
      tickets: { enabled: true, lifetimeSecondsMax: ticketLifetimeSeconds },
      ...more,
    },
    { clock, fetch: async () => keySetResponse(...issuerKeys), ticketKeys, revocations },
    {
      ticketMade: () => told.push('made'),
      ticketAccepted: () => told.push('accepted'),
      ticketRefused: (reason) => told.push(reason),
    },
  );

  const world = {
    clock,
    issuerKeys,
    revocations,
    identity,
    /** What became of each ticket, in order. */
    told,
    get tickets(): Tickets {
      if (identity.tickets === undefined) throw new Error('there are no tickets');
      return identity.tickets;
    },
    /** A token of the first key with these claims. */
    async token(claims: Record<string, unknown>): Promise<Redacted<string>> {
      const [key] = issuerKeys;
      if (key === undefined) throw new Error('there is no key');
      return signed(key, claimsAt(clock, claims));
    },
    /** A camera's proof, by a token of the first key. */
    async camera(sub = 'cam1', claims: Record<string, unknown> = {}): Promise<VerifiedCamera> {
      return identity.verifyCamera(await world.token({ aud: audiences.camera, sub, ...claims }));
    },
    async ticket(sub?: string, claims?: Record<string, unknown>): Promise<string> {
      const issued = world.tickets.issue(await world.camera(sub, claims));
      if (issued === undefined) throw new Error('no ticket was made');
      return issued.ticket.reveal();
    },
    redeem: (text: string) => world.tickets.redeem(new Redacted(text)),
  };
  return world;
}

export type TicketWorld = Awaited<ReturnType<typeof ticketWorld>>;
