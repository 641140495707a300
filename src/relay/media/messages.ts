import type { MessagePort } from 'node:worker_threads';
import type { EndReason, ErrorCode } from '../../base/index.ts';
import type { WireRates } from '../engine/leg.ts';
import type { IceCredentials, Side } from '../index.ts';
import type { SocketFacts } from '../udp/udp-socket.ts';
import type { Place } from '../wire/path.ts';

/** What the door tells a station. They arrive in the order in which they were sent. */
export type Control =
  | {
      readonly kind: 'open';
      readonly request: number;
      readonly wire: number;
      readonly expiresAtMs: number;
      readonly viewer: IceCredentials;
      readonly camera: IceCredentials;
    }
  | {
      readonly kind: 'restart';
      readonly request: number;
      readonly wire: number;
      readonly viewer: IceCredentials;
      readonly camera: IceCredentials;
    }
  | { readonly kind: 'extend'; readonly wire: number; readonly expiresAtMs: number }
  | { readonly kind: 'end'; readonly wire: number }
  | { readonly kind: 'rates'; readonly rates: WireRates }
  /** In the place of any road before it. */
  | ({ readonly kind: 'tcp' } & TcpRoad)
  | { readonly kind: 'close' };

/** A station’s road to the TCP thread; the other end is a `StationRoad`. */
export interface TcpRoad {
  readonly port: MessagePort;
  readonly onTheWay: SharedArrayBuffer;
  /** The UDP ports of this machine from which that thread wakes the station. */
  readonly wakerPorts: readonly number[];
}

/** What a station tells the door. After `ended` it tells nothing more of that wire, and the number is free again. */
export type Report =
  | { readonly kind: 'ready'; readonly port: number; readonly receiveBufferBytes: number }
  | { readonly kind: 'done'; readonly request: number }
  | {
      readonly kind: 'refused';
      readonly request: number;
      readonly code: ErrorCode;
      readonly detail: string | undefined;
    }
  | { readonly kind: 'latched' | 'media'; readonly wire: number; readonly side: Side }
  | { readonly kind: 'moved'; readonly from: number; readonly to: number }
  /** `reason` is absent where the door itself has ended it. */
  | { readonly kind: 'ended'; readonly wire: number; readonly reason: EndReason | undefined };

/** What a station is made of, as plain data. */
export interface StationSettings {
  readonly rates: WireRates;
  readonly hashSeed: number;
  /** The relay's own addresses, port 0 for its own port: nothing that seems to come from one of them is a client. */
  readonly own: readonly Place[];
  /** Memory that the door reads too: the ledger of its wires, its engine's cells, its port's cells. */
  readonly ledger: ArrayBufferLike;
  readonly engineCells: Float64Array;
  readonly portCells: Float64Array;
}

/** What a thread begins with. */
export interface ThreadSettings extends StationSettings {
  /** The socket of a batched port; absent where the thread opens a port on `node:dgram` itself, at `at`. */
  readonly socket: SocketFacts | undefined;
  readonly at: { readonly host: string; readonly port: number };
  readonly mailbox: SharedArrayBuffer;
  /** One number that the door reads: the CPU time of the thread, in seconds. */
  readonly busy: Float64Array;
}
