import type { DeviceId, EndReason, ErrorCode } from '../base/index.ts';
import type { VerifiedCamera, VerifiedViewer } from '../identity/index.ts';
import type { Session } from './sessions.ts';
import type { VerifiedPair } from './verified-pair.ts';

/** What one side of a live view has sent, as the relay counted it. Times are in milliseconds since the epoch. */
export interface SideFigures {
  readonly packets: number;
  readonly bytes: number;
  readonly rtpPackets: number;
  /** When its first media went on to the other side; undefined where none did. */
  readonly firstMediaAtMs: number | undefined;
  /** When its last media came. */
  readonly lastMediaAtMs: number | undefined;
}

export type MediaFigures = Readonly<Record<'viewer' | 'camera', SideFigures>>;

/** How a live view began. */
export interface Beginning {
  readonly session: Session;
  readonly camera: VerifiedCamera;
  /** How it is set up, from a closed set. */
  readonly flow: string;
  /** What it has carried so far; undefined while it has no wire. */
  figures(): MediaFigures | undefined;
}

/** How a live view ended. */
export interface Ending {
  readonly reason: EndReason;
  /** What went wrong, where it never opened. */
  readonly cause: ErrorCode | undefined;
  readonly atMs: number;
  readonly figures: MediaFigures | undefined;
}

/**
 * Takes down who saw what. It takes proofs and nothing that looks like one: each method throws a TypeError, or rejects with one, for a
 * session without a real pair.
 */
export interface Trail {
  /**
   * A live view is about to begin. Resolves when that is on record for good, and nothing may be shown before. Rejects with
   * `audit-unavailable` where it cannot be written, and shall be.
   */
  began(beginning: Beginning): Promise<void>;
  /** The first media of a side went on to the other one. */
  mediaBegan(session: Session, side: 'viewer' | 'camera', atMs: number): void;
  /** It lives on under a fresh pair, and rests on other evidence from now on. */
  extended(session: Session): void;
  /** Its source was asked again: `fresh` is what it says now; undefined where it says no. */
  reproved(session: Session, fresh: VerifiedPair | undefined): void;
  /** It goes on with another proof of the same camera. */
  moved(session: Session, camera: VerifiedCamera): void;
  ended(session: Session, ending: Ending): void;
  /** A verified person asked for a camera and did not get it. */
  refused(viewer: VerifiedViewer, device: DeviceId, code: ErrorCode): void;
}
