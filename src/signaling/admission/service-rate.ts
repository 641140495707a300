import { limits } from '../../base/index.ts';

/**
 * How much of one kind of work gets done in a second, counted only while some of it waits: what is done in idle times says how much was
 * asked for, not how much could be done. It rises at once and falls slowly, since a guess too high fills a queue that is
 * bounded, and one too low keeps a whole fleet away from an idle relay.
 */
export class ServiceRate {
  #perSecond: number = limits.servedPerSecondFirst;
  #measured = false;
  /** Since when work waits; undefined while none does. */
  #busyMs: number | undefined;
  #windowMs = 0;
  #done = 0;

  /** Work begins to wait, or ends to. */
  waiting(some: boolean, nowMs: number): void {
    this.#count(nowMs);
    this.#busyMs = some ? nowMs : undefined;
  }

  /** A piece of work was done. */
  done(nowMs: number): void {
    if (this.#busyMs === undefined) return;
    this.#done += 1;
    this.#count(nowMs);
  }

  /** At least `limits.servedPerSecondMin`; `limits.servedPerSecondFirst` while nothing was measured. */
  perSecond(nowMs: number): number {
    this.#count(nowMs);
    return this.#perSecond;
  }

  #count(nowMs: number): void {
    if (this.#busyMs === undefined) return;
    this.#windowMs += Math.max(0, nowMs - this.#busyMs);
    this.#busyMs = nowMs;
    const few = this.#done < limits.servedInWindowMin;
    if (this.#windowMs < (few ? limits.servedWindowMsMax : limits.servedWindowMsMin)) return;
    const sample = Math.max(limits.servedPerSecondMin, (this.#done * 1000) / this.#windowMs);
    const memoryMs = sample > this.#perSecond ? limits.servedRiseMs : limits.servedFallMs;
    const weight = this.#measured ? 1 - Math.exp(-this.#windowMs / memoryMs) : 1;
    this.#perSecond += weight * (sample - this.#perSecond);
    this.#measured = true;
    this.#windowMs = 0;
    this.#done = 0;
  }
}
