import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { at, boundless, credentials, EngineHarness, rtp } from '../support/engine-harness.ts';

const few = { bitsPerSecondMax: 1_000_000, packetsPerSecondMax: limits.policedBurstPacketsMin };
const bursts = limits.policedBurstPacketsMin;
const cameraAt = at(2);

describe('a side that may send few packets', () => {
  test('sends no more checks when each comes from another address', () => {
    const harness = new EngineHarness([], { rates: { ...boundless, side: few } });
    const wire = harness.open().latch(at(1), cameraAt);
    let passed = 0;
    for (let port = 6_000; port < 6_000 + 3 * bursts; port++) {
      if (harness.receive(at(1, port), wire.check('viewer')) === undefined) passed++;
    }
    // The first was for the latch.
    expect(passed).toBe(bursts - 1);
    expect(harness.counters.drops['side-packet-rate']).toBe(2 * bursts + 1);
    expect(harness.stats(wire.handle).viewer).toMatchObject({ packets: 3 * bursts + 1, policed: 2 * bursts + 1 });
  });

  test('is not charged twice for a check from its own address', () => {
    const harness = new EngineHarness([], { rates: { ...boundless, side: few } });
    const wire = harness.open().latch(at(1), cameraAt);
    for (let n = 1; n < bursts; n++) wire.sendCheck('viewer', at(1));
    expect(harness.receive(at(1), wire.check('viewer'))).toBe('side-packet-rate');
  });

  test('keeps no other session from what that may send', () => {
    const harness = new EngineHarness([], { rates: { ...boundless, side: few } });
    harness.open(credentials('vie1'), credentials('cam1')).latch(at(11), at(12));
    harness.open(credentials('vie2'), credentials('cam2')).latch(at(21), at(22));
    for (let n = 0; n < 10 * bursts; n++) harness.receive(at(12), rtp(n));
    expect(harness.receive(at(12), rtp(0))).toBe('side-packet-rate');
    for (let n = 1; n < bursts; n++) {
      harness.receive(at(22), rtp(n));
      expect(harness.sent).toEqual([{ to: at(21), bytes: rtp(n) }]);
    }
  });
});
