import { limits } from '../../base/index.ts';

/** What one side or one session may send over time: whole numbers, from 1 to `limits.policed…Max`. */
export interface RateBounds {
  /** Of UDP payload, headers of RTP and DTLS included. */
  readonly bitsPerSecondMax: number;
  /** Datagrams of any kind. */
  readonly packetsPerSecondMax: number;
}

export type Verdict = 'admitted' | 'over-bit-rate' | 'over-packet-rate';

/**
 * Two token buckets that a datagram must pass both: the meter of RFC 2697 section 3 with one burst size, colour-blind.
 * They begin full. What one bound refuses costs nothing of the other.
 *
 * Levels are thousandths of a bit and of a packet: whole milliseconds times whole units per second come out whole, so
 * that no rounding adds up however long a session lives.
 */
export class Policer {
  readonly #bitsPerSecond: number;
  readonly #packetsPerSecond: number;
  readonly #bitsFull: number;
  readonly #packetsFull: number;
  // Numbers from the start: for a field that was once undefined, V8 makes a new box whenever a number goes in.
  #bits = 0;
  #packets = 0;
  #atMs = 0;

  /**
   * Each bucket holds what its bound allows in `limits.policedBurstMs`, but never less than `limits.policedBurstBytesMin` and
   * `limits.policedBurstPacketsMin`. Throws a RangeError for a bound that is not a whole number in its range.
   */
  constructor(nowMs: number, { bitsPerSecondMax, packetsPerSecondMax }: RateBounds) {
    demandWhole('bitsPerSecondMax', bitsPerSecondMax, limits.policedBitsPerSecondMax);
    demandWhole('packetsPerSecondMax', packetsPerSecondMax, limits.policedPacketsPerSecondMax);
    this.#bitsPerSecond = bitsPerSecondMax;
    this.#packetsPerSecond = packetsPerSecondMax;
    this.#bitsFull = Math.max(bitsPerSecondMax * limits.policedBurstMs, limits.policedBurstBytesMin * 8 * thousand);
    this.#packetsFull = Math.max(packetsPerSecondMax * limits.policedBurstMs, limits.policedBurstPacketsMin * thousand);
    this.#bits = this.#bitsFull;
    this.#packets = this.#packetsFull;
    this.#atMs = nowMs;
  }

  /**
   * Judges one datagram of `bytes` (0 to `limits.datagramBytesMax`), and charges it when it is admitted. A time that goes back
   * adds nothing and takes nothing: over any stretch, what is admitted fits the time that went forward.
   */
  admit(nowMs: number, bytes: number): Verdict {
    this.#fill(nowMs);
    if (this.#packets < thousand) return 'over-packet-rate';
    if (this.#bits < bytes * 8 * thousand) return 'over-bit-rate';
    this.charge(bytes, 1);
    return 'admitted';
  }

  /** Whether so many packets, of so many bytes together, would be admitted one after the other. Nothing is charged. */
  hasRoom(nowMs: number, bytes: number, packets: number): boolean {
    this.#fill(nowMs);
    return this.#packets >= packets * thousand && this.#bits >= bytes * 8 * thousand;
  }

  /** Charges what has room. */
  charge(bytes: number, packets: number): void {
    this.#packets -= packets * thousand;
    this.#bits -= bytes * 8 * thousand;
  }

  #fill(nowMs: number): void {
    const elapsedMs = nowMs - this.#atMs;
    this.#atMs = nowMs;
    if (elapsedMs > 0) {
      this.#bits = Math.min(this.#bitsFull, this.#bits + elapsedMs * this.#bitsPerSecond);
      this.#packets = Math.min(this.#packetsFull, this.#packets + elapsedMs * this.#packetsPerSecond);
    }
  }
}

const thousand = 1_000;

function demandWhole(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw new RangeError(`${name} is ${value}; it must be a whole number from 1 to ${max}.`);
}
