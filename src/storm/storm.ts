import { performance } from 'node:perf_hooks';
import type { Clock, RandomSource } from '../base/index.ts';
import type { Aim } from './aim.ts';
import { type Crossing, Crossings } from './crossings.ts';
import { demandDescriptors } from './descriptors.ts';
import { type CameraToken, Fleet } from './fleet.ts';
import { Owners } from './owners.ts';
import { type MusterReport, musterReport, type StormReport, strangersReport, watchReport } from './report.ts';
import { Viewers, type ViewerToken } from './viewers.ts';

export interface StormPlan {
  /** What the operator called the relay; for the report. */
  readonly relay: string;
  readonly aim: Aim;
  readonly cameras: readonly CameraToken[];
  readonly viewers: readonly ViewerToken[];
  readonly asksPerSecond: number;
  readonly connectsPerSecondMax: number;
  /** How long viewers ask while the fleet stands still, in milliseconds. */
  readonly holdMs: number;
  /** The longest that the whole may take, in milliseconds. */
  readonly msMax: number;
  /** So many cameras, the first ones, are not cut off: whoever asks for them can be answered from the first moment of the storm. */
  readonly steady: number;
  /** `cut`: all others are cut off, and come back all at once. `wait`: somebody else makes the storm, such as by a restart of the relay. */
  readonly outage: 'cut' | 'wait';
  /** How long those that are cut off stay away, in milliseconds; 0: they begin to come back in the same moment. */
  readonly awayMs: number;
  readonly usesTickets: boolean;
  readonly honoursRetryAfter: boolean;
}

export interface StormPowers {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** The relay's memory in bytes, asked for while nobody is there and while all are and nobody asks; undefined: nobody tells. */
  readonly memory?: (() => Promise<number | undefined>) | undefined;
}

export type StormPhase = 'gathering' | 'holding' | 'cut off' | 'waiting for the outage' | 'coming back' | 'leaving';

export interface StormObserver {
  phase?(phase: StormPhase): void;
  crossing?(crossing: Crossing): void;
  /** Called once, with what tells how far the storm is at any time. */
  begun?(progress: () => StormProgress): void;
}

export interface StormProgress {
  readonly registered: number;
  readonly cameras: number;
  readonly refused: number;
  readonly answered: number;
  readonly crossings: number;
}

/**
 * Drives a fleet against a relay: it registers, holds still, is cut off, and comes back all at once, while viewers ask. Resolves with what
 * came of it, also when `signal` ends it early. Throws `params-invalid` for a fleet that this process has not the open files for,
 * and what `powers.memory` throws.
 */
export async function runStorm(
  plan: StormPlan,
  powers: StormPowers,
  observer: StormObserver,
  signal: AbortSignal,
): Promise<StormReport> {
  const asksMax = demandDescriptors(plan.cameras.length, plan.viewers.length);
  const run = new Run(plan, powers, observer, asksMax);
  try {
    await run.through(signal);
  } finally {
    await run.leave();
  }
  return run.report();
}

/** What ends a storm before its end. */
class CutShort {
  readonly outcome: 'interrupted' | 'out of time';

  constructor(outcome: 'interrupted' | 'out of time') {
    this.outcome = outcome;
  }
}

class Run {
  readonly #plan: StormPlan;
  readonly #powers: StormPowers;
  readonly #observer: StormObserver;
  readonly #crossings: Crossings;
  readonly #fleet: Fleet;
  readonly #viewers: Viewers;
  readonly #parts: { -readonly [Part in keyof StormReport]?: StormReport[Part] } = {};
  #outcome: StormReport['outcome'] = 'complete';
  /** Takes down what is known of the coming back; there once that has begun. */
  #watching: (() => void) | undefined;

  constructor(plan: StormPlan, powers: StormPowers, observer: StormObserver, asksMax: number) {
    const { aim, usesTickets, honoursRetryAfter } = plan;
    const { clock, random } = powers;
    this.#plan = plan;
    this.#powers = powers;
    this.#observer = observer;
    this.#crossings = new Crossings((crossing) => observer.crossing?.(crossing));
    const owners = new Owners(
      plan.cameras.map(({ device }) => device),
      plan.viewers,
    );
    const world = { aim, clock, random, key: random.bytes(32), crossings: this.#crossings, owners };
    this.#fleet = new Fleet({ ...world, usesTickets, honoursRetryAfter }, plan.cameras, plan.connectsPerSecondMax);
    const isBack = (device: string) => this.#fleet.isBack(device);
    this.#viewers = new Viewers({ ...world, isBack, asksMax }, plan.viewers, plan.asksPerSecond);
  }

  async through(signal: AbortSignal): Promise<void> {
    const short = Promise.withResolvers<never>();
    short.promise.catch(() => {});
    const stop = () => short.reject(new CutShort('interrupted'));
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    const late = this.#powers.clock.after(this.#plan.msMax, () => short.reject(new CutShort('out of time')));
    const or = <T>(work: Promise<T>) => Promise.race([work, short.promise]);
    this.#observer.begun?.(() => this.#progress());
    try {
      await this.#gather(or);
      await this.#hold(or);
      await this.#comeBack(or);
    } catch (thrown) {
      if (!(thrown instanceof CutShort)) throw thrown;
      this.#outcome = thrown.outcome;
      this.#conclude();
    } finally {
      late.cancel();
      signal.removeEventListener('abort', stop);
    }
  }

  async leave(): Promise<void> {
    this.#observer.phase?.('leaving');
    this.#viewers.stop();
    this.#fleet.stop();
  }

  report(): StormReport {
    const { plan, parts } = { plan: this.#plan, parts: this.#parts };
    return {
      relay: plan.relay,
      cameras: plan.cameras.length,
      viewers: plan.viewers.length,
      retryAfter: plan.honoursRetryAfter ? 'honoured' : 'ignored',
      outcome: this.#outcome,
      tickets: this.#fleet.tickets,
      gathering: parts.gathering ?? musterReport(this.#fleet.muster, plan.cameras.length, this.#fleet.registered),
      storm: parts.storm,
      watchedBefore: parts.watchedBefore,
      watchedDuring: parts.watchedDuring,
      strangers: strangersReport(this.#viewers.strangers),
      memory: parts.memory,
      loadBusy: parts.loadBusy,
      crossings: this.#crossings.total,
      crossingsTold: this.#crossings.told,
    };
  }

  async #gather(or: Or): Promise<void> {
    const beforeBytes = await or(this.#memory());
    this.#observer.phase?.('gathering');
    this.#fleet.gather();
    await or(this.#fleet.whole());
    this.#parts.gathering = this.#muster();
    const idleBytes = await or(this.#memory());
    if (beforeBytes === undefined || idleBytes === undefined) return;
    const perIdleCameraBytes = (idleBytes - beforeBytes) / this.#plan.cameras.length;
    this.#parts.memory = { beforeBytes, idleBytes, perIdleCameraBytes };
  }

  async #hold(or: Or): Promise<void> {
    this.#observer.phase?.('holding');
    const watch = this.#viewers.newWatch();
    this.#viewers.start();
    try {
      await or(this.#pass(this.#plan.holdMs));
    } finally {
      this.#parts.watchedBefore = watchReport(watch);
    }
  }

  async #comeBack(or: Or): Promise<void> {
    if (this.#plan.outage === 'wait') {
      this.#observer.phase?.('waiting for the outage');
      await or(this.#fleet.fell());
      this.#fleet.await();
    } else {
      this.#observer.phase?.('cut off');
      this.#fleet.dropAll(this.#plan.steady);
      if (this.#plan.awayMs > 0) await or(this.#pass(this.#plan.awayMs));
    }
    this.#observer.phase?.('coming back');
    const watch = this.#viewers.newWatch();
    const before = performance.eventLoopUtilization();
    this.#watching = () => {
      this.#parts.watchedDuring = watchReport(watch);
      this.#parts.loadBusy = performance.eventLoopUtilization(before).utilization;
    };
    if (this.#plan.outage === 'cut') this.#fleet.gather();
    await or(this.#fleet.whole());
    this.#parts.storm = this.#muster();
    this.#watching();
    await or(this.#viewers.finish());
    this.#parts.watchedDuring = watchReport(watch);
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => this.#powers.clock.after(ms, resolve));
  }

  /** Whatever was under way is told as far as it came. */
  #conclude(): void {
    if (this.#watching === undefined || this.#parts.storm !== undefined) return;
    this.#parts.storm = this.#muster();
    this.#watching();
  }

  #muster(): MusterReport {
    return musterReport(this.#fleet.muster, this.#plan.cameras.length, this.#fleet.registered);
  }

  #memory(): Promise<number | undefined> {
    return this.#powers.memory?.() ?? Promise.resolve(undefined);
  }

  #progress(): StormProgress {
    return {
      registered: this.#fleet.registered,
      cameras: this.#plan.cameras.length,
      refused: this.#fleet.muster.refusals.total,
      answered: this.#viewers.watch.answerMs.length,
      crossings: this.#crossings.total,
    };
  }
}

type Or = <T>(work: Promise<T>) => Promise<T>;
