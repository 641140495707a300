import type { Datagram, Place } from '../wire/path.ts';

/** Why datagrams did not leave. */
export const sendFaults = ['unreachable', 'denied', 'full', 'too-large', 'closed', 'other'] as const;
export type SendFault = (typeof sendFaults)[number];

/** What a port has done since it was opened: plain numbers that only grow. */
export interface UdpPortCounters {
  /** Datagrams that could not be sent, by what was wrong. */
  readonly sendErrors: Readonly<Record<SendFault, number>>;
  /** Errors that the socket reported by itself, and datagrams from an address that cannot be answered (port 0). */
  readonly receiveErrors: number;
  /** Datagrams that the kernel had no room for; 0 where the system does not say. */
  readonly kernelDrops: number;
  /** How often datagrams were taken from the system, and how often given to it. */
  readonly receiveCalls: number;
  readonly sendCalls: number;
}

/** The places of these numbers, in an array that may lie in memory that another thread reads. */
export const portCell = { receiveErrors: 0, kernelDrops: 1, receiveCalls: 2, sendCalls: 3, sendErrors: 4 } as const;
export const portCellCount = portCell.sendErrors + sendFaults.length;

export type PortCells = Float64Array;

export function portCountersOf(cells: PortCells): UdpPortCounters {
  const at = (place: number) => cells[place] ?? 0;
  return {
    sendErrors: Object.fromEntries(
      sendFaults.map((fault, index) => [fault, at(portCell.sendErrors + index)]),
    ) as Record<SendFault, number>,
    receiveErrors: at(portCell.receiveErrors),
    kernelDrops: at(portCell.kernelDrops),
    receiveCalls: at(portCell.receiveCalls),
    sendCalls: at(portCell.sendCalls),
  };
}

export function countPort(cells: PortCells, place: number, by = 1): void {
  cells[place] = (cells[place] ?? 0) + by;
}

export function countSendFault(cells: PortCells, fault: SendFault, by = 1): void {
  countPort(cells, portCell.sendErrors + sendFaults.indexOf(fault), by);
}

/** One bound UDP port. Every implementation passes the contract suite in `test/relay/udp-port-contract.ts`. */
export interface UdpPort {
  /** Where it is bound: the host that was asked for, and the real port. */
  readonly address: Place;
  /** What the kernel really gives, in bytes. */
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  /**
   * Sends the bytes from `start` to `end` as one datagram to the path whose words begin at `to[toAt]`, or counts a send error; never
   * throws. With `step` they are several of so many bytes each, the last one of what is left. The bytes of a datagram may be passed on from within its own `receive`
   * call, and need not be copied; other bytes must not change afterwards.
   */
  send(to: Uint32Array, toAt: number, bytes: Buffer, start: number, end: number, step?: number): void;
  /** Lets go of the socket. Nothing is received after the call. Calling it twice does nothing. */
  close(): Promise<void>;
}

/** Takes one datagram. The object and its bytes are the port's own again when the call returns; what is kept has to be copied. */
export type ReceiveDatagram = (datagram: Datagram) => void;

/** Takes datagrams of `step` bytes each that lie one behind the other, the last maybe shorter. The same holds for them. */
export type ReceiveRun = (run: Datagram, step: number) => void;

export interface PortSettings {
  /** An IP address of this machine; `::` means every address, IPv4 as well. */
  readonly host: string;
  /** 0 for one that is free. */
  readonly port: number;
}

/** Opens a port. Throws `settings-invalid` when it cannot be bound. */
export type OpenUdpPort = (at: PortSettings, receive: ReceiveDatagram, cells: PortCells) => Promise<UdpPort>;
