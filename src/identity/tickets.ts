import { timingSafeEqual } from 'node:crypto';
import { type Clock, type DeviceId, deviceId, limits, Redacted } from '../base/index.ts';
import type { CurrentKeys } from './issuer-keys.ts';
import type { Revocations } from './revocations.ts';
import type { IdentitySettings, IssuerSettings } from './settings.ts';
import { keyIdBytes, keyIdOf, readTicketBody, type TicketBody, ticketPrefix, writeTicketBody } from './ticket-body.ts';
import type { TicketKeys } from './ticket-keys.ts';
import { mintCamera, VerifiedCamera } from './verified.ts';

/** Why a ticket is not believed. `mac`: the key is there and the seal is not its own; `rules`: the relay's settings are others now. */
export type TicketRefusal =
  | 'malformed'
  | 'key'
  | 'mac'
  | 'issuer'
  | 'algorithm'
  | 'issuer-key'
  | 'rules'
  | 'not-yet'
  | 'expired'
  | 'revoked';

/** What tickets have to tell. Every value is from a closed set. */
export interface TicketsObserver {
  ticketMade?(): void;
  ticketAccepted?(): void;
  ticketRefused?(reason: TicketRefusal): void;
}

/** A ticket, and for how long it is good. */
export interface IssuedTicket {
  readonly ticket: Redacted<string>;
  readonly expiresInSeconds: number;
}

/**
 * Reconnect tickets: what a camera shows in the place of its token when it comes back. One costs microseconds, where a signature
 * costs hundreds.
 */
export interface Tickets {
  /**
   * A ticket for the device of a proof of this very identity. It ends with the token behind the proof, or
   * `lifetimeSecondsMax` after that token was verified, or with the key that signs it, whichever is first.
   * Undefined where there is nothing to make one of: too little time is left, the token was taken back, its names are too long, or the proof
   * came by a ticket, which is had still.
   */
  issue(camera: VerifiedCamera): IssuedTicket | undefined;
  /** The camera that a ticket proves, without waiting for anything. Undefined for every bad one, which is counted. Throws nothing. */
  redeem(ticket: Redacted<string>): VerifiedCamera | undefined;
}

/** What a camera's proof rests on, beside the claims of its token. */
export type TicketGround = Pick<TicketBody, 'namespace' | 'audience' | 'algorithm' | 'thumbprint' | 'verifiedAtMs'>;

export interface TrustedIssuer {
  readonly settings: IssuerSettings;
  readonly keys: CurrentKeys;
}

export interface TicketParts {
  readonly settings: IdentitySettings & { readonly tickets: { readonly lifetimeSecondsMax: number } };
  readonly issuers: ReadonlyMap<string, TrustedIssuer>;
  readonly keys: TicketKeys;
  readonly revocations: Revocations;
  readonly clock: Clock;
  readonly observer: TicketsObserver;
}

const macBytes = 32;

export class TicketOffice implements Tickets {
  readonly #parts: TicketParts;
  readonly #grounds = new WeakMap<VerifiedCamera, TicketGround>();

  constructor(parts: TicketParts) {
    this.#parts = parts;
  }

  /** For the verifier alone, of a proof that it has just minted. */
  remember(camera: VerifiedCamera, ground: TicketGround): void {
    this.#grounds.set(camera, ground);
  }

  issue(camera: VerifiedCamera): IssuedTicket | undefined {
    if (!VerifiedCamera.is(camera)) throw new TypeError('A ticket is made for a VerifiedCamera and for nothing else.');
    const ground = this.#grounds.get(camera);
    if (ground === undefined) return undefined;
    const { keys, revocations, clock, observer } = this.#parts;
    const { issuer, tokenId, issuedAtMs, expiresAtMs } = camera.evidence;
    const epochMs = revocations.epochOf(camera.device);
    if (revocations.isVoid(camera.device, camera.evidence)) return undefined;
    const { id: keyId, sealOf, notAfterMs } = keys.signing;
    const times = { tokenIssuedAtMs: issuedAtMs, tokenExpiresAtMs: expiresAtMs, epochMs };
    const body: TicketBody = { ...ground, ...times, keyId, device: camera.device, issuer, tokenId };
    const expiresInSeconds = Math.floor((Math.min(this.#endOf(body), notAfterMs) - clock.now()) / 1000);
    const bytes = expiresInSeconds < 1 ? undefined : writeTicketBody(body);
    if (bytes === undefined || charactersOf(bytes.length) > limits.ticketCharactersMax) return undefined;
    const ticket = ticketPrefix + Buffer.concat([bytes, sealOf(bytes)]).toString('base64url');
    observer.ticketMade?.();
    return { ticket: new Redacted(ticket), expiresInSeconds };
  }

  redeem(ticket: Redacted<string>): VerifiedCamera | undefined {
    const { observer } = this.#parts;
    const read = this.#read(ticket.reveal());
    const outcome = typeof read === 'string' ? read : this.#judge(read);
    if (typeof outcome === 'string') {
      observer.ticketRefused?.(outcome);
      return undefined;
    }
    observer.ticketAccepted?.();
    return outcome;
  }

  /** The body of a ticket that one of our keys has sealed. Nothing of it is believed before. */
  #read(text: string): TicketBody | TicketRefusal {
    if (!text.startsWith(ticketPrefix) || text.length > limits.ticketCharactersMax) return 'malformed';
    const encoded = text.slice(ticketPrefix.length);
    const all = Buffer.from(encoded, 'base64url');
    // The decoder passes over what is none of its alphabet, and over bits beyond the last byte.
    if (all.length < keyIdBytes + macBytes || all.toString('base64url') !== encoded) return 'malformed';
    const bytes = all.subarray(0, all.length - macBytes);
    const key = this.#parts.keys.find(keyIdOf(bytes));
    if (key === undefined || !(key.notAfterMs > this.#parts.clock.now())) return 'key';
    if (!timingSafeEqual(key.sealOf(bytes), all.subarray(all.length - macBytes))) return 'mac';
    return readTicketBody(bytes) ?? 'malformed';
  }

  /** Whether what the token was believed for still holds: asked anew of each thing that may have gone since. */
  #judge(body: TicketBody): VerifiedCamera | TicketRefusal {
    const { revocations } = this.#parts;
    const device = deviceOf(body.device);
    if (device === undefined) return 'malformed';
    const issuer = this.#groundOf(body);
    if (typeof issuer === 'string') return issuer;
    const untimely = this.#untimely(body);
    if (untimely !== undefined) return untimely;
    const epochMs = revocations.epochOf(device);
    // The epoch must be the very one: a relay that has missed a revocation that the ticket knows of believes the token instead.
    const token = { issuedAtMs: body.tokenIssuedAtMs, tokenId: body.tokenId };
    if (body.epochMs !== epochMs || revocations.isVoid(device, token)) return 'revoked';
    return mintCamera(device, {
      // Every proof has the name of the settings, and none keeps its ticket’s own copy.
      issuer: issuer.settings.issuer,
      tokenId: body.tokenId,
      issuedAtMs: body.tokenIssuedAtMs,
      expiresAtMs: body.tokenExpiresAtMs,
      ticket: true,
    });
  }

  /** The issuer that the proof would rest on in the same way today, or why it would not. */
  #groundOf(body: TicketBody): TrustedIssuer | TicketRefusal {
    const { settings, issuers } = this.#parts;
    const algorithm = settings.algorithms.find((taken) => taken === body.algorithm);
    if (algorithm === undefined) return 'algorithm';
    const issuer = issuers.get(body.issuer);
    if (issuer === undefined || !(issuer.settings.mints ?? ['camera']).includes('camera')) return 'issuer';
    const key = issuer.keys.loaded()?.find(({ thumbprint }) => thumbprint === body.thumbprint);
    if (key === undefined || !key.algorithms.includes(algorithm)) return 'issuer-key';
    const { namespace = '' } = issuer.settings;
    const audience = settings.audiences.camera;
    const lifetimeMs = body.tokenExpiresAtMs - body.tokenIssuedAtMs;
    if (body.namespace !== namespace || body.audience !== audience) return 'rules';
    return lifetimeMs > settings.tokenLifetimeSecondsMax * 1000 ? 'rules' : issuer;
  }

  #untimely(body: TicketBody): TicketRefusal | undefined {
    const { settings, clock } = this.#parts;
    const nowMs = clock.now();
    if (body.verifiedAtMs > nowMs + settings.clockToleranceSeconds * 1000) return 'not-yet';
    return this.#endOf(body) > nowMs ? undefined : 'expired';
  }

  #endOf({ tokenExpiresAtMs, verifiedAtMs }: TicketBody): number {
    return Math.min(tokenExpiresAtMs, verifiedAtMs + this.#parts.settings.tickets.lifetimeSecondsMax * 1000);
  }
}

/** How long the ticket of so long a body is. */
function charactersOf(bodyBytes: number): number {
  return ticketPrefix.length + Math.ceil(((bodyBytes + macBytes) * 4) / 3);
}

function deviceOf(text: string): DeviceId | undefined {
  try {
    return deviceId(text);
  } catch {
    return undefined;
  }
}
