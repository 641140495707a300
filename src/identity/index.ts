import type { Redacted } from '../base/index.ts';
import type { Tickets } from './tickets.ts';
import { VerifiedCamera, VerifiedViewer } from './verified.ts';

export { type Algorithm, algorithms } from './algorithms.ts';
export { claimedKind } from './claimed-kind.ts';
export {
  createDevelopmentIssuer,
  type DevelopmentIssuer,
  type DevelopmentIssuerSettings,
} from './development-issuer.ts';
export { devicesClaim } from './devices-claim.ts';
export { createIdentity, type IdentityObserver, type IdentityPowers } from './identity.ts';
export { inspectKeys, type KeysReport } from './inspect-keys.ts';
export {
  type KeptTicketKey,
  keptTicketKeys,
  sharedTicketKeys,
  type TicketKeyStore,
  type TicketKeysObserver,
} from './kept-ticket-keys.ts';
export type { KeyFault } from './key-set.ts';
export {
  type Bearer,
  createRevocations,
  type RevocationLine,
  type Revocations,
  type RevocationTable,
} from './revocations.ts';
export type { IdentitySettings, IssuerKeys, IssuerSettings, TicketSettings, TokenKind } from './settings.ts';
export { givenTicketKeys, type TicketKeys } from './ticket-keys.ts';
export type { IssuedTicket, TicketRefusal, Tickets } from './tickets.ts';
export type { TokenEvidence, VerifiedCamera, VerifiedViewer } from './verified.ts';

export const isVerifiedViewer = VerifiedViewer.is;
export const isVerifiedCamera = VerifiedCamera.is;

/** Turns tokens into proofs. */
export interface Identity {
  /**
   * Verifies a token and says whose it is. A token's audience decides whether it is a viewer's or a camera's.
   * Throws a `token-…` error, or `keys-unavailable` when the issuer's keys cannot be had.
   */
  verify(token: Redacted<string>): Promise<VerifiedViewer | VerifiedCamera>;
  /** The same, and throws `token-audience` for a camera's token. */
  verifyViewer(token: Redacted<string>): Promise<VerifiedViewer>;
  /** The same, and throws `token-audience` for a viewer's token. */
  verifyCamera(token: Redacted<string>): Promise<VerifiedCamera>;
  /** Reconnect tickets for cameras; undefined where none are made or taken. */
  readonly tickets?: Tickets | undefined;
  /** Stops to look after the issuers' keys. */
  close?(): void;
}
