import type { IceCredentials } from '../../../src/relay/index.ts';

/** What the soak asks of the process that plays its viewers and cameras. Each session has a seat of its own, and so its addresses. */
export type SoakAsk =
  | {
      readonly kind: 'begin';
      readonly seat: number;
      readonly port: number;
      readonly packetsPerSecond: number;
      readonly ice: readonly [IceCredentials, IceCredentials];
    }
  /** New credentials, for the same seat. */
  | { readonly kind: 'renew'; readonly seat: number; readonly ice: readonly [IceCredentials, IceCredentials] }
  | { readonly kind: 'stop'; readonly seat: number }
  | { readonly kind: 'finish' };

/** What it answers: `stopped` when all that a session sent has had time to come. */
export type SoakAnswer =
  | { readonly kind: 'talking'; readonly seat: number }
  | {
      readonly kind: 'stopped';
      readonly seat: number;
      readonly sent: number;
      readonly received: number;
      /** What this process itself has lost so far, of all sessions: what its sockets had no room for, and what did not leave. */
      readonly lostHere: number;
    };
