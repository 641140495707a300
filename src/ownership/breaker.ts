import { type Clock, isOver, limits } from '../base/index.ts';
import { SourceFailure } from './source-observer.ts';

/**
 * Leaves a service alone that fails again and again: after `limits.serviceFailuresMax` failures in a row for
 * `limits.serviceRestMsFirst`, and then lets one question try; while that fails, for twice as long each time, up to
 * `limits.serviceRestMsMax`.
 */
export class Breaker {
  readonly #clock: Clock;
  #failures = 0;
  #restMs: number = limits.serviceRestMsFirst;
  /** Since when the service is left alone; undefined while it is not. */
  #restsSinceMs: number | undefined;
  #trying = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs a question if there is to be one now; throws `resting` where not. `isFailure` says of what is thrown whose fault it is. */
  async run<T>(ask: () => Promise<T>, isFailure: (thrown: unknown) => boolean): Promise<T> {
    const sinceMs = this.#restsSinceMs;
    const isTrial = sinceMs !== undefined;
    if (isTrial && (this.#trying || !isOver(this.#clock.now(), sinceMs, this.#restMs)))
      throw new SourceFailure('resting');
    this.#trying = isTrial;
    try {
      const result = await ask();
      this.#succeeded();
      return result;
    } catch (thrown) {
      if (isFailure(thrown)) this.#failed(isTrial);
      throw thrown;
    } finally {
      if (isTrial) this.#trying = false;
    }
  }

  #succeeded(): void {
    this.#failures = 0;
    this.#restMs = limits.serviceRestMsFirst;
    this.#restsSinceMs = undefined;
  }

  #failed(isTrial: boolean): void {
    this.#failures += 1;
    const isOpen = this.#restsSinceMs !== undefined;
    if (isTrial) this.#restMs = Math.min(2 * this.#restMs, limits.serviceRestMsMax);
    else if (isOpen || this.#failures < limits.serviceFailuresMax) return;
    this.#restsSinceMs = this.#clock.now();
  }
}
