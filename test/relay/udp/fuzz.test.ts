import { expect, test } from 'vitest';
import { fuzzUdp } from '../support/udp-fuzzer.ts';

test('every peer gets what is due to it, in its order, and nothing else', async () => {
  const tally = await fuzzUdp({ seed: 20_261_126, batches: 20_000 });
  const many = 20_000;
  expect(tally.received).toBeGreaterThan(many);
  expect(tally.sent).toBeGreaterThan(many);
  expect(tally.own).toBeGreaterThan(many);
  expect(tally.foreign).toBeGreaterThan(many);
  expect(tally.refused.unreachable).toBeGreaterThan(many / 10);
  expect(tally.refused.denied).toBeGreaterThan(many / 10);
  expect(tally.refused['too-large']).toBeGreaterThan(many / 100);
  // The kernel joined what came, and what was sent left joined.
  expect(tally.receivedMessages).toBeLessThan(tally.received / 2);
  expect(tally.joinedMessages).toBeLessThan(0.9 * tally.joined);
}, 120_000);
