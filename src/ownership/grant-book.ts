import { type DeviceId, deviceId, LatchkeyError, type SubjectId, subjectId } from '../base/index.ts';
import { type OwnershipQuestion, type Role, roles } from './source.ts';

/** One grant: this subject may see this device, in this role. */
export interface Grant extends OwnershipQuestion {
  readonly role: Role;
  /** When a time-limited share ends, in whole milliseconds since the epoch. */
  readonly notAfterMs?: number | undefined;
}

/** A database of who may see what, to be written. Several processes may have it open. */
export interface GrantBook {
  /** Makes a grant, or replaces the one of the same subject and device. Throws `params-invalid` for one that is none. */
  grant(grant: Grant): void | Promise<void>;
  /** Takes a grant back; says whether there was one. */
  revoke(question: OwnershipQuestion): boolean | Promise<boolean>;
  /** The grants of a subject, of a device, or all, also those whose time is over; `limits.grantsListedMax` at most. */
  list(of?: { readonly subject?: SubjectId; readonly device?: DeviceId }): Grant[] | Promise<Grant[]>;
  close(): Promise<void>;
}

/** Throws `params-invalid` or `id-invalid` for what can be no grant. */
export function demandGrant({ subject, device, role, notAfterMs }: Grant): Grant {
  if (!roles.includes(role)) throw new LatchkeyError('params-invalid', `a role is one of ${roles.join(', ')}`);
  if (notAfterMs !== undefined && !Number.isSafeInteger(notAfterMs)) {
    throw new LatchkeyError('params-invalid', 'a share ends at a whole number of milliseconds');
  }
  return { subject: subjectId(subject), device: deviceId(device), role, notAfterMs };
}
