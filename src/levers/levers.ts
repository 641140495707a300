import { type Clock, type DeviceId, LatchkeyError, limits, type SubjectId } from '../base/index.ts';
import type { RevocationLine, RevocationTable, VerifiedCamera, VerifiedViewer } from '../identity/index.ts';
import type { Objection, VerifiedPair } from '../pairing/index.ts';
import type { Change, LeverEffect, Levers, Live, RelayLevers, Revocation } from './index.ts';
import { keptNowhere, type LeverStore } from './lever-store.ts';
import { type Feature, features, type SwitchPosition, type SwitchPositions } from './switch-position.ts';
import { Switches } from './switches.ts';

export interface LeversSettings {
  /** The settings' own layer of switches. */
  readonly switches: SwitchPositions;
  /** No token is alive that long after it was issued, in milliseconds: what was taken back before is forgotten. It may change at run time. */
  readonly tokenAgeMsMax: number;
  /** By how much an issuer's clock may be ahead, in milliseconds. It may change at run time. */
  readonly clockAheadMsMax: number;
}

export interface LeversPowers {
  readonly clock: Clock;
  readonly store: LeverStore;
  /** The table that identity asks. */
  readonly revocations: RevocationTable;
}

/** What this room has to tell. Every value is from a closed set. */
export interface LeversObserver {
  revoked?(of: Revocation['of']): void;
  released?(): void;
  switched?(feature: Feature, position: SwitchPosition['position']): void;
}

/** Takes up what was thrown before. Throws `settings-invalid` for a database that cannot be read, and `params-invalid` for switches that are none. */
export function createLevers(
  settings: LeversSettings,
  powers: LeversPowers,
  observer: LeversObserver = {},
): RelayLevers {
  return new KeptLevers(settings, powers, observer);
}

class KeptLevers implements RelayLevers {
  readonly #settings: LeversSettings;
  readonly #powers: LeversPowers;
  readonly #observer: LeversObserver;
  readonly #switches = new Switches();
  readonly #quarantined: Map<DeviceId, number>;
  /** The longest that tokens were let live here: a setting that is shorter for a while forgets nothing. */
  #tokenAgeMs: number;
  #live: Live | undefined;

  constructor(settings: LeversSettings, powers: LeversPowers, observer: LeversObserver) {
    this.#settings = settings;
    this.#powers = powers;
    this.#observer = observer;
    this.#switches.useSettings(settings.switches);
    const { lines, everybodysMs, forgottenMs, tokenAgeMs, quarantined, switches } = powers.store.load();
    this.#tokenAgeMs = tokenAgeMs;
    this.#quarantined = new Map(quarantined);
    for (const [feature, position] of switches) this.#switches.throwOne(feature, position);
    powers.revocations.revokeAll(everybodysMs);
    // A clock that was ahead may have written it, and nothing is issued in the future.
    powers.revocations.takeForgotten(Math.min(forgottenMs, powers.clock.now()));
    for (const line of lines) this.#take(line);
    powers.revocations.forget(this.#spentMs(), settings.clockAheadMsMax);
  }

  get revocations(): RevocationTable {
    return this.#powers.revocations;
  }

  get quarantined(): number {
    return this.#quarantined.size;
  }

  get inForce(): number {
    const { everybodysMs, size } = this.revocations;
    return size + this.#quarantined.size + (everybodysMs === 0 ? 0 : 1);
  }

  against({ subject, device, role, evidence }: VerifiedPair): Objection | undefined {
    if (this.revocations.isVoid(subject, evidence.token)) return 'signed-out';
    if (this.#quarantined.has(device)) return 'quarantined';
    const isOn = this.isOn('live-view', device) && (role === 'owner' || this.isOn('sharing', device));
    return isOn ? undefined : 'switched-off';
  }

  refuses(holder: VerifiedViewer | VerifiedCamera): ReturnType<RelayLevers['refuses']> {
    const bearer = holder.kind === 'viewer' ? holder.subject : holder.device;
    if (this.revocations.isVoid(bearer, holder.evidence)) return 'token-revoked';
    if (holder.kind === 'viewer') return undefined;
    if (this.#quarantined.has(holder.device)) return 'device-quarantined';
    return this.isOn('registration', holder.device) ? undefined : 'switched-off';
  }

  isOn(feature: Feature, device: DeviceId): boolean {
    return this.#switches.isOn(feature, device);
  }

  positionOf(feature: Feature): SwitchPosition['position'] {
    return this.#switches.positionOf(feature);
  }

  async revoke(revocation: Revocation): Promise<{ readonly atMs: number } & LeverEffect> {
    const atMs = this.#powers.clock.now();
    const keep =
      revocation.of === 'device' ? this.#quarantine(revocation.device, atMs) : this.#takeBack(revocation, atMs + 1);
    this.#observer.revoked?.(revocation.of);
    return { atMs, ...(await this.#endAndKeep(keep)) };
  }

  async release(device: DeviceId): Promise<boolean> {
    if (!this.#quarantined.has(device)) return false;
    this.#keep(() => this.#powers.store.released(device));
    this.#quarantined.delete(device);
    this.#observer.released?.();
    return true;
  }

  async throwSwitch(feature: Feature, position: SwitchPosition): Promise<LeverEffect> {
    const keep = () => this.#powers.store.switched(feature, position);
    // What gives back counts when it is kept, and what takes away at once.
    if (position.position === 'on') this.#keep(keep);
    this.#switches.throwOne(feature, position);
    this.#observer.switched?.(feature, position.position);
    return await this.#endAndKeep(position.position === 'on' ? () => {} : keep);
  }

  /** It is thrown for good, at levers that say the same as these, end nothing and are kept nowhere. */
  async wouldEnd(change: Change): Promise<LeverEffect> {
    const other = this.#copy();
    if ('revocation' in change) await other.revoke(change.revocation);
    else await other.throwSwitch(change.feature, change.position);
    if (this.#live === undefined) return { sessionsEnded: 0, connectionsClosed: 0 };
    const { sessions, connections } = this.#live;
    const [opposed, others] = await Promise.all([sessions.opposed(other), connections.opposed(other)]);
    return {
      sessionsEnded: new Set([...opposed, ...others.sessions]).size,
      connectionsClosed: others.connections,
    };
  }

  #copy(): KeptLevers {
    const { clock, revocations } = this.#powers;
    const store = keptNowhere({
      lines: [],
      everybodysMs: 0,
      forgottenMs: 0,
      tokenAgeMs: this.#tokenAgeMs,
      quarantined: this.#quarantined,
      switches: new Map(features.map((feature) => [feature, this.#switches.thrown[feature]])),
    });
    const settings = { ...this.#settings, switches: this.#switches.settings };
    return new KeptLevers(settings, { clock, store, revocations: revocations.copy() }, {});
  }

  async useSettings(positions: SwitchPositions): Promise<LeverEffect> {
    this.#switches.useSettings(positions);
    return await this.#review();
  }

  list(): ReturnType<Levers['list']> {
    const { everybodysMs, lines } = this.revocations;
    return {
      revocations: [
        ...(everybodysMs === 0 ? [] : [{ of: 'all', atMs: everybodysMs - 1 } as const]),
        ...lines.map(listed),
        ...[...this.#quarantined].map(([device, atMs]) => ({ of: 'device', device, atMs }) as const),
      ],
      switches: this.#switches.thrown,
      settings: this.#switches.settings,
    };
  }

  actOn(live: Live): void {
    this.#live = live;
  }

  close(): void {
    this.#powers.store.close();
  }

  /** Whatever was issued up to now is issued before the next millisecond. Gives what has to be kept. */
  #takeBack(revocation: Exclude<Revocation, { of: 'device' }>, issuedBeforeMs: number): () => void {
    const line = lineOf(revocation, issuedBeforeMs);
    if (line === undefined) this.revocations.revokeAll(issuedBeforeMs);
    else this.#take(line);
    const spentMs = this.#spentMs();
    this.revocations.forget(spentMs, this.#settings.clockAheadMsMax);
    const { everybodysMs, forgottenMs } = this.revocations;
    const tokenAgeMs = this.#tokenAgeMs;
    return () => this.#powers.store.revoked(line, { everybodysMs, forgottenMs, spentMs, tokenAgeMs });
  }

  #take(line: RevocationLine): void {
    if (line.of === 'bearer') this.revocations.revoke(line.bearer, line.issuedBeforeMs);
    else this.revocations.revokeToken(line.tokenId, line.issuedBeforeMs, this.#settings.clockAheadMsMax);
  }

  #quarantine(device: DeviceId, atMs: number): () => void {
    const known = this.#quarantined.has(device);
    if (!known && this.#quarantined.size >= limits.quarantinedDevicesMax)
      throw new LatchkeyError('overloaded', `${limits.quarantinedDevicesMax} devices are in quarantine`);
    if (!known) this.#quarantined.set(device, atMs);
    return () => this.#powers.store.quarantined(device, this.#quarantined.get(device) ?? atMs);
  }

  /** What is live begins to end before anything is written: a slow disk holds no door open. */
  async #endAndKeep(keep: () => void): Promise<LeverEffect> {
    const reviewing = this.#review();
    try {
      this.#keep(keep);
    } finally {
      await reviewing;
    }
    return await reviewing;
  }

  async #review(): Promise<LeverEffect> {
    if (this.#live === undefined) return { sessionsEnded: 0, connectionsClosed: 0 };
    const { sessions, connections } = this.#live;
    const [ended, others] = await Promise.all([sessions.review(), connections.review()]);
    return { ...others, sessionsEnded: ended + others.sessionsEnded };
  }

  #keep(keep: () => void): void {
    try {
      keep();
    } catch (error) {
      throw new LatchkeyError('lever-unkept', (error as Error).message, { cause: error });
    }
  }

  /** Nothing that was issued before can be alive. */
  #spentMs(): number {
    this.#tokenAgeMs = Math.max(this.#tokenAgeMs, this.#settings.tokenAgeMsMax);
    return this.#powers.clock.now() - this.#tokenAgeMs;
  }
}

/** Throws `params-invalid` for a token id that is none. */
function lineOf(revocation: Exclude<Revocation, { of: 'device' }>, issuedBeforeMs: number): RevocationLine | undefined {
  if (revocation.of === 'all') return undefined;
  if (revocation.of === 'subject') return { of: 'bearer', bearer: revocation.subject, issuedBeforeMs };
  const { tokenId } = revocation;
  if (tokenId === '' || tokenId.length > limits.tokenIdCharactersMax) {
    throw new LatchkeyError('params-invalid', `a token id has 1 to ${limits.tokenIdCharactersMax} characters`);
  }
  return { of: 'token', tokenId, issuedBeforeMs };
}

function listed(line: RevocationLine): Revocation & { readonly atMs: number } {
  const atMs = line.issuedBeforeMs - 1;
  if (line.of === 'token') return { of: 'token', tokenId: line.tokenId, atMs };
  return { of: 'subject', subject: line.bearer as SubjectId, atMs };
}
