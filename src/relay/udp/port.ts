import type { RelayAddress } from '../index.ts';
import type { UdpAddress } from '../wire/ip-address.ts';

/** What a port has done since it was opened: plain numbers that only grow. */
export interface UdpPortCounters {
  /** Datagrams that could not be sent: no route, no buffer space, too large, a full queue, or a port that is closed. */
  sendErrors: number;
  /** Errors that the socket reported by itself, and datagrams from an address that cannot be answered (port 0). */
  receiveErrors: number;
}

/** One bound UDP port. Every implementation passes the contract suite in `test/relay/udp-port-contract.ts`. */
export interface UdpPort {
  /** Where it is bound: the host that was asked for, and the real port. */
  readonly address: RelayAddress;
  readonly counters: Readonly<UdpPortCounters>;
  /** What the kernel really gives, in bytes. */
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  /**
   * Sends one datagram, or counts a send error; never throws. The bytes of a datagram may be passed on from within its own
   * `receive` call; other bytes must not change afterwards.
   */
  send(to: UdpAddress, bytes: Buffer): void;
  /** Lets go of the socket. Nothing is received after the call. Calling it twice does nothing. */
  close(): Promise<void>;
}

/** Takes one datagram. `bytes` are the port's own again when the call returns; a copy has to be made of what is kept. */
export type ReceiveDatagram = (from: UdpAddress, bytes: Buffer) => void;

/**
 * Opens a port at an IP address of this machine; `::` means every address, IPv4 as well, and port 0 one that is free.
 * Throws `settings-invalid` when it cannot be bound.
 */
export type OpenUdpPort = (
  at: { readonly host: string; readonly port: number },
  receive: ReceiveDatagram,
) => Promise<UdpPort>;
