import type { DeviceId, SessionId, SubjectId } from '../base/index.ts';
import type { Revocations, VerifiedCamera, VerifiedViewer } from '../identity/index.ts';
import type { PairRules, Sessions } from '../pairing/index.ts';
import type { Feature, SwitchPosition, SwitchPositions } from './switch-position.ts';

export { type LeverStore, openLeverStore } from './lever-store.ts';
export { createLevers, type LeversObserver, type LeversPowers, type LeversSettings } from './levers.ts';
export { acceptLostLevers, areLeversGone } from './lost-levers.ts';
export { allOn, type Feature, features, type SwitchPosition, type SwitchPositions } from './switch-position.ts';
export { checkSwitchPositions } from './switches.ts';

/** What an operator takes back. */
export type Revocation =
  /** Signs out everywhere: tokens and tickets that were issued before are void. A camera is the subject of its token, so it is meant by its id. */
  | { readonly of: 'subject'; readonly subject: SubjectId }
  /** Quarantine: nobody sees the device and it cannot register, until `release`. */
  | { readonly of: 'device'; readonly device: DeviceId }
  /** One `jti`, of 1 to `limits.tokenIdCharactersMax` characters. */
  | { readonly of: 'token'; readonly tokenId: string }
  /** Everything that was issued before. */
  | { readonly of: 'all' };

/** What a lever has ended. */
export interface LeverEffect {
  readonly sessionsEnded: number;
  readonly connectionsClosed: number;
}

/** A lever that is only thought of. */
export type Change =
  | { readonly revocation: Revocation }
  | { readonly feature: Feature; readonly position: SwitchPosition };

/**
 * What an operator throws. Each counts from the moment of the call, before anything is awaited: nothing new begins that it is against. A
 * promise resolves when the lever is on the disk and what was live has ended. Each rejects with `lever-unkept` where it could not be
 * written down, and `params-invalid` for what is no lever.
 */
export interface Levers {
  /** Rejects with `overloaded` where `limits.quarantinedDevicesMax` devices are in quarantine. */
  revoke(revocation: Revocation): Promise<{ readonly atMs: number } & LeverEffect>;
  /** Ends a quarantine; false where there was none. */
  release(device: DeviceId): Promise<boolean>;
  throwSwitch(feature: Feature, position: SwitchPosition): Promise<LeverEffect>;
  /** What would end if that were thrown now. Nothing changes. Rejects as the lever would, but for the disk. */
  wouldEnd(change: Change): Promise<LeverEffect>;
  list(): {
    readonly revocations: readonly (Revocation & { readonly atMs: number })[];
    /** What an operator has thrown. */
    readonly switches: SwitchPositions;
    /** What the settings say beside it. A feature is on for a device only if both say so. */
    readonly settings: SwitchPositions;
  };
}

/** What levers say of everybody who asks for something. */
export interface LeverRules extends PairRules {
  /** What stands against somebody whose proof was good: asked when it is used, however long ago it was made. */
  refuses(holder: VerifiedViewer | VerifiedCamera): 'token-revoked' | 'device-quarantined' | 'switched-off' | undefined;
  isOn(feature: Feature, device: DeviceId): boolean;
}

/** Connections that are live, and look at themselves again. */
export interface Reviewed {
  /** Ends whatever something stands against now, many at a time. */
  review(): Promise<LeverEffect>;
  /** How many connections other levers would close, and the live views that would end with them or for want of a feature. */
  opposed(levers: LeverRules): Promise<{ readonly connections: number; readonly sessions: readonly SessionId[] }>;
}

/** All that is live of a relay. */
export interface Live {
  readonly sessions: Pick<Sessions, 'review' | 'opposed'>;
  readonly connections: Reviewed;
}

/** The levers of a relay, and what they say. */
export interface RelayLevers extends Levers, LeverRules {
  readonly revocations: Revocations;
  /** Where a switch stands, of what the settings and the operator say together. */
  positionOf(feature: Feature): SwitchPosition['position'];
  /** Devices in quarantine. */
  readonly quarantined: number;
  /** How many revocations `list` would name, quarantines included. */
  readonly inForce: number;
  /** Takes other positions for the settings' layer. Rejects with `params-invalid`, and has changed nothing then. */
  useSettings(positions: SwitchPositions): Promise<LeverEffect>;
  /** Names what is live: levers that are thrown from now on end it. */
  actOn(live: Live): void;
  close(): void;
}
