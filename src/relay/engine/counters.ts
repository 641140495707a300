import type { Side } from '../index.ts';
import { type DropReason, dropReasons } from './drops.ts';

export interface Traffic {
  packets: number;
  bytes: number;
}

/** What an engine has done since its start: plain numbers that only grow. */
export interface EngineCounters {
  wiresOpened: number;
  wiresEnded: number;
  /** Datagrams from addresses that a side had latched, checks included. */
  readonly received: Readonly<Record<Side, Traffic>>;
  /** Datagrams that were passed on, by the side that they came from. A check can go to several addresses. */
  readonly forwarded: Readonly<Record<Side, Traffic>>;
  readonly drops: Record<DropReason, number>;
  /** Addresses that became a side's. */
  readonly latches: Record<Side, number>;
  /** Addresses that a valid check took from another side or wire. */
  moves: number;
}

/** The sizes of an engine's tables, now. */
export interface EngineSizes {
  readonly wires: number;
  readonly latches: number;
  readonly usernames: number;
  readonly deadlines: number;
  readonly transactions: number;
  readonly held: number;
  readonly streams: number;
}

/** The places of the numbers in `EngineCells`. Where there are two, the first is the viewer's and the second the camera's. */
export const cell = {
  wiresOpened: 0,
  wiresEnded: 1,
  moves: 2,
  receivedPackets: 3,
  receivedBytes: 5,
  forwardedPackets: 7,
  forwardedBytes: 9,
  latches: 11,
  wires: 13,
  latched: 14,
  usernames: 15,
  deadlines: 16,
  transactions: 17,
  held: 18,
  streams: 19,
  drops: 20,
} as const;

export const engineCellCount = cell.drops + dropReasons.length;

/**
 * All that an engine counts, as numbers in one array, which may lie in memory that another thread reads. One thread writes; an
 * aligned number of eight bytes is written at once on every machine that Node runs on, so a reader sees each whole.
 */
export type EngineCells = Float64Array;

export function newEngineCells(): EngineCells {
  return new Float64Array(engineCellCount);
}

/** The counters among the cells, as they stand. */
export function countersOf(cells: EngineCells): EngineCounters {
  const at = (place: number) => cells[place] ?? 0;
  const traffic = (packets: number, bytes: number): Record<Side, Traffic> => ({
    viewer: { packets: at(packets), bytes: at(bytes) },
    camera: { packets: at(packets + 1), bytes: at(bytes + 1) },
  });
  return {
    wiresOpened: at(cell.wiresOpened),
    wiresEnded: at(cell.wiresEnded),
    received: traffic(cell.receivedPackets, cell.receivedBytes),
    forwarded: traffic(cell.forwardedPackets, cell.forwardedBytes),
    drops: Object.fromEntries(dropReasons.map((reason, index) => [reason, at(cell.drops + index)])) as Record<
      DropReason,
      number
    >,
    latches: { viewer: at(cell.latches), camera: at(cell.latches + 1) },
    moves: at(cell.moves),
  };
}

/** The sizes among the cells, as they stand. */
export function sizesOf(cells: EngineCells): EngineSizes {
  const at = (place: number) => cells[place] ?? 0;
  return {
    wires: at(cell.wires),
    latches: at(cell.latched),
    usernames: at(cell.usernames),
    deadlines: at(cell.deadlines),
    transactions: at(cell.transactions),
    held: at(cell.held),
    streams: at(cell.streams),
  };
}
