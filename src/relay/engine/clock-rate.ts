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

/**
 * The clock rate of one RTP stream, which nobody tells the relay, from its timestamps and when they came.
 *
 * In each span of time the rate is the slope of the line through all packets (least squares, of arrival over timestamp, as
 * it is arrival that the network disturbs). A clock is known when two spans in a row point to it, the second longer than the
 * first; as long as they do not, spans double. Two in a row that speak against it, and it is forgotten.
 */
export class ClockRate {
  #ticksPerMs = Number.NaN;
  /** The clock that the last span pointed to, in ticks per millisecond; 0 for none. */
  #pointedTo = 0;
  #spanMs = spanMsFirst;
  #fromMs = Number.NaN;
  #fromTimestamp = 0;
  // Sums over the span: of its packets, of their ticks x and milliseconds y from its first.
  #n = 0;
  #x = 0;
  #y = 0;
  #xx = 0;
  #xy = 0;

  /** NaN while it is not known. */
  get ticksPerMs(): number {
    return this.#ticksPerMs;
  }

  get isKnown(): boolean {
    return this.#ticksPerMs > 0;
  }

  /** Begins with a first packet, and knows nothing of what was before. */
  begin(nowMs: number, timestamp: number): void {
    this.#ticksPerMs = Number.NaN;
    this.#pointedTo = 0;
    this.#spanMs = spanMsFirst;
    this.#beginSpan(nowMs, timestamp);
  }

  /** Takes the first packet of a later timestamp, not earlier than the one before. */
  packet(nowMs: number, timestamp: number): void {
    const x = (timestamp - this.#fromTimestamp) >>> 0;
    const y = nowMs - this.#fromMs;
    this.#n++;
    this.#x += x;
    this.#y += y;
    this.#xx += x * x;
    this.#xy += x * y;
    if (y >= this.#spanMs) this.#endSpan(nowMs, timestamp);
  }

  #endSpan(nowMs: number, timestamp: number): void {
    const ticksPerMs = (this.#n * this.#xx - this.#x * this.#x) / (this.#n * this.#xy - this.#x * this.#y);
    if (this.isKnown) this.#doubt(ticksPerMs);
    else this.#learn(ticksPerMs);
    this.#beginSpan(nowMs, timestamp);
  }

  #learn(ticksPerMs: number): void {
    const before = this.#pointedTo;
    this.#pointedTo = clockNear(ticksPerMs);
    if (this.#pointedTo !== 0 && this.#pointedTo === before) {
      this.#ticksPerMs = this.#pointedTo;
      this.#spanMs = spanMsMax;
    } else {
      this.#spanMs = Math.min(2 * this.#spanMs, spanMsMax);
    }
  }

  #doubt(ticksPerMs: number): void {
    if (isWithin(keptShareMax, ticksPerMs, this.#ticksPerMs)) {
      this.#pointedTo = this.#ticksPerMs;
    } else if (this.#pointedTo !== 0) {
      this.#pointedTo = 0;
    } else {
      this.#ticksPerMs = Number.NaN;
      this.#spanMs = spanMsFirst;
    }
  }

  #beginSpan(nowMs: number, timestamp: number): void {
    this.#fromMs = nowMs;
    this.#fromTimestamp = timestamp;
    this.#n = 1;
    this.#x = 0;
    this.#y = 0;
    this.#xx = 0;
    this.#xy = 0;
  }
}

function clockNear(ticksPerMs: number): number {
  const hertz = clockRates.find((rate) => isWithin(learnedShareMax, ticksPerMs, rate / 1_000));
  return (hertz ?? 0) / 1_000;
}

function isWithin(share: number, measured: number, rate: number): boolean {
  return Math.abs(measured / rate - 1) <= share;
}
