import type { DatagramClass } from '../wire/demultiplex.ts';

/** Why a datagram went nowhere. None of them is answered. */
export const dropReasons = [
  'empty',
  'class-zrtp',
  'class-turn-channel',
  'class-quic',
  'class-unassigned',
  'unlatched',
  'ended',
  'side-bit-rate',
  'side-packet-rate',
  'session-bit-rate',
  'session-packet-rate',
  'stun-malformed',
  'stun-fingerprint',
  'stun-method',
  'username-missing',
  'username-unknown',
  'integrity',
  'own-address',
  'replayed',
  'transaction-unknown',
  'asker-gone',
  'held-too-large',
  'held-too-many',
  'held-too-long',
] as const;

export type DropReason = (typeof dropReasons)[number];

const places: ReadonlyMap<DropReason, number> = new Map(dropReasons.map((reason, index) => [reason, index]));

/**
 * The place of a reason in the list. From a map: V8 gives a record of all reasons the shape of the counters by reason, which may
 * hold numbers too large to go without a box, and would then make a box for each place that is read.
 */
export function placeOfDrop(reason: DropReason): number {
  return places.get(reason) ?? dropReasons.length;
}

/** The reason for a class that is nobody's. Written out: a text that is put together would be made anew for each datagram. */
export const classDrop = {
  zrtp: 'class-zrtp',
  'turn-channel': 'class-turn-channel',
  quic: 'class-quic',
  unassigned: 'class-unassigned',
} as const satisfies Partial<Record<DatagramClass, DropReason>>;
