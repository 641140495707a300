import { type Clock, LatchkeyError, limits, type Timer } from '../base/index.ts';
import type { Settings } from '../config/index.ts';
import type { Drain, DrainPlan, Signaling } from '../signaling/index.ts';
import type { Log } from '../telemetry/index.ts';

/** What a drain does otherwise than the settings say, each in whole seconds. */
export type DrainOptions = Partial<Readonly<Settings['drain']>>;

/** For a person who waits at a terminal. */
export const shortDrain: DrainOptions = {
  leadSeconds: 0,
  overSeconds: limits.drainShortSeconds,
  sessionsSecondsMax: 0,
  totalSecondsMax: limits.drainShortSecondsMax,
};

/** Who is still here. */
export interface DrainProgress {
  readonly cameras: number;
  readonly connections: number;
  readonly sessions: number;
}

export interface DrainingParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: () => Settings['drain'];
  readonly signaling: Pick<Signaling, 'drain' | 'devicesOnline' | 'connections'>;
  readonly sessions: () => number;
  /** Called before anything else, at once: whoever sends new work shall notice. */
  readonly begun: () => void;
  /** HTTP connections that are kept open are not kept any longer. */
  readonly letGo: () => void;
}

/** The relay's last task: to move everybody elsewhere, and to tell the operator how far it is. */
export class Draining {
  readonly #parts: DrainingParts;
  readonly #drained = Promise.withResolvers<void>();
  #drain: Drain | undefined;
  #timer: Timer | undefined;
  #told: ((progress: DrainProgress) => void) | undefined;

  constructor(parts: DrainingParts) {
    this.#parts = parts;
  }

  get begun(): boolean {
    return this.#drain !== undefined;
  }

  /** Resolves when a drain is over, whoever asked for it. */
  get drained(): Promise<void> {
    return this.#drained.promise;
  }

  /** Hears how far it is, every `limits.drainToldMs`. */
  tell(told: (progress: DrainProgress) => void): void {
    this.#told = told;
  }

  /** Begins, or joins what has begun. Throws `params-invalid` for a number that is none of its bounds. */
  async drain(options: DrainOptions = {}): Promise<void> {
    const { signaling, settings, log, begun, letGo } = this.#parts;
    if (this.#drain === undefined) {
      const plan = planOf({ ...settings(), ...options });
      begun();
      this.#drain = signaling.drain(plan, letGo);
      log.info('draining', { ...this.#progress });
      this.#watch();
      const outcome = await this.#drain.done;
      this.#timer?.cancel();
      log.info('drained', { outcome, ...this.#progress });
      this.#drained.resolve();
    }
    await this.drained;
  }

  /** Whoever is left is told to go at once. Does nothing before a drain has begun. */
  hasten(): void {
    this.#drain?.hasten();
  }

  close(): void {
    this.#timer?.cancel();
  }

  get #progress(): DrainProgress {
    const { signaling, sessions } = this.#parts;
    return { cameras: signaling.devicesOnline, connections: signaling.connections, sessions: sessions() };
  }

  #watch(): void {
    const { clock, log } = this.#parts;
    this.#told?.(this.#progress);
    this.#timer = clock.after(limits.drainToldMs, () => {
      log.info('draining', { ...this.#progress });
      this.#watch();
    });
  }
}

function planOf({ leadSeconds, overSeconds, sessionsSecondsMax, totalSecondsMax }: Settings['drain']): DrainPlan {
  const all = [leadSeconds, overSeconds, sessionsSecondsMax, totalSecondsMax];
  const sound = (seconds: number) => Number.isInteger(seconds) && seconds >= 0 && seconds <= limits.drainSecondsMax;
  if (!all.every(sound) || overSeconds === 0) {
    throw new LatchkeyError('params-invalid', `a drain is counted in whole seconds, up to ${limits.drainSecondsMax}`);
  }
  const needed = leadSeconds + overSeconds + sessionsSecondsMax;
  return {
    leadMs: leadSeconds * 1000,
    overMs: overSeconds * 1000,
    sessionsMsMax: sessionsSecondsMax * 1000,
    totalMsMax: Math.max(needed, totalSecondsMax) * 1000,
  };
}
