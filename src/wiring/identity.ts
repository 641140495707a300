import type { Clock, RandomSource, Redacted } from '../base/index.ts';
import type { Settings } from '../config/index.ts';
import {
  claimedKind,
  createIdentity,
  type DevelopmentIssuer,
  type Identity,
  type Revocations,
  type Tickets,
  type TokenKind,
  type VerifiedCamera,
  type VerifiedViewer,
} from '../identity/index.ts';
import type { Log, Metrics } from '../telemetry/index.ts';
import { openTicketKeys } from './embedded.ts';

export interface IdentityParts {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly revocations: Revocations;
  readonly developmentIssuer: DevelopmentIssuer | undefined;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** An identity that stands in for others, one after the other: what was proven by one before lives on by its own proof. */
export class RenewableIdentity implements Identity {
  readonly #parts: IdentityParts;
  #inForce: InForce;

  /** Throws `settings-invalid` for issuers, keys or files that cannot be used. */
  static async open(settings: Settings, parts: IdentityParts): Promise<RenewableIdentity> {
    return new RenewableIdentity(parts, await openIdentity(settings, parts, undefined));
  }

  private constructor(parts: IdentityParts, inForce: InForce) {
    this.#parts = parts;
    this.#inForce = inForce;
  }

  get tickets(): Tickets | undefined {
    return this.#inForce.identity.tickets;
  }

  verify(token: Redacted<string>): Promise<VerifiedViewer | VerifiedCamera> {
    return this.#inForce.identity.verify(token);
  }

  verifyViewer(token: Redacted<string>): Promise<VerifiedViewer> {
    return this.#inForce.identity.verifyViewer(token);
  }

  verifyCamera(token: Redacted<string>): Promise<VerifiedCamera> {
    return this.#inForce.identity.verifyCamera(token);
  }

  claimedKind(token: Redacted<string>): TokenKind | undefined {
    return claimedKind(token, this.#inForce.audiences);
  }

  /** Makes another one beside the one in force, which stays until it is taken. Throws `settings-invalid`. */
  async prepare(settings: Settings): Promise<{ take(): void; drop(): void }> {
    const next = await openIdentity(settings, this.#parts, this.#inForce.identity);
    return {
      take: () => {
        this.#inForce.close();
        this.#inForce = next;
      },
      drop: () => next.close(),
    };
  }

  close(): void {
    this.#inForce.close();
  }
}

interface InForce {
  readonly identity: Identity;
  readonly audiences: Settings['identity']['audiences'];
  close(): void;
}

async function openIdentity(
  settings: Settings,
  { clock, random, revocations, developmentIssuer, metrics, log }: IdentityParts,
  previous: Identity | undefined,
): Promise<InForce> {
  const own = developmentIssuer === undefined ? [] : [developmentIssuer.settings];
  const ticketKeys = await openTicketKeys(
    settings,
    { clock, random },
    {
      ticketKeys(outcome) {
        metrics.count('latchkey_ticket_keys_total', { outcome });
        if (outcome === 'failed') log.warn('the keys of reconnect tickets could not be had; the old ones stay');
      },
    },
  );
  try {
    const identity = await createIdentity(
      { ...settings.identity, issuers: [...settings.identity.issuers, ...own] },
      { clock, revocations, ticketKeys, previous },
      {
        keySet(outcome) {
          metrics.count('latchkey_key_sets_total', { outcome });
          if (outcome === 'failed') log.warn('the keys of an issuer could not be had');
        },
        keyIgnored: (reason) => metrics.count('latchkey_keys_ignored_total', { reason }),
        ticketMade: () => metrics.count('latchkey_tickets_made_total'),
        ticketAccepted: () => metrics.count('latchkey_tickets_accepted_total'),
        ticketRefused: (reason) => metrics.count('latchkey_tickets_refused_total', { reason }),
      },
    );
    const close = () => {
      identity.close?.();
      ticketKeys?.close();
    };
    return { identity, audiences: settings.identity.audiences, close };
  } catch (error) {
    ticketKeys?.close();
    throw error;
  }
}
