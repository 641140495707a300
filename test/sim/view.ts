import type { Side } from '../../src/relay/index.ts';
import type { Node } from './node.ts';
import type { Peer } from './peer.ts';
import type { Socket } from './socket.ts';

/** On what a live view may rest: a question that was asked, and the token that came with it. */
export interface Term {
  /** Answers that were right from here on may have been used. */
  readonly sinceMs: number;
  readonly tokenUntilMs: number;
  /** When the youngest token was issued that may have been used. */
  readonly issuedMs: number | undefined;
  /** The token, where it was this one and no other. */
  readonly tokenId: string | undefined;
}

/** A live view that somebody asked for, as the world knows it. */
export interface View {
  readonly number: number;
  readonly via: 'offer' | 'onvif' | 'whep';
  readonly person: string;
  readonly camera: string;
  readonly node: Node;
  /** The viewer's connection; absent for WHEP. */
  readonly socket: Socket | undefined;
  readonly fingerprint: string;
  readonly terms: Term[];
  readonly peers: Record<Side, Peer | undefined>;
  /** When either side's checks or answers last reached the node. */
  readonly heardMs: Record<Side, number>;
  session: string | undefined;
  /** When its session was first heard of. */
  boundMs: number | undefined;
  etag: string | undefined;
  /** The camera's connection that serves it. */
  cameraSocket: Socket | undefined;
  /** Until when it may go on without its camera's connection, which is gone. */
  awayUntilMs: number | undefined;
  /** A side has been told that it is over, or can't be told any more. */
  ended: boolean;
  opened: boolean;
}
