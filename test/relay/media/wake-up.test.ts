import { expect, test, vi } from 'vitest';
import { limits, newSessionId, systemClock } from '../../../src/base/index.ts';
import { createRelay } from '../../../src/relay/index.ts';
import { pairProof } from '../../support/proofs.ts';
import { relaySettings } from '../../support/relay-settings.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { emptySizes } from '../support/engine-harness.ts';
import { iceOf } from '../support/relay-bench.ts';

// A worker that misses one message sleeps for longer than this test may take.
vi.mock('../../../src/base/index.ts', async (original) => {
  const real = await original<typeof import('../../../src/base/index.ts')>();
  return { ...real, limits: { ...real.limits, receiveWaitMs: 60_000, workerAnswerMsMax: 50_000 } };
});

const rounds = 2_000;

test('an idle worker hears every message that it is sent', async () => {
  const random = seededRandom(3);
  let finished = Promise.withResolvers<void>();
  const relay = await createRelay(
    relaySettings({ udp: 'batched' }),
    { clock: systemClock, random },
    { finished: () => finished.resolve() },
  );
  for (let round = 0; round < rounds; round++) {
    finished = Promise.withResolvers();
    const pair = pairProof('alice', 'cam1', systemClock.now());
    const wire = await relay.reserve(pair, newSessionId(random)).open(...iceOf(1), { ended() {} });
    wire.end();
    await finished.promise;
  }
  expect(relay.counters).toMatchObject({ wiresOpened: rounds, wiresEnded: rounds, workersFailed: 0 });
  expect(relay.gauges).toEqual(emptySizes);
  // The road of a message to a worker that waits is a datagram: nothing else can have had it go on.
  expect(relay.counters.receiveCalls).toBeGreaterThan(rounds);
  await relay.close();
  expect(limits.receiveWaitMs).toBe(60_000);
});
