import { type StreamMemory, streamNumber, streamWord } from './stream-memory.ts';

/**
 * The clocks that RTP timestamps count by, in Hz (RFC 3551 section 6, RFC 7587 section 4.1). The two that are closest to each
 * other are 8.8 % apart.
 */
const clockRates = [8_000, 16_000, 24_000, 32_000, 44_100, 48_000, 90_000];

/** How far a measured rate may be from a clock's own to be taken for it. */
const learnedShareMax = 0.025;
/** How far it may be later, when a queue on the way has filled or emptied meanwhile. */
const keptShareMax = 0.07;
const spanMsFirst = 1_000;
const spanMsMax = 8_000;

const { ticksPerMs, pointedTo, spanMs, fromMs, x, y, xx, xy } = streamNumber;
const { fromTimestamp, inSpan } = streamWord;

/**
 * The clock rates of RTP streams, which nobody tells the relay, from their timestamps and when they came.
 *
 * In each span of time the rate is the slope of the line through all packets (least squares, of arrival over timestamp, as
 * it is arrival that the network disturbs). A clock is known when two spans in a row point to it, the second longer than the
 * first; as long as they do not, spans double. Two in a row that speak against it, and it is forgotten.
 */
export class ClockRates {
  readonly #numbers: Float64Array;
  readonly #words: Int32Array;

  constructor({ numbers, words }: StreamMemory) {
    this.#numbers = numbers;
    this.#words = words;
  }

  /** NaN while it is not known. `at` is where the stream lies in the memory. */
  ticksPerMs(at: number): number {
    return this.#number(at + ticksPerMs);
  }

  isKnown(at: number): boolean {
    return this.#number(at + ticksPerMs) > 0;
  }

  /** Begins with a first packet, and knows nothing of what was before. */
  begin(at: number, nowMs: number, timestamp: number): void {
    this.#numbers[at + ticksPerMs] = Number.NaN;
    this.#numbers[at + pointedTo] = 0;
    this.#numbers[at + spanMs] = spanMsFirst;
    this.#beginSpan(at, nowMs, timestamp);
  }

  /** Takes the first packet of a later timestamp, not earlier than the one before. */
  packet(at: number, nowMs: number, timestamp: number): void {
    const ticks = (timestamp - (this.#words[2 * at + fromTimestamp] ?? 0)) >>> 0;
    const ms = nowMs - this.#number(at + fromMs);
    this.#words[2 * at + inSpan] = (this.#words[2 * at + inSpan] ?? 0) + 1;
    this.#add(at + x, ticks);
    this.#add(at + y, ms);
    this.#add(at + xx, ticks * ticks);
    this.#add(at + xy, ticks * ms);
    if (ms >= this.#number(at + spanMs)) this.#endSpan(at, nowMs, timestamp);
  }

  #endSpan(at: number, nowMs: number, timestamp: number): void {
    const n = this.#words[2 * at + inSpan] ?? 0;
    const sumX = this.#number(at + x);
    const sumY = this.#number(at + y);
    const slope = (n * this.#number(at + xx) - sumX * sumX) / (n * this.#number(at + xy) - sumX * sumY);
    if (this.isKnown(at)) this.#doubt(at, slope);
    else this.#learn(at, slope);
    this.#beginSpan(at, nowMs, timestamp);
  }

  #learn(at: number, slope: number): void {
    const before = this.#number(at + pointedTo);
    const clock = clockNear(slope);
    this.#numbers[at + pointedTo] = clock;
    if (clock !== 0 && clock === before) {
      this.#numbers[at + ticksPerMs] = clock;
      this.#numbers[at + spanMs] = spanMsMax;
    } else {
      this.#numbers[at + spanMs] = Math.min(2 * this.#number(at + spanMs), spanMsMax);
    }
  }

  /** What the last span pointed to is 0 when it spoke against the clock. */
  #doubt(at: number, slope: number): void {
    const clock = this.ticksPerMs(at);
    if (isWithin(keptShareMax, slope, clock)) {
      this.#numbers[at + pointedTo] = clock;
    } else if (this.#number(at + pointedTo) !== 0) {
      this.#numbers[at + pointedTo] = 0;
    } else {
      this.#numbers[at + ticksPerMs] = Number.NaN;
      this.#numbers[at + spanMs] = spanMsFirst;
    }
  }

  /** The sums are those of the span's packets: of their ticks x and milliseconds y from its first. */
  #beginSpan(at: number, nowMs: number, timestamp: number): void {
    this.#numbers[at + fromMs] = nowMs;
    this.#words[2 * at + fromTimestamp] = timestamp;
    this.#words[2 * at + inSpan] = 1;
    this.#numbers.fill(0, at + x, at + xy + 1);
  }

  #number(at: number): number {
    return this.#numbers[at] ?? 0;
  }

  #add(at: number, value: number): void {
    this.#numbers[at] = (this.#numbers[at] ?? 0) + value;
  }
}

function clockNear(ticksPerMs: number): number {
  const hertz = clockRates.find((rate) => isWithin(learnedShareMax, ticksPerMs, rate / 1_000));
  return (hertz ?? 0) / 1_000;
}

function isWithin(share: number, measured: number, rate: number): boolean {
  return Math.abs(measured / rate - 1) <= share;
}
