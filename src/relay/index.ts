import type { EndReason, SessionId } from '../base/index.ts';
import type { VerifiedPair } from '../pairing/index.ts';
import type { EngineCounters, EngineSizes } from './engine/counters.ts';
import type { WireRates } from './engine/leg.ts';
import type { TcpNumbers } from './tcp/counters.ts';
import type { UdpPortCounters } from './udp/port.ts';

export { announcedAddresses } from './addresses.ts';
export { createRelay, type RelayObserver, type RelayPowers, type RelaySettings } from './create-relay.ts';
export { type DropReason, dropReasons } from './engine/drops.ts';
export type { RateBounds } from './engine/policer.ts';
export { openDgramPort } from './udp/dgram-port.ts';
export type { OpenUdpPort, ReceiveDatagram, SendFault, UdpPort, UdpPortCounters } from './udp/port.ts';
export { whyNotBatched } from './udp/why-not-batched.ts';
export { type Datagram, type Path, type Place, pathOf, placeOf } from './wire/path.ts';

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
  /** By TCP the relay waits for the client to connect (RFC 6544: `passive`). */
  readonly transport: 'udp' | 'tcp';
}

/** What one side has sent, as far as can be read without a key: all datagrams from its latched addresses, ICE checks included. */
export interface SideStats {
  readonly packets: number;
  readonly bytes: number;
  /** Addresses that this side has latched since the start. */
  readonly latches: number;
  readonly rtpPackets: number;
  /** RTP packets that never came, by the gaps in their sequence numbers. */
  readonly lost: number;
  /** Datagrams that were over this side's rate, or the session's. */
  readonly policed: number;
  /** Interarrival jitter of RTP (RFC 3550 section 6.4.1), in milliseconds; 0 as long as it is not known. */
  readonly jitterMs: number;
  /** The longest time without RTP after its first packet. */
  readonly longestSilenceMs: number;
  /** When its first media was forwarded, in milliseconds since the epoch; 0 where none was. */
  readonly firstMediaAtMs: number;
  /** When its last RTP packet came; 0 where none did. */
  readonly lastMediaAtMs: number;
}

/** What the relay knows of a wire without looking inside. Loss, jitter, silence and the time of the last media are renewed with each check, every few seconds. */
export interface WireStats {
  readonly viewer: SideStats;
  readonly camera: SideStats;
  /** From the latch of the second side to the first RTP packet that was forwarded; undefined before. */
  readonly firstMediaMs: number | undefined;
}

export interface WireEvents {
  /** A side proved its address for the first time. */
  latched?(side: Side): void;
  /** The first media packet of a side was forwarded. */
  media?(side: Side): void;
  /** The wire ended by itself; both addresses are forgotten already. */
  ended(reason: EndReason): void;
  /** It is over in its worker too, however it ended, and these are its last figures. Told once, after `ended` where that is told. */
  finished?(stats: WireStats): void;
}

/** One open wire between the two sides of one pair. */
export interface Wire {
  /** As it stands; after the end, as it stood then. */
  stats(): WireStats;
  /**
   * Takes new credentials after an ICE restart (RFC 8445 section 9); a side's old ones end as its new ones latch.
   * Rejects with `sdp-no-ice` for credentials that cannot be used or are in use, `overloaded`, and `peer-gone` after the end.
   */
  restart(viewer: IceCredentials, camera: IceCredentials): Promise<void>;
  /**
   * Lives on until `pair.expiresAtMs`. Throws a TypeError when `pair` was not minted, `not-allowed` for another subject or
   * device or an expired pair, and `peer-gone` after the end.
   */
  extend(pair: VerifiedPair): void;
  /**
   * Ends the wire at once: from here on no datagram of either side is passed on, but for those that a media worker has passed on
   * already and is about to send with its batch. Calling it twice does nothing.
   */
  end(): void;
}

/** A place for one session's wire, in the media worker that has the least to do. */
export interface Reservation {
  /** Where the two sides will find their wire: what their descriptions name. */
  readonly addresses: readonly RelayAddress[];
  /**
   * Opens the wire, once. When it resolves, the first check finds it. Rejects with `not-allowed` when the pair has expired,
   * `sdp-no-ice` for credentials that cannot be used or are in use, `overloaded` when a table is full, and `peer-gone` after
   * `release`. The wire ends at `pair.expiresAtMs` at the latest.
   */
  open(viewer: IceCredentials, camera: IceCredentials, events: WireEvents): Promise<Wire>;
  /** Gives the place back. A wire that was opened is not touched. */
  release(): void;
}

/** Everything that the relay counts, of all its workers together, readable at any time. */
export interface RelayCounters extends EngineCounters, UdpPortCounters {
  /** Media workers that died and began again. */
  readonly workersFailed: number;
  /** What came and went by TCP, as it was a second ago at the latest. */
  readonly tcp: TcpNumbers;
}

export type RelayGauges = EngineSizes;

/** What one media worker counts, and the wires that it has now. */
export interface WorkerCounters extends EngineCounters, UdpPortCounters {
  readonly wires: number;
  /** CPU time of its thread, in seconds; 0 where it has no thread, or the platform does not say. */
  readonly busySeconds: number;
  /** How often it died and began again. */
  readonly failed: number;
}

/** THE DOOR. Media moves for a live `VerifiedPair` and for nothing else. */
export interface Relay {
  /** Every address that clients may be told, of all workers. */
  readonly addresses: readonly RelayAddress[];
  /**
   * Makes room for a session's wire. Throws a TypeError when `pair` was not minted, whatever its type says, or the session has a
   * place already; `not-allowed` when the pair has expired, and `overloaded` while no worker can take it.
   */
  reserve(pair: VerifiedPair, session: SessionId): Reservation;
  /** Polices every wire by these rates from here on, those that are open too. */
  useRates(rates: WireRates): void;
  readonly counters: RelayCounters;
  /** The same, but for TCP, of each media worker; always as many as there are workers. */
  readonly workers: readonly WorkerCounters[];
  /** The sizes of the relay's tables; all return to 0 when no wire is open. */
  readonly gauges: RelayGauges;
  /** Ends every wire as `relay-stopping` and lets go of the ports. */
  close(): Promise<void>;
}
