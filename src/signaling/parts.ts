import type { Clock, RandomSource } from '../base/index.ts';
import type { Identity } from '../identity/index.ts';
import type { GrantSigner, Pairing, Sessions } from '../pairing/index.ts';
import type { Relay } from '../relay/index.ts';
import type { SignalingObserver } from './observer.ts';
import { Registrations } from './registrations.ts';
import type { HttpRequest, HttpResponse } from './transport/transport.ts';

export interface SignalingSettings {
  /** The realm that a refusal names to whoever came without a token (RFC 6750 section 3). */
  readonly realm: string;
  /** Open WebSockets that have not shown a token yet; more are refused. `limits.connectionsUnregisteredMax` at most. */
  readonly unregisteredMax: number;
}

export interface SignalingParts {
  readonly identity: Identity;
  readonly pairing: Pairing;
  readonly sessions: Sessions;
  readonly relay: Relay;
  readonly grants: GrantSigner;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly settings: SignalingSettings;
  readonly observer?: SignalingObserver | undefined;
  /** Answers what is not signaling: the page, health, the demo. Undefined: nothing is there. */
  readonly web?: ((request: HttpRequest) => Promise<HttpResponse | undefined>) | undefined;
}

/** What every part of this room shares. */
export interface Core extends SignalingParts {
  readonly observer: SignalingObserver;
  readonly registrations: Registrations;
}

export function coreOf(parts: SignalingParts): Core {
  return { ...parts, observer: parts.observer ?? {}, registrations: new Registrations(parts.clock) };
}
