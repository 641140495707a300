import { type Clock, isOver, LatchkeyError, limits, type Timer, within } from '../base/index.ts';
import type { CurrentKeys, FreshKeys, KeysObserver } from './issuer-keys.ts';
import { readKeySet, type VerificationKey } from './key-set.ts';

/** Gives a key set's text, or undefined when it is the same as the last that was given, good or bad. */
export type KeySetText = (signal: AbortSignal) => Promise<string | undefined>;

export interface RefreshSettings {
  /** How old a set may grow before it is read again, in milliseconds. */
  readonly freshMsMax: number;
  /** The least time between two tries, in milliseconds, however many ask for a key that is not known. */
  readonly retryMsMin: number;
}

/** A key set that is read again when it has aged, or when a token names a key that it does not have. */
export class RefreshedKeys implements CurrentKeys {
  readonly #text: KeySetText;
  readonly #settings: RefreshSettings;
  readonly #clock: Clock;
  readonly #observer: KeysObserver;
  #keys: readonly VerificationKey[] | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #flight: Promise<void> | undefined;
  #fault: unknown;

  constructor(text: KeySetText, settings: RefreshSettings, clock: Clock, observer: KeysObserver) {
    this.#text = text;
    this.#settings = settings;
    this.#clock = clock;
    this.#observer = observer;
  }

  get behind(): boolean {
    return this.#fault !== undefined;
  }

  async get(unknownId = false): Promise<readonly VerificationKey[]> {
    const now = this.#clock.now();
    const wanted = unknownId || isOver(now, this.#readAtMs, this.#settings.freshMsMax);
    if (this.#flight === undefined && wanted && isOver(now, this.#triedAtMs, this.#settings.retryMsMin)) {
      this.#triedAtMs = now;
      this.#flight = this.#refresh().finally(() => {
        this.#flight = undefined;
      });
    }
    if (wanted) await this.#flight;
    if (this.#keys !== undefined) return this.#keys;
    throw new LatchkeyError('keys-unavailable', whyOf(this.#fault), { cause: this.#fault });
  }

  loaded(): readonly VerificationKey[] | undefined {
    const lookedMsMax = 2 * this.#settings.freshMsMax + limits.keySetFetchMsMax;
    return isOver(this.#clock.now(), this.#triedAtMs, lookedMsMax) ? undefined : this.#keys;
  }

  keepFresh(): FreshKeys {
    let timer: Timer;
    const look = () => {
      timer = this.#clock.after(this.#settings.freshMsMax / 2, look);
      return this.get().catch(() => {});
    };
    return { first: look(), timer: { cancel: () => timer.cancel() } };
  }

  /** Never rejects: whatever is wrong with a newer set, the old one stays in use. */
  async #refresh(): Promise<void> {
    try {
      const text = await within(this.#clock, limits.keySetFetchMsMax, this.#text);
      if (text !== undefined) this.#take(text);
      this.#readAtMs = this.#clock.now();
    } catch (fault) {
      this.#fault = fault;
      this.#observer.keySet?.('failed');
    }
  }

  #take(text: string): void {
    this.#keys = readKeySet(text, (fault) => this.#observer.keyIgnored?.(fault));
    this.#fault = undefined;
    this.#observer.keySet?.('taken');
  }
}

function whyOf(fault: unknown): string {
  return fault instanceof LatchkeyError ? (fault.detail ?? fault.code) : String(fault);
}
