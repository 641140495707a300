import type { Side } from '../index.ts';
import { type DropReason, dropReasons } from './drops.ts';

export interface Traffic {
  packets: number;
  bytes: number;
}

/** What an engine has done since its start: plain numbers, to be read at any time. They only grow. */
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

export function newCounters(): EngineCounters {
  return {
    wiresOpened: 0,
    wiresEnded: 0,
    received: { viewer: { packets: 0, bytes: 0 }, camera: { packets: 0, bytes: 0 } },
    forwarded: { viewer: { packets: 0, bytes: 0 }, camera: { packets: 0, bytes: 0 } },
    drops: Object.fromEntries(dropReasons.map((reason) => [reason, 0])) as Record<DropReason, number>,
    latches: { viewer: 0, camera: 0 },
    moves: 0,
  };
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
