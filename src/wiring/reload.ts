import { asLatchkeyError } from '../base/index.ts';
import { changesBetween, type ReloadOutcome, type Settings, settingsTaken } from '../config/index.ts';
import type { Relay } from '../relay/index.ts';
import type { Signaling, Transport } from '../signaling/index.ts';
import type { Log, Metrics } from '../telemetry/index.ts';
import type { RenewableIdentity } from './identity.ts';
import { admissionSettings, relaySettings } from './part-settings.ts';

export interface ReloadParts {
  /** Reads the settings again from where they came. Throws `settings-invalid`. */
  readonly read: () => Settings;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly identity: Pick<RenewableIdentity, 'prepare'>;
  readonly transport: Pick<Transport, 'renew'>;
  readonly signaling: Pick<Signaling, 'useAdmission'>;
  readonly relay: Pick<Relay, 'useRates'>;
  /** Whatever else hangs on settings: each reads what it needs, or throws, and gives what takes it, which does not. */
  readonly others: readonly ((next: Settings) => Promise<() => void>)[];
}

/** The settings that a relay runs on, and the way from there to others without a new start. */
export class Reloading {
  #running: Settings;
  #parts: ReloadParts | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(settings: Settings) {
    this.#running = settings;
  }

  get settings(): Settings {
    return this.#running;
  }

  /** From here on there is something to reload. */
  attach(parts: ReloadParts): void {
    this.#parts = parts;
  }

  /**
   * Reads the settings again, and takes what can be taken at run time, all of it or nothing; one after the other, where several ask. Throws
   * `settings-invalid`, and has changed nothing then.
   */
  reload(): Promise<ReloadOutcome> {
    const reloaded = this.#turn.then(() => this.#reload());
    this.#turn = reloaded.catch(() => {});
    return reloaded;
  }

  async #reload(): Promise<ReloadOutcome> {
    const parts = this.#parts;
    if (parts === undefined) throw new TypeError('A relay is reloaded once it runs.');
    const { log, metrics } = parts;
    try {
      const read = parts.read();
      const outcome = changesBetween(this.#running, read);
      await this.#take(parts, settingsTaken(this.#running, read));
      metrics.count('latchkey_reloads_total', { outcome: 'taken' });
      log.info('settings were read again', said(outcome));
      return outcome;
    } catch (thrown) {
      const error = asLatchkeyError(thrown);
      metrics.count('latchkey_reloads_total', { outcome: 'refused' });
      log.warn('settings were read again and refused; nothing has changed', { why: error.message });
      throw error;
    }
  }

  /** What can fail comes first, and the listening port last of that; what follows cannot. */
  async #take({ identity, transport, signaling, relay, log, others }: ReloadParts, next: Settings): Promise<void> {
    const takes = await Promise.all(others.map((prepare) => prepare(next)));
    const prepared = await identity.prepare(next);
    try {
      await transport.renew({ ...next.http, tls: next.http.tls ?? undefined });
    } catch (error) {
      prepared.drop();
      throw error;
    }
    prepared.take();
    this.#running = next;
    signaling.useAdmission(admissionSettings(next.admission));
    relay.useRates(relaySettings(next).rates);
    log.useLevel?.(next.telemetry.logLevel);
    for (const take of takes) take();
  }
}

function said({ changed, needRestart }: ReloadOutcome): { changed: string; needRestart: string } {
  return { changed: changed.join(' '), needRestart: needRestart.join(' ') };
}
