import fc from 'fast-check';
import { expect, test } from 'vitest';
import { askedForMs, fullJitterMs } from '../../src/web/client/backoff.ts';
import { bounds } from '../../src/web/client/bounds.ts';

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('full jitter draws from nothing up to the doubled wait, and never past the longest', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2_000 }), fraction, (attempt, drawn) => {
      const waitMs = fullJitterMs(attempt, { firstMs: 500, msMax: 30_000 }, drawn);
      expect(waitMs).toBeGreaterThanOrEqual(0);
      expect(waitMs).toBeLessThan(Math.min(30_000, 500 * 2 ** Math.min(attempt, 100)));
    }),
  );
  expect(fullJitterMs(3, { firstMs: 500, msMax: 30_000 }, 0.5)).toBe(2_000);
  expect(fullJitterMs(3, { firstMs: 500, msMax: 30_000 }, 0)).toBe(0);
});

test('what a relay asked for is never cut short, and never grows without bound', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), fraction, (seconds, drawn) => {
      const waitMs = askedForMs(seconds, drawn);
      expect(waitMs).toBeGreaterThanOrEqual(0);
      expect(waitMs).toBeLessThanOrEqual(bounds.retryAfterMsMax * 1.25);
      if (seconds > 0 && seconds * 1000 < bounds.retryAfterMsMax) {
        expect(waitMs).toBeGreaterThanOrEqual(Math.floor(seconds * 1000));
      }
    }),
  );
});

test('viewers who were told the same wait come back apart', () => {
  expect(askedForMs(4, 0.9) - askedForMs(4, 0.1)).toBeGreaterThan(500);
});
