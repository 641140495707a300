import { type DeviceId, limits } from '../base/index.ts';

/** What was taken back of cameras before its time. */
export interface Revocations {
  /**
   * The device's epoch, in milliseconds since the Unix epoch: each of its tokens that was issued before is void, and so is every
   * ticket that was made in another epoch. 0 where nothing was taken back.
   */
  epochOf(device: DeviceId): number;
}

/** What takes things back. */
export interface RevocationTable extends Revocations {
  /** Voids what was issued to `device` before `issuedBeforeMs`, in milliseconds since the Unix epoch. An earlier time than one before does nothing. */
  revoke(device: DeviceId, issuedBeforeMs: number): void;
  /** The same for every device. */
  revokeAll(issuedBeforeMs: number): void;
  /** Devices that have an epoch of their own. */
  readonly size: number;
}

/**
 * A table in memory of at most `devicesMax` devices. One more and the oldest line becomes everybody's: too much is taken back
 * then, and never too little. Whoever is hit needs a token that was issued since.
 */
export function createRevocations(devicesMax: number = limits.revocationsMax): RevocationTable {
  const epochs = new Map<DeviceId, number>();
  let everybodysMs = 0;

  function demandTime(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0)
      throw new TypeError('A revocation has a time, in milliseconds since the epoch.');
  }

  function revokeAll(issuedBeforeMs: number): void {
    demandTime(issuedBeforeMs);
    everybodysMs = Math.max(everybodysMs, issuedBeforeMs);
  }

  return {
    get size() {
      return epochs.size;
    },
    epochOf(device) {
      return Math.max(everybodysMs, epochs.get(device) ?? 0);
    },
    revoke(device, issuedBeforeMs) {
      demandTime(issuedBeforeMs);
      epochs.set(device, Math.max(epochs.get(device) ?? 0, issuedBeforeMs));
      if (epochs.size <= devicesMax) return;
      const [oldest] = epochs;
      if (oldest === undefined) return;
      epochs.delete(oldest[0]);
      revokeAll(oldest[1]);
    },
    revokeAll,
  };
}
