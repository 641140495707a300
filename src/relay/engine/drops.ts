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

/** The place of each reason in the list. */
export const dropIndex = Object.fromEntries(dropReasons.map((reason, index) => [reason, index])) as Readonly<
  Record<DropReason, number>
>;
