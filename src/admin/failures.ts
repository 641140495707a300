import { type Clock, isLoopback, limits, networkOf } from '../base/index.ts';

/**
 * How many wrong credentials each network may still show: a bucket for each, in a table that never grows beyond
 * `limits.adminFailureNetworksMax`; the one that failed longest ago makes room.
 */
export class Failures {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, { left: number; atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get networks(): number {
    return this.#buckets.size;
  }

  /**
   * For how many seconds nothing from that address is looked at; 0: it may try. Over loopback come all the people of this
   * machine, and a door that must be shut now is not kept open by somebody else's failures: there a good credential is always taken.
   */
  restSeconds(host: string): number {
    if (isLoopback(host)) return 0;
    return this.spentSeconds(host);
  }

  /** For how many seconds a wrong credential from that address is told to come back later. */
  spentSeconds(host: string): number {
    const bucket = this.#refilled(networkOf(host));
    return bucket === undefined || bucket.left >= 1 ? 0 : Math.ceil((1 - bucket.left) / perSecond);
  }

  /** Counts a wrong credential. */
  count(host: string): void {
    const network = networkOf(host);
    const bucket = this.#refilled(network) ?? { left: limits.adminFailuresBurstMax, atMs: this.#clock.now() };
    bucket.left = Math.max(0, bucket.left - 1);
    this.#buckets.delete(network);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size >= limits.adminFailureNetworksMax && oldest !== undefined) this.#buckets.delete(oldest);
    this.#buckets.set(network, bucket);
  }

  #refilled(network: string): { left: number; atMs: number } | undefined {
    const bucket = this.#buckets.get(network);
    if (bucket === undefined) return undefined;
    const nowMs = this.#clock.now();
    const seconds = Math.max(0, nowMs - bucket.atMs) / 1000;
    bucket.left = Math.min(limits.adminFailuresBurstMax, bucket.left + seconds * perSecond);
    bucket.atMs = nowMs;
    return bucket;
  }
}

const perSecond = limits.adminFailuresPerMinuteMax / 60;
