import type { MessagePort } from 'node:worker_threads';
import type { Place } from '../wire/path.ts';

/** Several datagrams in one block: each ends where the next one begins. */
export interface Frames {
  readonly kind: 'frames';
  readonly bytes: Uint8Array;
  readonly ends: readonly number[];
  /** The connection of each. */
  readonly connections: readonly number[];
}

/** What the TCP thread tells a station. */
export type TcpArrival =
  | Frames
  /** Comes before the first frame of a connection. */
  | { readonly kind: 'connected'; readonly connection: number; readonly remote: Place; readonly local: Place }
  | { readonly kind: 'closed'; readonly connection: number };

/** What a station tells the TCP thread. */
export type TcpDeparture = Frames | { readonly kind: 'claim' | 'release'; readonly connection: number };

/** How the TCP thread reaches one station. */
export interface StationRoad {
  readonly station: number;
  readonly port: MessagePort;
  /** What is on its way to the station, and from it, see `OnTheWay`: who sends adds, who receives takes off. */
  readonly onTheWay: SharedArrayBuffer;
  readonly mailbox: SharedArrayBuffer;
  /** Where a datagram wakes it; undefined where it does not wait in the kernel. */
  readonly wakeAt: Place | undefined;
}

/** What the door tells the TCP thread. */
export type TcpControl = ({ readonly kind: 'station' } & StationRoad) | { readonly kind: 'close' };

export interface TcpThreadSettings {
  readonly hosts: readonly string[];
  readonly port: number;
  /** Memory that the door reads too. */
  readonly cells: Float64Array;
}

export type TcpReport =
  | { readonly kind: 'ready'; readonly port: number; readonly wakerPorts: readonly number[] }
  | { readonly kind: 'refused'; readonly detail: string | undefined };
