import type { Clock, RandomSource } from '../base/index.ts';
import type { Identity } from '../identity/index.ts';
import type { GrantSigner, Pairing, Sessions } from '../pairing/index.ts';
import type { Relay } from '../relay/index.ts';
import type { SignalingObserver } from './observer.ts';
import type { HttpRequest, HttpResponse, TransportHandlers } from './transport/transport.ts';

export type { IgnoredKind, SignalingObserver, UnregisterReason, ViewKind } from './observer.ts';
export type { HttpRequest, HttpResponse } from './transport/transport.ts';

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

/** The ONVIF WebRTC server, WHEP and the list of devices, for a transport to carry. */
export interface Signaling extends TransportHandlers {
  /** Cameras that are registered now. */
  readonly devicesOnline: number;
  /** Tells everyone that the relay stops, ends all sessions, and takes nothing new. */
  stop(): void;
}

export function createSignaling(_parts: SignalingParts): Signaling {
  throw new TypeError('not wired yet');
}
