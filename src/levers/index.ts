import type { DeviceId, SubjectId } from '../base/index.ts';

/** What an operator takes back. A camera's id is its token's subject, so `subject` works for cameras too. */
export type Revocation =
  | { readonly of: 'subject'; readonly subject: SubjectId }
  | { readonly of: 'device'; readonly device: DeviceId }
  | { readonly of: 'token'; readonly tokenId: string }
  | { readonly of: 'all' };

/** What can be switched off. */
export const features = ['live-view', 'sharing', 'registration', 'whep', 'tickets'] as const;
export type Feature = (typeof features)[number];

export type SwitchPosition =
  | { readonly position: 'on' }
  | { readonly position: 'off' }
  | { readonly position: 'off-for'; readonly prefixes: readonly string[]; readonly devices: readonly DeviceId[] };

/** What an operator throws. */
export interface Levers {
  revoke(revocation: Revocation): Promise<{
    readonly atMs: number;
    readonly sessionsEnded: number;
    readonly connectionsClosed: number;
  }>;
  /** Ends a quarantine; false where there was none. */
  release(device: DeviceId): Promise<boolean>;
  throwSwitch(
    feature: Feature,
    position: SwitchPosition,
  ): Promise<{ readonly sessionsEnded: number; readonly connectionsClosed: number }>;
  list(): {
    readonly revocations: readonly (Revocation & { readonly atMs: number })[];
    readonly switches: Readonly<Record<Feature, SwitchPosition>>;
  };
}
