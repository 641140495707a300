import { type Clock, limits } from '../base/index.ts';
import type { ActRecord, AdminObserver } from './powers.ts';

type Act = Parameters<ActRecord['operatorActed']>[0];

/**
 * The admin API's side of the record. What people with a name do or are refused is written each time; of strangers, the first
 * refusal at once and the others as a number, at most once in `limits.adminStrangersToldMs`: nobody fills the record without a credential.
 */
export class AdminRecord {
  readonly #audit: ActRecord | undefined;
  readonly #clock: Clock;
  readonly #observer: AdminObserver;
  #untold = 0;
  #waiting = false;

  constructor(audit: ActRecord | undefined, clock: Clock, observer: AdminObserver) {
    this.#audit = audit;
    this.#clock = clock;
    this.#observer = observer;
  }

  /** Undefined: there is no record, and nothing may be changed. */
  get writable(): boolean | undefined {
    return this.#audit?.writable;
  }

  /**
   * What is about to be done. Resolves once it is written, and rejects as the record does. What shuts a door waits for that no longer than
   * `limits.adminBegunMsMax`, whatever comes of it.
   */
  async begun(act: Omit<Act, 'outcome'>, shuts: boolean): Promise<void> {
    const written = this.#write({ ...act, outcome: 'begun' });
    if (!shuts) return await written;
    const late = Promise.withResolvers<void>();
    const timer = this.#clock.after(limits.adminBegunMsMax, late.resolve);
    await Promise.race([written.catch((error: unknown) => this.#observer.unrecorded?.(error)), late.promise]);
    timer.cancel();
  }

  /** What was done. Resolves once it is written. Rejects as the record does. */
  async done(act: Omit<Act, 'outcome'>): Promise<void> {
    await this.#write({ ...act, outcome: 'done' });
  }

  /** What was not done, or not wholly. Resolves once it is written, or the observer was told that it cannot be. */
  async undone(act: Act): Promise<void> {
    try {
      await this.#write(act);
    } catch (error) {
      this.#observer.unrecorded?.(error);
    }
  }

  /** Somebody without a good credential was refused. */
  async strangerRefused(): Promise<void> {
    if (this.#waiting) {
      this.#untold++;
      return;
    }
    this.#await();
    await this.#signInRefused('no credential that is known');
  }

  #await(): void {
    this.#waiting = true;
    this.#clock.after(limits.adminStrangersToldMs, () => {
      this.#waiting = false;
      const times = this.#untold;
      this.#untold = 0;
      if (times === 0) return;
      this.#await();
      void this.#signInRefused(`${times} more without a credential that is known`);
    });
  }

  #signInRefused(detail: string): Promise<void> {
    return this.undone({ action: 'sign-in', by: 'nobody', outcome: 'refused', detail });
  }

  async #write(act: Act): Promise<void> {
    await this.#audit?.operatorActed(bounded(act));
  }
}

function bounded(act: Act): Act {
  if (act.detail === undefined || act.detail.length <= limits.reasonCharactersMax) return act;
  return { ...act, detail: `${act.detail.slice(0, limits.reasonCharactersMax - 1)}…` };
}
