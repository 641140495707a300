import { expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { Moderation } from '../../../src/relay/media/moderation.ts';

const startMs = 1_700_000_000_000;

/** So many batches of so many messages in each of some milliseconds. Returns what was said at the last of them. */
function batches(
  moderation: Moderation,
  perMs: number,
  messages: number,
  fromMs: number,
  ms = limits.restLookMs + 1,
): number {
  let restUs = 0;
  for (let n = 0; n < ms * perMs; n++) restUs = moderation.restUsAfter(messages, fromMs + Math.floor(n / perMs));
  return restUs;
}

/** A moderation that has looked once, so that the next look is at a whole stretch. */
function begun(): Moderation {
  const moderation = new Moderation();
  moderation.restUsAfter(1, startMs);
  return moderation;
}

test('a thread that is woken seldom never rests', () => {
  expect(batches(begun(), limits.restlessBatchesPerMsMax - 1, 1, startMs)).toBe(0);
});

test('one that is woken very often rests for as long as a few messages take to come', () => {
  expect(batches(begun(), 160, 1, startMs)).toBe(Math.round((1_000 * limits.restedMessagesMax) / 160));
  expect(batches(begun(), 320, 1, startMs)).toBe(Math.round((1_000 * limits.restedMessagesMax) / 320));
});

test('but never for longer than the bound', () => {
  expect(batches(begun(), limits.restlessBatchesPerMsMax, 1, startMs)).toBe(limits.restUsMax);
});

test('a batch that is large already needs no rest, and neither does none', () => {
  const moderation = begun();
  batches(moderation, 40, 1, startMs);
  expect(moderation.restUsAfter(2 * limits.restedMessagesMax, startMs + limits.restLookMs)).toBeGreaterThan(0);
  expect(moderation.restUsAfter(2 * limits.restedMessagesMax + 1, startMs + limits.restLookMs)).toBe(0);
  expect(moderation.restUsAfter(0, startMs + limits.restLookMs)).toBe(0);
});

test('it goes on to rest while its batches, now larger, still come often, and ends when they do not', () => {
  const moderation = begun();
  batches(moderation, 40, 1, startMs);
  const laterMs = startMs + limits.restLookMs;
  expect(batches(moderation, limits.restingBatchesPerMsMin, 4, laterMs)).toBeGreaterThan(0);
  expect(
    batches(moderation, limits.restingBatchesPerMsMin - 1, 4, laterMs + limits.restLookMs, 4 * limits.restLookMs),
  ).toBe(0);
});

test('a quiet time ends it, and so does a clock that goes back', () => {
  const moderation = begun();
  batches(moderation, 40, 1, startMs);
  expect(moderation.restUsAfter(1, startMs + 60_000)).toBe(0);
  const other = begun();
  batches(other, 40, 1, startMs);
  expect(other.restUsAfter(1, startMs - 60_000)).toBe(0);
});
