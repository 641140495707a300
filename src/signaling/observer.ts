import type { EndReason, ErrorCode } from '../base/index.ts';
import type { Side } from '../relay/index.ts';
import type { AdmissionObserver } from './admission/index.ts';
import type { MovedKind } from './drain/index.ts';

/** How a live view was set up: ONVIF's own flow, the camera's answer to a viewer's offer, or the same over WHEP. */
export type ViewKind = 'onvif' | 'answer' | 'whep';

/** Why a camera is no longer registered. */
export type UnregisterReason =
  | 'asked'
  | 'closed'
  | 'replaced'
  | 'expired'
  | 'stopping'
  | 'moving'
  | 'token-revoked'
  | 'device-quarantined'
  | 'switched-off';

/** What came and was put aside, because nobody waits for it or because it must not travel. */
export type IgnoredKind = 'unknown-answer' | 'candidate' | 'notification' | 'device-fault';

/** What signaling tells whoever counts and logs. Every value is from a closed set or a number of milliseconds. */
export interface SignalingObserver extends AdmissionObserver {
  /** A peer was told an error of the table. */
  refused?(code: ErrorCode, where: 'http' | 'websocket'): void;
  registered?(): void;
  unregistered?(reason: UnregisterReason): void;
  sessionOpened?(kind: ViewKind): void;
  /** A viewer has its description, that long after it asked. */
  answered?(ms: number): void;
  sessionEnded?(reason: EndReason): void;
  /** A live view went on with a newer connection of its camera. */
  sessionMoved?(): void;
  /** A side proved its address to the relay for the first time. */
  latched?(side: Side): void;
  /** The first media of a side was forwarded, that long after the session began. */
  firstMedia?(side: Side, ms: number): void;
  /** A connection was told to come back elsewhere, since this relay is about to end. */
  toldToMove?(kind: MovedKind): void;
  ignored?(what: IgnoredKind): void;
  /** Something threw that is not an error of the table: a fault of the relay's own. */
  internal?(error: unknown): void;
}
