import type { EndReason, SessionId } from '../base/index.ts';
import type { VerifiedPair } from '../pairing/index.ts';
import type { RelayCounters, RelayGauges } from './driver.ts';

export {
  createRelay,
  type RelayCounters,
  type RelayGauges,
  type RelayObserver,
  type RelayPowers,
  type RelaySettings,
} from './driver.ts';
export { type DropReason, dropReasons } from './engine/drops.ts';
export { openDgramPort } from './udp/dgram-port.ts';
export type { OpenUdpPort, ReceiveDatagram, UdpPort, UdpPortCounters } from './udp/port.ts';
export { type AddressKey, type UdpAddress, udpAddress } from './wire/ip-address.ts';

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

/** What one side has sent, as far as can be read without a key: all datagrams from its latched addresses, ICE checks included. */
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
  /**
   * Takes new credentials after an ICE restart (RFC 8445 section 9); a side's old ones end as its new ones latch.
   * Throws `sdp-no-ice` for credentials that cannot be used or are in use, `overloaded`, and `peer-gone` after the end.
   */
  restart(viewer: IceCredentials, camera: IceCredentials): void;
  /**
   * Lives on until `pair.expiresAtMs`. Throws a TypeError when `pair` was not minted, `not-allowed` for another subject or
   * device or an expired pair, and `peer-gone` after the end.
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
   * Opens a wire. Throws a TypeError when `pair` was not minted, whatever its type says, or the session has a wire already;
   * `not-allowed` when the pair has expired, `sdp-no-ice` for credentials that cannot be used or are in use, and
   * `overloaded` when a table is full. The wire ends at `pair.expiresAtMs` at the latest.
   */
  open(
    pair: VerifiedPair,
    session: SessionId,
    viewer: IceCredentials,
    camera: IceCredentials,
    events: WireEvents,
  ): Wire;
  readonly counters: RelayCounters;
  /** The sizes of the relay's tables; all return to 0 when no wire is open. */
  readonly gauges: RelayGauges;
  /** Ends every wire as `relay-stopping` and lets go of the port. */
  close(): Promise<void>;
}
