import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../support/seeded-random.ts';
import { OneJitter } from '../support/one-stream.ts';
import { type Arrival, arrivals, beganMs, PlainJitter, timestampAt, upTo } from '../support/rtp-arrivals.ts';

/** A few seconds before its wrap, at any clock. */
const nearWrap = -100_000;
const clocks: [number, number][] = [
  [8_000, 20],
  [16_000, 20],
  [24_000, 20],
  [32_000, 20],
  [44_100, 1_024 / 44.1],
  [48_000, 20],
  [90_000, 1_000 / 30],
];

/** What a stream's jitter is after each of its packets. */
function jitterAfterEach(
  packets: readonly Arrival[],
  hertz: number,
  jitter = new OneJitter(),
  first = nearWrap,
): number[] {
  return packets.map(({ takenMs, atMs }, n) => {
    if (n === 0) jitter.begin(atMs, timestampAt(takenMs, hertz, first));
    else jitter.packet(atMs, timestampAt(takenMs, hertz, first));
    return jitter.ms;
  });
}

/** When the jitter was known first, in milliseconds since the first packet. */
function knownAfterMs(packets: readonly Arrival[], after: readonly number[]): number {
  return (packets[after.findIndex((ms) => !Number.isNaN(ms))]?.atMs ?? Number.NaN) - beganMs;
}

describe.each(clocks)('a clock of %i Hz', (hertz, everyMs) => {
  test.each([0, 5, 40, 150])('is known, and jitter is what the RFC says it is, with delays of up to %i ms', (ms) => {
    const packets = arrivals(everyMs, 60_000, upTo(ms, seededRandom(hertz + ms)));
    const plain = new PlainJitter(hertz);
    const after = jitterAfterEach(packets, hertz);
    for (const [n, arrival] of packets.entries()) {
      if (Number.isNaN(after[n])) plain.skip(arrival);
      else if (Number.isNaN(after[n - 1])) plain.skip(arrival);
      else plain.packet(arrival);
      if (!Number.isNaN(after[n])) expect(after[n]).toBeCloseTo(plain.ms, 3);
    }
    expect(knownAfterMs(packets, after)).toBeGreaterThanOrEqual(3_000);
    expect(knownAfterMs(packets, after)).toBeLessThan(ms < 100 ? 8_000 : 32_000);
    expect(after.at(-1)).toBeGreaterThanOrEqual(ms / 10);
  });

  test('is known by its later packets when the first ones come in a burst', () => {
    const packets = arrivals(everyMs, 20_000, (n) => Math.max(0, 2_000 - n * everyMs * 0.95));
    const after = jitterAfterEach(packets, hertz);
    expect(knownAfterMs(packets, after)).toBeLessThan(10_000);
    for (const ms of after) if (!Number.isNaN(ms)) expect(ms).toBeLessThan(1);
  });
});

test('a stream whose packets come 10 ms late every other time has a jitter of 10 ms', () => {
  const after = jitterAfterEach(
    arrivals(20, 10_000, (n) => (n % 2) * 10),
    48_000,
  );
  expect(after.at(-1)).toBeCloseTo(10, 3);
});

test.each([1_000, 11_025, 22_050, 46_000, 60_000, 100_000])('a clock of %i Hz is none, and has no jitter', (hertz) => {
  const packets = arrivals(20, 60_000, upTo(10, seededRandom(hertz)));
  expect(jitterAfterEach(packets, hertz).every(Number.isNaN)).toBe(true);
});

test('timestamps that stand for no time have no jitter', () => {
  const random = seededRandom(3_550);
  const jitter = new OneJitter();
  jitter.begin(beganMs, 0);
  for (let n = 1, timestamp = 0; n < 10_000; n++) {
    timestamp += Math.floor(random.fraction() * 10_000);
    jitter.packet(beganMs + n * 20, timestamp);
    expect(jitter.ms).toBeNaN();
  }
});

test('while time stands still nothing is known', () => {
  const jitter = new OneJitter();
  jitter.begin(beganMs, 0);
  for (let n = 1; n < 10_000; n++) jitter.packet(beganMs, n * 3_000);
  expect(jitter.ms).toBeNaN();
});

/** A stream of 90 kHz with 30 pictures a second, whose clock is known and which has no jitter; and what comes after it. */
function steadyVideo(): { jitter: OneJitter; next(count: number, lateMs?: number, ticks?: number): void } {
  const jitter = new OneJitter();
  let n = 0;
  jitter.begin(beganMs, nearWrap);
  const next = (count: number, lateMs = 0, ticks = 0) => {
    for (let left = count; left > 0; left--) {
      n++;
      jitter.packet(beganMs + n * 40 + lateMs, nearWrap + n * 3_600 + ticks);
    }
  };
  next(250);
  expect(jitter.ms).toBe(0);
  return { jitter, next };
}

describe('a stream whose clock is known', () => {
  test('counts the first packet of a picture alone', () => {
    const jitter = new OneJitter();
    for (let n = 0; n < 500; n++) {
      for (const pacedMs of [0, 7, 21]) {
        if (n === 0 && pacedMs === 0) jitter.begin(beganMs, 0);
        else jitter.packet(beganMs + n * 40 + pacedMs, n * 3_600);
      }
    }
    expect(jitter.ms).toBe(0);
  });

  test('counts no picture that was taken before the last one', () => {
    const jitter = new OneJitter();
    jitter.begin(beganMs, 0);
    // Pictures are sent 0 3 1 2 6 4 5 …: the third before the two that are made from it.
    for (let n = 1; n < 600; n++) jitter.packet(beganMs + n * 40, (n + (n % 3 === 1 ? 2 : -1)) * 3_600);
    expect(jitter.ms).toBe(0);
  });

  test('counts a delay of almost five seconds, and takes a longer one for a clock that was set anew', () => {
    const late = steadyVideo();
    late.next(1, 4_999);
    expect(late.jitter.ms).toBeCloseTo(4_999 / 16, 6);
    const anew = steadyVideo();
    anew.next(1, 5_001);
    expect(anew.jitter.ms).toBeNaN();
    anew.next(100, 5_001);
    expect(anew.jitter.ms).toBe(0);
  });

  test.each([
    ['a second back', -90_000 - 3_600 - 1],
    ['half an hour on', 1_800 * 90_000],
    ['to the other end of 32 bits', 2 ** 31 - 3_600],
  ])('begins anew when its clock is set %s', (_, ticks) => {
    const { jitter, next } = steadyVideo();
    next(1, 0, ticks);
    expect(jitter.ms).toBeNaN();
    next(74, 0, ticks);
    expect(jitter.ms).toBeNaN();
    next(2, 0, ticks);
    expect(jitter.ms).toBe(0);
  });

  test('waits for timestamps that step back by less than a second to go on', () => {
    const { jitter, next } = steadyVideo();
    next(20, 0, -90_000 - 3_600);
    expect(jitter.ms).toBe(0);
  });

  test('begins anew when time goes back', () => {
    const { jitter, next } = steadyVideo();
    next(1, -41);
    expect(jitter.ms).toBeNaN();
    next(100, -41);
    expect(jitter.ms).toBe(0);
  });

  test('keeps its clock while a queue on the way fills and empties, and keeps counting', () => {
    const { jitter, next } = steadyVideo();
    for (let n = 0; n < 4_000; n++) next(1, 300 * (1 + Math.sin(n / 125)));
    expect(jitter.ms).toBeGreaterThan(0.5);
    expect(jitter.ms).toBeLessThan(3);
  });

  test('loses its clock when timestamps go on at another rate, and learns the other one', () => {
    const slow = arrivals(20, 30_000, () => 0);
    const jitter = new OneJitter();
    jitterAfterEach(slow, 48_000, jitter);
    expect(jitter.ms).toBeCloseTo(0, 3);
    const seen: number[] = [];
    for (let n = 0; n < 2_000; n++) {
      jitter.packet(beganMs + 30_000 + n * 20, timestampAt(30_000, 48_000, nearWrap) + n * 882);
      seen.push(jitter.ms);
    }
    expect(seen.some(Number.isNaN)).toBe(true);
    expect(seen.at(-1)).toBe(0);
  });
});
