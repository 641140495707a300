import type { DeviceId } from '../base/index.ts';
import type { VerifiedViewer } from '../identity/index.ts';
import { OwnershipProof } from './proof.ts';

export type { OwnershipProof } from './proof.ts';

export type { OwnershipAnswer, OwnershipQuestion, OwnershipSource, Role } from './source.ts';

/** May this subject see this device? The answer is a proof or an error, never a boolean. */
export interface Ownership {
  /** Throws `not-allowed`, or `source-unavailable` when nobody can say. */
  may(viewer: VerifiedViewer, device: DeviceId): Promise<OwnershipProof>;
  /** The devices that a viewer may see now, each with its proof. Throws `source-unavailable`. */
  devices(viewer: VerifiedViewer): Promise<OwnershipProof[]>;
  close(): Promise<void>;
}

export const isOwnershipProof = OwnershipProof.is;
