import { limits } from '../../base/index.ts';

/** What one side or one session may send over time: whole numbers, from 1 to `limits.policed…Max`. */
export interface RateBounds {
  /** Of UDP payload, headers of RTP and DTLS included. */
  readonly bitsPerSecondMax: number;
  /** Datagrams of any kind. */
  readonly packetsPerSecondMax: number;
}

export type Verdict = 'admitted' | 'over-bit-rate' | 'over-packet-rate';

/** The levels of one pair of buckets, in the order in which they lie. */
const [bitsCell, packetsCell, atMsCell] = [0, 1, 2];
export const levelCells = 3;

/**
 * Two token buckets that a datagram must pass both: the meter of RFC 2697 section 3 with one burst size, colour-blind.
 * They begin full. What one bound refuses costs nothing of the other.
 *
 * One policer has the same bounds for many, whose levels lie in the memory that it is given, `levelCells` numbers from the place that
 * each call names. They are thousandths of a bit and of a packet: whole milliseconds times whole units per second come out whole, so
 * that no rounding adds up however long a session lives.
 */
export class Policer {
  readonly #levels: Float64Array;
  readonly #bitsPerSecond: number;
  readonly #packetsPerSecond: number;
  readonly #bitsFull: number;
  readonly #packetsFull: number;

  /**
   * Each bucket holds what its bound allows in `limits.policedBurstMs`, but never less than `limits.policedBurstBytesMin` and
   * `limits.policedBurstPacketsMin`. Throws a RangeError for a bound that is not a whole number in its range.
   */
  constructor(levels: Float64Array, { bitsPerSecondMax, packetsPerSecondMax }: RateBounds) {
    demandWhole('bitsPerSecondMax', bitsPerSecondMax, limits.policedBitsPerSecondMax);
    demandWhole('packetsPerSecondMax', packetsPerSecondMax, limits.policedPacketsPerSecondMax);
    this.#levels = levels;
    this.#bitsPerSecond = bitsPerSecondMax;
    this.#packetsPerSecond = packetsPerSecondMax;
    this.#bitsFull = Math.max(bitsPerSecondMax * limits.policedBurstMs, limits.policedBurstBytesMin * 8 * thousand);
    this.#packetsFull = Math.max(packetsPerSecondMax * limits.policedBurstMs, limits.policedBurstPacketsMin * thousand);
  }

  /** Fills the buckets at a place. */
  begin(at: number, nowMs: number): void {
    this.#levels[at + bitsCell] = this.#bitsFull;
    this.#levels[at + packetsCell] = this.#packetsFull;
    this.#levels[at + atMsCell] = nowMs;
  }

  /**
   * Judges one datagram of `bytes` (0 to `limits.datagramBytesMax`), and charges it when it is admitted. A time that goes back
   * adds nothing and takes nothing: over any stretch, what is admitted fits the time that went forward.
   */
  admit(at: number, nowMs: number, bytes: number): Verdict {
    this.#fill(at, nowMs);
    if ((this.#levels[at + packetsCell] ?? 0) < thousand) return 'over-packet-rate';
    if ((this.#levels[at + bitsCell] ?? 0) < bytes * 8 * thousand) return 'over-bit-rate';
    this.charge(at, bytes, 1);
    return 'admitted';
  }

  /** Whether so many packets, of so many bytes together, would be admitted one after the other. Nothing is charged. */
  hasRoom(at: number, nowMs: number, bytes: number, packets: number): boolean {
    this.#fill(at, nowMs);
    return (
      (this.#levels[at + packetsCell] ?? 0) >= packets * thousand &&
      (this.#levels[at + bitsCell] ?? 0) >= bytes * 8 * thousand
    );
  }

  /** Charges what has room. */
  charge(at: number, bytes: number, packets: number): void {
    this.#levels[at + packetsCell] = (this.#levels[at + packetsCell] ?? 0) - packets * thousand;
    this.#levels[at + bitsCell] = (this.#levels[at + bitsCell] ?? 0) - bytes * 8 * thousand;
  }

  #fill(at: number, nowMs: number): void {
    const elapsedMs = nowMs - (this.#levels[at + atMsCell] ?? 0);
    // Most datagrams come at the time of the one before.
    if (elapsedMs === 0) return;
    this.#levels[at + atMsCell] = nowMs;
    if (elapsedMs < 0) return;
    const bits = (this.#levels[at + bitsCell] ?? 0) + elapsedMs * this.#bitsPerSecond;
    const packets = (this.#levels[at + packetsCell] ?? 0) + elapsedMs * this.#packetsPerSecond;
    this.#levels[at + bitsCell] = Math.min(this.#bitsFull, bits);
    this.#levels[at + packetsCell] = Math.min(this.#packetsFull, packets);
  }
}

const thousand = 1_000;

function demandWhole(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw new RangeError(`${name} is ${value}; it must be a whole number from 1 to ${max}.`);
}
