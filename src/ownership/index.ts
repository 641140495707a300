import type { DeviceId } from '../base/index.ts';
import type { VerifiedViewer } from '../identity/index.ts';
import { OwnershipProof } from './proof.ts';

export {
  type AnswerFrom,
  createOwnership,
  type OwnershipAlarm,
  type OwnershipObserver,
  type OwnershipPowers,
  type OwnershipSettings,
} from './ownership.ts';
export type { OwnershipProof } from './proof.ts';
export { openRedisStore, type RedisSettings } from './redis-store.ts';
export { refusingSource } from './refusing-source.ts';
export { createLruStore, type SealedStore } from './sealed-cache.ts';
export {
  createSharedCache,
  type SharedAlarm,
  type SharedCache,
  type SharedCacheObserver,
  type SharedOutcome,
} from './shared-cache.ts';
export { readSharedKeys } from './shared-keys.ts';
export type { SharedStore, SharedStoreObserver, StoreState } from './shared-store.ts';
export type { OwnershipAnswer, OwnershipQuestion, OwnershipSource, Role } from './source.ts';
export { type Grant, openSqliteSource, type SqliteSource, type SqliteSourceSettings } from './sqlite-source.ts';

/** May this subject see this device? The answer is a proof or an error, never a boolean. */
export interface Ownership {
  /** Throws `not-allowed`, or `source-unavailable` when nobody can say. */
  may(viewer: VerifiedViewer, device: DeviceId): Promise<OwnershipProof>;
  /** The devices that a viewer may see now, each with its proof. Throws `source-unavailable`. */
  devices(viewer: VerifiedViewer): Promise<OwnershipProof[]>;
  close(): Promise<void>;
}

export const isOwnershipProof = OwnershipProof.is;
