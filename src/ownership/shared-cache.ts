import { type Clock, LatchkeyError, limits, type RandomSource, type Redacted } from '../base/index.ts';
import { Distrust } from './distrust.ts';
import type { Remembered } from './remembered.ts';
import { type SharedEntry, SharedSeal } from './shared-seal.ts';
import type { SharedStore, SharedStoreObserver, StoreState } from './shared-store.ts';
import type { OwnershipQuestion, OwnershipSource } from './source.ts';

/**
 * Why a shared entry was not believed. `shared-seal`: nobody with a key sealed it, or it was damaged. `shared-crossed`: it answers
 * another question. `shared-stale`: it should have ended, or is of a time to come. `shared-foreign`: it is no entry at all, but the
 * reply to something else.
 */
export type SharedAlarm = 'shared-seal' | 'shared-crossed' | 'shared-stale' | 'shared-foreign';

/** What became of a question to the shared cache. `outdated`: an entry of another revision, or too old by this relay’s bounds. */
export type SharedOutcome = 'hit' | 'miss' | 'outdated' | 'alarm' | 'unavailable' | 'left-out';

export interface SharedCacheSettings {
  /** How long a yes of any relay is believed, in milliseconds from its question. */
  readonly grantMsMax: number;
  /** How long a no is. */
  readonly refusalMsMax: number;
}

export interface SharedCacheParts {
  /** The source whose answers are shared; the same for all relays that share them. */
  readonly source: OwnershipSource;
  /** The first seals; entries of the others are believed. */
  readonly keys: readonly Redacted<Buffer>[];
  readonly openStore: (observer: SharedStoreObserver) => SharedStore;
  readonly clock: Clock;
  readonly random: RandomSource;
}

/** What the shared cache has to tell. Every value is from a closed set. */
export interface SharedCacheObserver {
  asked?(outcome: SharedOutcome): void;
  alarm?(kind: SharedAlarm): void;
  /** What became of the connection, or of the trust. `code`: the system’s word for a loss. */
  state?(state: StoreState | 'left-out' | 'taken-back', code: string | undefined): void;
}

/** Answers that several relays remember for each other. It makes them faster; it is never believed on its word, nor waited for long. */
export interface SharedCache {
  readonly sharedAs: string;
  /** Whether questions go there now. */
  readonly inUse: boolean;
  /** The answer to this very question that is still good. `revisionNow` is asked once the answer is there; undefined: not known. */
  recall(question: OwnershipQuestion, revisionNow: () => string | undefined): Promise<Remembered | undefined>;
  /** Offers an answer to the other relays; whether they get it is not known. `askedAtMs`: when its question was asked. */
  remember(question: OwnershipQuestion, remembered: Remembered, askedAtMs: number): void;
  /** Trusts a cache that was left out after alarms, without waiting for its time. */
  takeBack(): void;
  close(): void;
}

/** Throws `settings-invalid` for a source whose answers are not to be shared. */
export function createSharedCache(
  settings: SharedCacheSettings,
  parts: SharedCacheParts,
  observer: SharedCacheObserver = {},
): SharedCache {
  const { sharedAs } = parts.source;
  if (sharedAs === undefined) {
    throw new LatchkeyError(
      'settings-invalid',
      `ownership.cache.shared: the answers of the source "${parts.source.name}" are this relay’s own; leave the shared cache out`,
    );
  }
  return new SealedSharedCache(sharedAs, settings, parts, observer);
}

class SealedSharedCache implements SharedCache {
  readonly sharedAs: string;
  readonly #source: string;
  readonly #settings: SharedCacheSettings;
  readonly #clock: Clock;
  readonly #seal: SharedSeal;
  readonly #store: SharedStore;
  readonly #distrust: Distrust;
  readonly #observer: SharedCacheObserver;
  #connected = false;

  constructor(sharedAs: string, settings: SharedCacheSettings, parts: SharedCacheParts, observer: SharedCacheObserver) {
    this.sharedAs = sharedAs;
    this.#source = parts.source.name;
    this.#settings = settings;
    this.#clock = parts.clock;
    this.#seal = new SharedSeal(sharedAs, parts.keys, parts.random);
    this.#observer = observer;
    this.#distrust = new Distrust(parts.clock, (state) => observer.state?.(state, undefined));
    this.#store = parts.openStore({
      reached: (state, code) => {
        this.#connected = state === 'connected';
        observer.state?.(state, code);
      },
      foreign: () => {
        this.#connected = false;
        this.#alarm('shared-foreign');
      },
    });
  }

  get inUse(): boolean {
    return this.#connected && this.#distrust.trusted;
  }

  async recall(question: OwnershipQuestion, revisionNow: () => string | undefined): Promise<Remembered | undefined> {
    const found = this.#distrust.trusted ? await this.#look(question, revisionNow) : 'left-out';
    this.#observer.asked?.(typeof found === 'string' ? found : 'hit');
    return typeof found === 'string' ? undefined : found;
  }

  remember(question: OwnershipQuestion, remembered: Remembered, askedAtMs: number): void {
    if (!this.#distrust.trusted) return;
    const lifeMs = Math.floor(remembered.expiresAtMs - this.#clock.now());
    const [place] = this.#seal.namesOf(question);
    if (lifeMs < 1 || place === undefined) return;
    const sealed = this.#seal.seal(place, { ...remembered, askedAtMs });
    if (sealed !== undefined) this.#store.set(keyPrefix + place.name, sealed, lifeMs).catch(nobodyWaits);
  }

  takeBack(): void {
    this.#distrust.takeBack();
  }

  close(): void {
    this.#distrust.close();
    this.#store.close();
  }

  async #look(
    question: OwnershipQuestion,
    revisionNow: () => string | undefined,
  ): Promise<Remembered | Exclude<SharedOutcome, 'hit'>> {
    const names = this.#seal.namesOf(question);
    const askedMs = this.#clock.now();
    const found = await Promise.all(names.map(({ name }) => this.#store.get(keyPrefix + name))).catch(() => undefined);
    if (found === undefined) return 'unavailable';
    const at = found.findIndex((sealed) => sealed !== undefined);
    const [place, sealed] = [names[at], found[at]];
    if (place === undefined || sealed === undefined) return 'miss';
    // Whoever gave an alarm while this was on its way is not believed in this either.
    if (!this.#distrust.trusted) return 'left-out';
    const entry = this.#seal.open(question, place, sealed);
    if (entry === 'unsealed') return this.#alarm('shared-seal');
    if (entry === 'crossed') return this.#alarm('shared-crossed');
    if (this.#isOutOfTime(entry, askedMs)) return this.#alarm('shared-stale');
    return this.#asOurs(entry, revisionNow()) ?? 'outdated';
  }

  /**
   * By more than clocks may differ: the store should have dropped it before it was asked, `askedMs`, or has got it from a time that is not this
   * one. What ended on its way here is no fault of the store's.
   */
  #isOutOfTime({ askedAtMs, expiresAtMs }: SharedEntry, askedMs: number): boolean {
    const aheadMs = askedAtMs - this.#clock.now();
    return askedMs >= expiresAtMs + limits.sharedClockMsMax || aheadMs > limits.sharedClockMsMax;
  }

  /** The entry by this relay’s own bounds, whatever those were of the relay that wrote it. Undefined for one that they end. */
  #asOurs({ askedAtMs, ...entry }: SharedEntry, revision: string | undefined): Remembered | undefined {
    const nowMs = this.#clock.now();
    const lifeMsMax = entry.answer.role === undefined ? this.#settings.refusalMsMax : this.#settings.grantMsMax;
    const expiresAtMs = Math.min(entry.expiresAtMs, askedAtMs + lifeMsMax);
    const isCurrent = entry.source === this.#source && entry.revision === revision;
    return isCurrent && askedAtMs <= nowMs && nowMs < expiresAtMs ? { ...entry, expiresAtMs } : undefined;
  }

  #alarm(kind: SharedAlarm): 'alarm' {
    this.#observer.alarm?.(kind);
    this.#distrust.alarm();
    // What else is on its way may be as wrong: it is not waited for.
    this.#store.renew();
    return 'alarm';
  }
}

/** So that a person sees whose entries these are; the number changes with their form. */
const keyPrefix = 'latchkey:1:';

function nobodyWaits(): void {}
