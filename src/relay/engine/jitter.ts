import { ClockRates } from './clock-rate.ts';
import { type StreamMemory, streamNumber, streamWord } from './stream-memory.ts';

/** B-pictures step back by less: a second of the fastest clock. A longer way back is a clock that was set anew. */
const ticksBackMax = 90_000;
/** A larger difference is a clock that was set anew, and not a network: libwebrtc draws the line here as well. */
const differenceMsMax = 5_000;

/**
 * The interarrival jitter of RTP streams (RFC 3550 section 6.4.1 and appendix A.8), each at a place in the memory. Of the packets with
 * one timestamp the first alone counts: those of one picture are sent over some time. Timestamps that step back, as those of
 * B-pictures do, do not count.
 */
export class Jitters {
  readonly #numbers: Float64Array;
  readonly #words: Int32Array;
  readonly #clocks: ClockRates;

  constructor(memory: StreamMemory) {
    this.#numbers = memory.numbers;
    this.#words = memory.words;
    this.#clocks = new ClockRates(memory);
  }

  /** In milliseconds; NaN while the clock is not known. */
  ms(at: number): number {
    return this.#clocks.isKnown(at) ? (this.#numbers[at + streamNumber.jitterMs] ?? 0) : Number.NaN;
  }

  /** Begins with a first packet, and knows nothing of what was before. */
  begin(at: number, nowMs: number, timestamp: number): void {
    this.#take(at, nowMs, timestamp, 0);
    this.#clocks.begin(at, nowMs, timestamp);
  }

  /** Takes the next packet in the order of sequence numbers; `timestamp` is 32 bits, with or without a sign. */
  packet(at: number, nowMs: number, timestamp: number): void {
    const ticks = (timestamp - (this.#words[2 * at + streamWord.timestamp] ?? 0)) | 0;
    if (ticks <= 0 && ticks >= -ticksBackMax) return;
    const gapMs = nowMs - (this.#numbers[at + streamNumber.atMs] ?? 0);
    // NaN, which is larger than nothing, as long as the clock is not known.
    const differenceMs = Math.abs(gapMs - ticks / this.#clocks.ticksPerMs(at));
    if (ticks < 0 || gapMs < 0 || differenceMs > differenceMsMax) {
      this.begin(at, nowMs, timestamp);
      return;
    }
    const before = this.#numbers[at + streamNumber.jitterMs] ?? 0;
    this.#take(at, nowMs, timestamp, this.#clocks.isKnown(at) ? before + (differenceMs - before) / 16 : 0);
    this.#clocks.packet(at, nowMs, timestamp);
  }

  #take(at: number, nowMs: number, timestamp: number, jitterMs: number): void {
    this.#numbers[at + streamNumber.jitterMs] = jitterMs;
    this.#numbers[at + streamNumber.atMs] = nowMs;
    this.#words[2 * at + streamWord.timestamp] = timestamp;
  }
}
