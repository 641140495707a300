import { Counts, type DeviceId, LatchkeyError, limits, type RandomSource, type SubjectId } from '../base/index.ts';
import type { VerifiedCamera, VerifiedViewer } from '../identity/index.ts';

type Holder = VerifiedViewer | VerifiedCamera;
export type HolderRefusal = 'token-revoked' | 'device-quarantined' | 'switched-off';

/** What an operator has thrown, as far as it concerns whoever comes here. It is asked anew each time. */
export interface ThrownLevers {
  /** What stands against somebody whose proof was good. */
  refuses(holder: Holder): HolderRefusal | undefined;
  isOn(feature: 'whep' | 'tickets', device: DeviceId): boolean;
}

/** For relays on which nothing is ever thrown. */
export const nothingThrown: ThrownLevers = { refuses: () => undefined, isOn: () => true };

interface Thrown {
  readonly levers: ThrownLevers;
  readonly random: RandomSource;
}

/** Throws `token-revoked`, `device-quarantined`, or `switched-off` with a time to come back. */
export function demandUnrefused({ levers, random }: Thrown, holder: Holder): void {
  const code = levers.refuses(holder);
  if (code !== undefined) throw refusalOfLever(code, random);
}

/** Throws `switched-off` where a feature is off for a device. */
export function demandOn({ levers, random }: Thrown, feature: 'whep', device: DeviceId): void {
  if (!levers.isOn(feature, device)) throw refusalOfLever('switched-off', random);
}

/** A fleet that may not register comes back spread over a while, and finds by itself when it may again. */
export function refusalOfLever(code: HolderRefusal, random: RandomSource): LatchkeyError {
  if (code !== 'switched-off') return new LatchkeyError(code);
  const { switchedOffRetrySecondsMin: least, switchedOffRetrySecondsMax: most } = limits;
  return new LatchkeyError(code, undefined, {
    retryAfterSeconds: Math.ceil(least + random.fraction() * (most - least)),
  });
}

/** How many connections each viewer has open: `limits.connectionsPerSubjectMax` at most. */
export class Crowd {
  readonly #open = new Counts<SubjectId>();

  /** Takes a place. Throws `connection-limit`. */
  enter(subject: SubjectId): void {
    this.demandRoom(subject);
    this.#open.add(subject);
  }

  demandRoom(subject: SubjectId): void {
    if (this.#open.of(subject) >= limits.connectionsPerSubjectMax) throw new LatchkeyError('connection-limit');
  }

  leave(subject: SubjectId): void {
    this.#open.take(subject);
  }
}
