import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { levelCells, Policer, type RateBounds, type Verdict } from '../../../src/relay/engine/policer.ts';

const nowMs = 1_700_000_000_000;
/** No bucket of the other kind gets in the way. */
const many = limits.policedPacketsPerSecondMax;
const wide = limits.policedBitsPerSecondMax;

/** A policer with one pair of buckets, which lies among others that nobody touches. */
class Buckets {
  readonly #levels = new Float64Array(3 * levelCells).fill(7);
  readonly #policer: Policer;

  constructor(atMs: number, bounds: RateBounds) {
    this.#policer = new Policer(this.#levels, bounds);
    this.#policer.begin(levelCells, atMs);
  }

  admit(atMs: number, bytes: number): Verdict {
    const verdict = this.#policer.admit(levelCells, atMs, bytes);
    const others = [...this.#levels.subarray(0, levelCells), ...this.#levels.subarray(2 * levelCells)];
    if (others.some((level) => level !== 7)) throw new Error('the levels of another were touched');
    return verdict;
  }
}

/** How many datagrams of one size are admitted at one time, and what stops the next one. */
function admittedAt(policer: Buckets, atMs: number, bytes: number): [number, Verdict] {
  for (let count = 0; ; count++) {
    const verdict = policer.admit(atMs, bytes);
    if (verdict !== 'admitted') return [count, verdict];
  }
}

describe('a full bucket', () => {
  test('holds one second of bits', () => {
    const policer = new Buckets(nowMs, { bitsPerSecondMax: 8_000_000, packetsPerSecondMax: many });
    expect(admittedAt(policer, nowMs, 1_000)).toEqual([1_000, 'over-bit-rate']);
  });

  test('holds one second of packets', () => {
    const policer = new Buckets(nowMs, { bitsPerSecondMax: wide, packetsPerSecondMax: 1_000 });
    expect(admittedAt(policer, nowMs, 1)).toEqual([1_000, 'over-packet-rate']);
  });

  test('holds a large key frame, however low the rate', () => {
    const policer = new Buckets(nowMs, { bitsPerSecondMax: 1, packetsPerSecondMax: 1 });
    expect(admittedAt(policer, nowMs, 1_024)).toEqual([128, 'over-packet-rate']);
    const wider = new Buckets(nowMs, { bitsPerSecondMax: 1, packetsPerSecondMax: many });
    expect(admittedAt(wider, nowMs, 1_024)).toEqual([128, 'over-bit-rate']);
  });

  test('takes the largest datagram', () => {
    const policer = new Buckets(nowMs, { bitsPerSecondMax: 1, packetsPerSecondMax: 1 });
    expect(policer.admit(nowMs, limits.datagramBytesMax)).toBe('admitted');
  });
});

describe('an empty bucket', () => {
  test('has room for a datagram in the very moment in which its last bit is there, and not before', () => {
    const policer = new Buckets(nowMs, { bitsPerSecondMax: 8_000_000, packetsPerSecondMax: many });
    admittedAt(policer, nowMs, 1_000);
    expect(policer.admit(nowMs + 0.999, 1_000)).toBe('over-bit-rate');
    expect(policer.admit(nowMs + 1, 1_001)).toBe('over-bit-rate');
    expect(policer.admit(nowMs + 1, 1_000)).toBe('admitted');
    expect(policer.admit(nowMs + 1, 1)).toBe('over-bit-rate');
  });

  test('has room for a packet in the very moment in which it is there, and not before', () => {
    const policer = new Buckets(nowMs, { bitsPerSecondMax: wide, packetsPerSecondMax: 200 });
    admittedAt(policer, nowMs, 0);
    expect(policer.admit(nowMs + 4.75, 0)).toBe('over-packet-rate');
    expect(policer.admit(nowMs + 5, 0)).toBe('admitted');
    expect(policer.admit(nowMs + 5, 0)).toBe('over-packet-rate');
  });

  test('is full after its burst’s time, and no fuller however long it waits', () => {
    for (const waitMs of [1_000, 3_600_000, 1e15, Number.MAX_VALUE]) {
      const policer = new Buckets(0, { bitsPerSecondMax: 80_000_000, packetsPerSecondMax: 1_000 });
      expect(admittedAt(policer, 0, 100)).toEqual([1_000, 'over-packet-rate']);
      expect(admittedAt(policer, waitMs, 100)).toEqual([1_000, 'over-packet-rate']);
    }
  });
});

describe('what one bound refuses', () => {
  test('is not charged to packets when there were too many bits', () => {
    const policer = new Buckets(nowMs, { bitsPerSecondMax: 1, packetsPerSecondMax: 128 });
    for (let n = 0; n < 2; n++) policer.admit(nowMs, 64 * 1024);
    for (let n = 0; n < 1_000; n++) expect(policer.admit(nowMs, 1)).toBe('over-bit-rate');
    expect(admittedAt(policer, nowMs, 0)).toEqual([126, 'over-packet-rate']);
  });

  test('is not charged to bits when there were too many packets', () => {
    const policer = new Buckets(nowMs, { bitsPerSecondMax: 1, packetsPerSecondMax: 128 });
    admittedAt(policer, nowMs, 0);
    for (let n = 0; n < 1_000; n++) expect(policer.admit(nowMs, 1_024)).toBe('over-packet-rate');
    expect(admittedAt(policer, nowMs + 1_000, 1_024)).toEqual([128, 'over-packet-rate']);
  });
});

test('a time that goes back adds nothing and takes nothing', () => {
  const policer = new Buckets(nowMs, { bitsPerSecondMax: wide, packetsPerSecondMax: 1_000 });
  admittedAt(policer, nowMs, 0);
  expect(policer.admit(nowMs - 3_600_000, 0)).toBe('over-packet-rate');
  expect(policer.admit(nowMs - 3_600_000 + 1, 0)).toBe('admitted');
  expect(policer.admit(nowMs - 3_600_000 + 1, 0)).toBe('over-packet-rate');
});

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('a bound of %d is refused', (bound) => {
  expect(() => new Buckets(nowMs, { bitsPerSecondMax: bound, packetsPerSecondMax: 1 })).toThrow(/bitsPerSecondMax/);
  expect(() => new Buckets(nowMs, { bitsPerSecondMax: 1, packetsPerSecondMax: bound })).toThrow(/packetsPerSecondMax/);
});

test('the largest bounds are taken, and no larger ones', () => {
  const largest = { bitsPerSecondMax: wide, packetsPerSecondMax: many };
  expect(new Buckets(nowMs, largest).admit(nowMs, 1)).toBe('admitted');
  expect(() => new Buckets(nowMs, { ...largest, bitsPerSecondMax: wide + 1 })).toThrow(RangeError);
  expect(() => new Buckets(nowMs, { ...largest, packetsPerSecondMax: many + 1 })).toThrow(RangeError);
});

const bounds: fc.Arbitrary<RateBounds> = fc.record({
  bitsPerSecondMax: fc.oneof(fc.integer({ min: 1, max: 5_000_000 }), fc.integer({ min: 1, max: wide })),
  packetsPerSecondMax: fc.oneof(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: many })),
});
const bytes = fc.oneof(fc.integer({ min: 0, max: 1_500 }), fc.integer({ min: 0, max: limits.datagramBytesMax }));

/** A bucket in whole numbers of any size, in thousandths. */
class ExactBucket {
  readonly #perMs: bigint;
  readonly #full: bigint;
  #level: bigint;

  constructor(perSecond: number, full: number) {
    this.#perMs = BigInt(perSecond);
    this.#full = BigInt(full) * 1_000n;
    this.#level = this.#full;
  }

  wait(ms: number): void {
    const level = this.#level + this.#perMs * BigInt(ms);
    this.#level = level < this.#full ? level : this.#full;
  }

  holds(amount: number): boolean {
    return this.#level >= BigInt(amount) * 1_000n;
  }

  take(amount: number): void {
    this.#level -= BigInt(amount) * 1_000n;
  }
}

test('says the same as exact arithmetic, for whole milliseconds', () => {
  const step = fc.record({
    waitMs: fc.oneof(fc.nat(3), fc.nat(2_000)),
    bytes,
    repeat: fc.integer({ min: 1, max: 200 }),
  });
  fc.assert(
    fc.property(bounds, fc.array(step, { maxLength: 30 }), (bound, steps) => {
      const policer = new Buckets(nowMs, bound);
      const { bitsPerSecondMax, packetsPerSecondMax } = bound;
      const bits = new ExactBucket(bitsPerSecondMax, Math.max(bitsPerSecondMax, limits.policedBurstBytesMin * 8));
      const packets = new ExactBucket(
        packetsPerSecondMax,
        Math.max(packetsPerSecondMax, limits.policedBurstPacketsMin),
      );
      let atMs = nowMs;
      for (const { waitMs, bytes, repeat } of steps) {
        atMs += waitMs;
        bits.wait(waitMs);
        packets.wait(waitMs);
        for (let n = 0; n < repeat; n++) {
          const fits = packets.holds(1) && bits.holds(bytes * 8);
          expect(policer.admit(atMs, bytes) === 'admitted').toBe(fits);
          if (!fits) continue;
          bits.take(bytes * 8);
          packets.take(1);
        }
      }
    }),
    { seed: 2697 },
  );
});

test('over any time, no more than the rate and one burst is admitted; what keeps within them all is', () => {
  const step = fc.record({ waitMs: fc.double({ min: -50, max: 500, noNaN: true }), bytes });
  fc.assert(
    fc.property(bounds, fc.array(step, { minLength: 1, maxLength: 300 }), (bound, steps) => {
      const policer = new Buckets(nowMs, bound);
      const burstBits = Math.max(bound.bitsPerSecondMax, limits.policedBurstBytesMin * 8);
      const burstPackets = Math.max(bound.packetsPerSecondMax, limits.policedBurstPacketsMin);
      let atMs = nowMs;
      let forwardMs = 0;
      let bits = 0;
      let packets = 0;
      for (const { waitMs, bytes } of steps) {
        const beforeMs = atMs;
        atMs += waitMs;
        forwardMs += Math.max(0, atMs - beforeMs);
        const admitted = policer.admit(atMs, bytes) === 'admitted';
        // Whoever has sent no more than a burst in all cannot have emptied a bucket.
        if (bits + bytes * 8 <= burstBits && packets + 1 <= burstPackets) expect(admitted).toBe(true);
        if (!admitted) continue;
        bits += bytes * 8;
        packets++;
        expect(bits).toBeLessThanOrEqual(burstBits + (bound.bitsPerSecondMax * forwardMs) / 1_000 + 0.001);
        expect(packets).toBeLessThanOrEqual(burstPackets + (bound.packetsPerSecondMax * forwardMs) / 1_000 + 0.001);
      }
    }),
    { seed: 2698 },
  );
});

test('for an hour at exactly its rate, with fractions of a millisecond, nothing is refused and nothing more is let in', () => {
  const policer = new Buckets(nowMs, { bitsPerSecondMax: 3_000_000, packetsPerSecondMax: 300 });
  const [burst] = admittedAt(policer, nowMs, 1_250);
  expect(burst).toBe(300);
  let refused = 0;
  // The fourth part of a millisecond more: a time since the epoch is known to 1/4096 of one.
  for (let n = 1; n <= 3_600 * 300; n++)
    if (policer.admit(nowMs + 0.25 + (n * 10) / 3, 1_250) !== 'admitted') refused++;
  expect(refused).toBe(0);
  expect(policer.admit(nowMs + 0.25 + 3_600_000, 1_250)).toBe('over-packet-rate');
});
