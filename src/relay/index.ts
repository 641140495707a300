import type { EndReason, SessionId } from '../base/index.ts';
import type { VerifiedPair } from '../pairing/index.ts';

export type Side = 'viewer' | 'camera';

/** The ICE credentials that one side put into its session description (RFC 8839 section 5.4). */
export interface IceCredentials {
  readonly ufrag: string;
  readonly password: string;
}

/** Where the relay can be reached: what goes into a session description as a candidate. */
export interface RelayAddress {
  readonly host: string;
  readonly port: number;
}

/** What one side has sent, as far as can be read without a key. */
export interface SideStats {
  packets: number;
  bytes: number;
  /** RTP packets that never came, by the gaps in their sequence numbers. */
  lost: number;
  /** Addresses that this side has latched since the start. */
  latches: number;
}

export interface WireStats {
  readonly viewer: Readonly<SideStats>;
  readonly camera: Readonly<SideStats>;
}

export interface WireEvents {
  /** A side proved its address for the first time. */
  latched?(side: Side): void;
  /** The first media packet of a side was forwarded. */
  media?(side: Side): void;
  /** The wire ended by itself; both addresses are forgotten already. */
  ended(reason: EndReason): void;
}

/** One open wire between the two sides of one pair. */
export interface Wire {
  stats(): WireStats;
  /** Takes new credentials after an ICE restart (RFC 8445 section 9); the old ones end as the new ones latch. */
  restart(viewer: IceCredentials, camera: IceCredentials): void;
  /**
   * Lives on under a fresh pair, until its end at the latest. Throws a TypeError when `pair` was not minted, or names
   * another subject or device than the wire was opened for.
   */
  extend(pair: VerifiedPair): void;
  /** Ends the wire at once: from here on no datagram of either side goes anywhere. Calling it twice does nothing. */
  end(): void;
}

/** THE DOOR. Media moves for a live `VerifiedPair` and for nothing else. */
export interface Relay {
  /** The addresses that clients are told. */
  readonly addresses: readonly RelayAddress[];
  /**
   * Opens a wire. Throws a TypeError when `pair` was not minted, whatever its type says, and `overloaded` when the table
   * is full. The wire ends at `pair.expiresAtMs` at the latest.
   */
  open(
    pair: VerifiedPair,
    session: SessionId,
    viewer: IceCredentials,
    camera: IceCredentials,
    events: WireEvents,
  ): Wire;
  close(): Promise<void>;
}
