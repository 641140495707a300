import type { DeviceId, Span } from '../base/index.ts';
import type { VerifiedViewer } from '../identity/index.ts';
import { OwnershipProof } from './proof.ts';
import type { OwnershipChange } from './source.ts';

export { claimsSource } from './claims-source.ts';
export type { Grant, GrantBook } from './grant-book.ts';
export {
  type AnswerFrom,
  createOwnership,
  type OwnershipAlarm,
  type OwnershipObserver,
  type OwnershipPowers,
  type OwnershipSettings,
} from './ownership.ts';
export { postgresSchema } from './postgres-schema.ts';
export {
  openPostgresBook,
  openPostgresSource,
  type PostgresPowers,
  type PostgresSettings,
  type PostgresSource,
} from './postgres-source.ts';
export type { OwnershipProof } from './proof.ts';
export { openRedisStore, type RedisSettings } from './redis-store.ts';
export { refusingSource } from './refusing-source.ts';
export { createLruStore, type SealedStore } from './sealed-cache.ts';
export { openServiceSource, type ServicePowers, type ServiceSettings } from './service-source.ts';
export {
  createSharedCache,
  type SharedAlarm,
  type SharedCache,
  type SharedCacheObserver,
  type SharedOutcome,
} from './shared-cache.ts';
export { readSharedKeys } from './shared-keys.ts';
export type { SharedStore, SharedStoreObserver, StoreState } from './shared-store.ts';
export type { OwnershipAnswer, OwnershipChange, OwnershipQuestion, OwnershipSource, Role } from './source.ts';
export type { SourceFault, SourceObserver } from './source-observer.ts';
export { openSqliteSource, type SqliteSource, type SqliteSourceSettings } from './sqlite-source.ts';

/** May this subject see this device? The answer is a proof or an error, never a boolean. */
export interface Ownership {
  /** Throws `not-allowed`, or `source-unavailable` when nobody can say. `span`: what the question is a part of. */
  may(viewer: VerifiedViewer, device: DeviceId, span?: Span): Promise<OwnershipProof>;
  /** The devices that a viewer may see now, each with its proof. Throws `source-unavailable`. */
  devices(viewer: VerifiedViewer): Promise<OwnershipProof[]>;
  close(): Promise<void>;
}

/** What has become of an answer since it was given. */
export interface OwnershipWatch {
  /** Asks the source itself, whatever is remembered or under way. Throws as `may` does. */
  again(viewer: VerifiedViewer, device: DeviceId): Promise<OwnershipProof>;
  /** Whether the source has told of no change since it was asked for that proof. */
  isCurrent(proof: OwnershipProof): boolean;
  /**
   * When the source first told of a change of that proof’s own pair since it was asked for it, in milliseconds since the epoch; undefined for
   * none. Of what can’t be remembered any more it is taken to be one.
   */
  ownChangeMs(proof: OwnershipProof): number | undefined;
  /** Tells of every change that the source tells of; none from a source that does not know. Returns what ends it. */
  changes(listener: (change: OwnershipChange) => void): () => void;
}

export const isOwnershipProof = OwnershipProof.is;
