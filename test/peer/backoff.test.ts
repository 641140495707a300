import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { createBackoff } from '../../src/peer/index.ts';
import { seededRandom } from '../support/seeded-random.ts';

const always = (fraction: number) => ({ fraction: () => fraction, bytes: (size: number) => Buffer.alloc(size) });

test('the bound of the wait doubles with each failure, up to its maximum', () => {
  const backoff = createBackoff(500, 30_000, always(1));
  const waits = Array.from({ length: 8 }, () => backoff.next());
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test('a success begins anew', () => {
  const backoff = createBackoff(500, 30_000, always(1));
  backoff.next();
  backoff.next();
  backoff.reset();
  expect(backoff.next()).toBe(500);
});

test('a wait is anywhere between nothing and its bound', () => {
  const backoff = createBackoff(1000, 1000, seededRandom(7));
  const waits = Array.from({ length: 1000 }, () => backoff.next());
  expect(Math.min(...waits)).toBeLessThan(20);
  expect(Math.max(...waits)).toBeGreaterThan(980);
  expect(Math.max(...waits)).toBeLessThanOrEqual(1000);
});

test('the time that the relay asks for is waited whole, and never more than the bound of it', () => {
  fc.assert(
    fc.property(fc.double({ min: -10, max: 1e9, noNaN: true }), fc.nat(), (seconds, seed) => {
      const wait = createBackoff(500, 30_000, seededRandom(seed)).next(seconds);
      const asked = Math.min(Math.max(seconds, 0), limits.retryAfterSecondsMax) * 1000;
      return wait >= Math.floor(asked) && wait <= Math.ceil(asked + 500);
    }),
  );
});
