import { Agenda, type Clock, noTracer, type RandomSource, type Redacted, type Tracer } from '../base/index.ts';
import type { Identity, TokenKind } from '../identity/index.ts';
import type { GrantSigner, Pairing, Sessions, Trail } from '../pairing/index.ts';
import type { Relay } from '../relay/index.ts';
import { Admission, type AdmissionSettings } from './admission/index.ts';
import { Moving } from './drain/index.ts';
import type { SignalingObserver } from './observer.ts';
import { Registrations } from './registrations.ts';
import { Crowd, nothingThrown, type ThrownLevers } from './thrown.ts';
import type { HttpRequest, HttpResponse } from './transport/transport.ts';

export interface SignalingSettings {
  /** The realm that a refusal names to whoever came without a token (RFC 6750 section 3). */
  readonly realm: string;
  /** Open WebSockets that have not shown a token yet; more are refused. `limits.connectionsUnregisteredMax` at most. */
  readonly unregisteredMax: number;
  readonly admission: AdmissionSettings;
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
  /** What a token says that it is, unverified: it chooses where the token waits, and nothing else. */
  readonly claimedKind: (token: Redacted<string>) => TokenKind | undefined;
  /** How late the event loop is, in milliseconds. Undefined: never. */
  readonly lagMs?: (() => number) | undefined;
  readonly observer?: SignalingObserver | undefined;
  /** Where requests are traced; nowhere, when left out. */
  readonly tracer?: Tracer | undefined;
  /** What an operator has thrown. Undefined: nothing, ever. */
  readonly levers?: ThrownLevers | undefined;
  /** Puts on record who sees what. Undefined: nobody does. */
  readonly trail?: Trail | undefined;
  /** Answers what is not signaling: the page, health, the demo. Undefined: nothing is there. */
  readonly web?: ((request: HttpRequest) => Promise<HttpResponse | undefined>) | undefined;
}

/** What every part of this room shares. */
export interface Core extends SignalingParts {
  readonly observer: SignalingObserver;
  readonly tracer: Tracer;
  readonly registrations: Registrations;
  readonly admission: Admission;
  readonly levers: ThrownLevers;
  /** The connections of viewers. */
  readonly crowd: Crowd;
  readonly moving: Moving;
  /** The public keys of the grants, for every camera that registers. */
  readonly grantKeysJson: string;
  /** When connections may have to end. */
  readonly agenda: Agenda;
}

export function coreOf(parts: SignalingParts): Core {
  const { settings, clock, random, lagMs, observer = {}, tracer = noTracer, levers = nothingThrown } = parts;
  const admission = new Admission(settings.admission, { clock, random, lagMs }, observer);
  const moving = new Moving(clock);
  const registrations = new Registrations(clock, moving, levers);
  const [crowd, agenda] = [new Crowd(), new Agenda(clock)];
  const grantKeysJson = JSON.stringify(parts.grants.keys);
  return { ...parts, observer, tracer, registrations, admission, levers, crowd, moving, grantKeysJson, agenda };
}
