/** Why a connection is no more. The first four are for strangers alone. */
export const tcpCloseReasons = [
  'unclaimed',
  'unclaimed-no-check',
  'unclaimed-too-much',
  'frame-too-long',
  'silent',
  'overflow',
  'peer-closed',
  'error',
  'released',
] as const;

/**
 * `unclaimed`: no valid check in time. `unclaimed-no-check`: something else than a check before the first valid one.
 * `unclaimed-too-much`: more than a stranger may bring. `frame-too-long`: a frame that is none of ours. `silent`: no frame for
 * too long. `overflow`: more waits for it than may, and none of it media. `peer-closed`: the other end closed, or half of it.
 * `error`: the network ended it. `released`: its owner did.
 */
export type TcpCloseReason = (typeof tcpCloseReasons)[number];

/** What a listener has done since it was opened: plain numbers that only grow. */
export interface TcpCounters {
  accepted: number;
  /** Connections for which there was no place. */
  refused: number;
  readonly closed: Record<TcpCloseReason, number>;
  framesIn: number;
  /** Without the frames' headers, as all bytes here. */
  bytesIn: number;
  /** Frames that the operating system was given, or is about to be. */
  framesOut: number;
  bytesOut: number;
  /** Frames of media that a slow reader never got. */
  mediaDropped: number;
  /** Frames for a connection that is not there or was not claimed, empty or too long ones, and what came before STUN. */
  unsent: number;
  acceptErrors: number;
}

/** The same numbers in an array that may lie in memory which another thread reads, and how many connections are open. */
export const tcpCellCount = 9 + tcpCloseReasons.length;

export function tcpCellsFrom(
  from: { readonly counters: Readonly<TcpCounters>; readonly open: number },
  cells: Float64Array,
): void {
  const { closed, ...numbers } = from.counters;
  const { accepted, refused, framesIn, bytesIn, framesOut, bytesOut, mediaDropped, unsent } = numbers;
  cells.set([from.open, accepted, refused, framesIn, bytesIn, framesOut, bytesOut, mediaDropped, unsent]);
  cells.set(
    tcpCloseReasons.map((reason) => closed[reason]),
    tcpCellCount - tcpCloseReasons.length,
  );
}

/** What is known of TCP, as it was a second ago at the latest. */
export interface TcpNumbers extends Omit<TcpCounters, 'acceptErrors'> {
  /** Connections that are open. */
  readonly open: number;
}

export function tcpNumbersOf(cells: Float64Array): TcpNumbers {
  const [open, accepted, refused, framesIn, bytesIn, framesOut, bytesOut, mediaDropped, unsent] = cells;
  const at = (reason: TcpCloseReason) => cells[tcpCellCount - tcpCloseReasons.length + tcpCloseReasons.indexOf(reason)];
  return {
    open: open ?? 0,
    accepted: accepted ?? 0,
    refused: refused ?? 0,
    framesIn: framesIn ?? 0,
    bytesIn: bytesIn ?? 0,
    framesOut: framesOut ?? 0,
    bytesOut: bytesOut ?? 0,
    mediaDropped: mediaDropped ?? 0,
    unsent: unsent ?? 0,
    closed: Object.fromEntries(tcpCloseReasons.map((reason) => [reason, at(reason) ?? 0])) as TcpCounters['closed'],
  };
}

export function freshTcpCounters(): TcpCounters {
  return {
    accepted: 0,
    refused: 0,
    closed: {
      unclaimed: 0,
      'unclaimed-no-check': 0,
      'unclaimed-too-much': 0,
      'frame-too-long': 0,
      silent: 0,
      overflow: 0,
      'peer-closed': 0,
      error: 0,
      released: 0,
    },
    framesIn: 0,
    bytesIn: 0,
    framesOut: 0,
    bytesOut: 0,
    mediaDropped: 0,
    unsent: 0,
    acceptErrors: 0,
  };
}
