import { ClockRate } from './clock-rate.ts';

/** B-pictures step back by less: a second of the fastest clock. A longer way back is a clock that was set anew. */
const ticksBackMax = 90_000;
/** A larger difference is a clock that was set anew, and not a network: libwebrtc draws the line here as well. */
const differenceMsMax = 5_000;

/**
 * The interarrival jitter of one RTP stream (RFC 3550 section 6.4.1 and appendix A.8). Of the packets with one timestamp the
 * first alone counts: those of one picture are sent over some time. Timestamps that step back, as those of B-pictures do,
 * do not count.
 */
export class Jitter {
  readonly #clock = new ClockRate();
  #ms = 0;
  #timestamp = 0;
  #atMs = Number.NaN;

  /** In milliseconds; NaN while the clock is not known. */
  get ms(): number {
    return this.#clock.isKnown ? this.#ms : Number.NaN;
  }

  /** Begins with a first packet, and knows nothing of what was before. */
  begin(nowMs: number, timestamp: number): void {
    this.#ms = 0;
    this.#timestamp = timestamp;
    this.#atMs = nowMs;
    this.#clock.begin(nowMs, timestamp);
  }

  /** Takes the next packet in the order of sequence numbers; `timestamp` is 32 bits, with or without a sign. */
  packet(nowMs: number, timestamp: number): void {
    const ticks = (timestamp - this.#timestamp) | 0;
    if (ticks <= 0 && ticks >= -ticksBackMax) return;
    const gapMs = nowMs - this.#atMs;
    // NaN, which is larger than nothing, as long as the clock is not known.
    const differenceMs = Math.abs(gapMs - ticks / this.#clock.ticksPerMs);
    if (ticks < 0 || gapMs < 0 || differenceMs > differenceMsMax) {
      this.begin(nowMs, timestamp);
      return;
    }
    this.#ms = this.#clock.isKnown ? this.#ms + (differenceMs - this.#ms) / 16 : 0;
    this.#timestamp = timestamp;
    this.#atMs = nowMs;
    this.#clock.packet(nowMs, timestamp);
  }
}
