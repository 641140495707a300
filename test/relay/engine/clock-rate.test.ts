import { expect, test } from 'vitest';
import { OneClock } from '../support/one-stream.ts';

const beganMs = 1_700_000_000_000;
const everyMs = 10;

/** A stream with a packet every 10 ms, on a network without jitter, whose clock goes at any rate. */
class Stream {
  readonly clock = new OneClock();
  #atMs = beganMs;
  #ticks = 2 ** 31 - 50_000;

  constructor() {
    this.clock.begin(this.#atMs, this.#ticks);
  }

  /** Goes on for some time; returns whether the clock is known at its end. */
  go(seconds: number, hertz: number): boolean {
    for (let n = 0; n < (seconds * 1_000) / everyMs; n++) {
      this.#atMs += everyMs;
      this.#ticks += (hertz * everyMs) / 1_000;
      this.clock.packet(this.#atMs, this.#ticks | 0);
    }
    return this.clock.isKnown;
  }
}

test('a clock is known when a span of a second and one of two seconds point to it', () => {
  const stream = new Stream();
  expect(stream.clock.ticksPerMs).toBeNaN();
  expect(stream.go(2.99, 48_000)).toBe(false);
  expect(stream.go(0.01, 48_000)).toBe(true);
  expect(stream.clock.ticksPerMs).toBe(48);
});

test('two spans that point to different clocks leave both open, and the third decides', () => {
  const stream = new Stream();
  stream.go(1, 16_000);
  stream.go(2, 48_000);
  expect(stream.go(3.99, 48_000)).toBe(false);
  expect(stream.go(0.01, 48_000)).toBe(true);
  expect(stream.clock.ticksPerMs).toBe(48);
});

test('spans double up to eight seconds', () => {
  const stream = new Stream();
  expect(stream.go(1 + 2 + 4 + 8 + 8, 60_000)).toBe(false);
  expect(stream.go(8 + 7.99, 90_000)).toBe(false);
  expect(stream.go(0.01, 90_000)).toBe(true);
});

test.each([
  [0.976, true],
  [0.974, false],
  [1.024, true],
  [1.026, false],
])('a rate of %d times a clock’s own: taken for it is %s', (share, known) => {
  expect(new Stream().go(60, 90_000 * share)).toBe(known);
});

test.each([
  [0.931, true],
  [0.929, false],
  [1.069, true],
  [1.071, false],
])('a known clock that goes on at %d times its rate: kept is %s', (share, kept) => {
  const stream = new Stream();
  stream.go(3, 48_000);
  expect(stream.go(16, 48_000 * share)).toBe(kept);
});

test('a known clock outlives one span of eight seconds that speaks against it, any number of times, but not two in a row', () => {
  const stream = new Stream();
  stream.go(3, 48_000);
  for (let n = 0; n < 3; n++) {
    expect(stream.go(8, 36_000)).toBe(true);
    expect(stream.go(8, 48_000)).toBe(true);
  }
  expect(stream.go(15.99, 36_000)).toBe(true);
  expect(stream.go(0.01, 36_000)).toBe(false);
  expect(stream.clock.ticksPerMs).toBeNaN();
  expect(stream.go(3, 90_000)).toBe(true);
  expect(stream.clock.ticksPerMs).toBe(90);
});

test('44.1 kHz that was taken for 48 kHz, or the other way around, is found out', () => {
  for (const [taken, real] of [
    [48_000, 44_100],
    [44_100, 48_000],
  ] as const) {
    const stream = new Stream();
    stream.go(3, taken);
    expect(stream.clock.ticksPerMs).toBe(taken / 1_000);
    stream.go(16 + 3, real);
    expect(stream.clock.ticksPerMs).toBe(real / 1_000);
  }
});

test('one that begins anew knows nothing of before', () => {
  const stream = new Stream();
  stream.go(3, 48_000);
  stream.clock.begin(beganMs + 3_000, 0);
  expect(stream.clock.isKnown).toBe(false);
  for (let n = 1; n <= 299; n++) stream.clock.packet(beganMs + 3_000 + n * 10, n * 80);
  expect(stream.clock.isKnown).toBe(false);
  stream.clock.packet(beganMs + 6_000, 24_000);
  expect(stream.clock.ticksPerMs).toBe(8);
});
