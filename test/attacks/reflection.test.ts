// Anyone on the internet who can send with a false source address, and wants the relay to answer to it.
// Silence holds: nothing goes to an address that proved nothing.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { at, EngineHarness, rtp } from '../relay/support/engine-harness.ts';
import { stun, stunTypes } from '../relay/support/stun-messages.ts';

const victim = at('198.51.100.1', 53);

test('whatever a stranger sends, nothing goes out, to anyone', () => {
  const first = fc.constantFrom(0, 1, 4, 16, 20, 22, 64, 80, 128, 144, 192);
  const bytes = fc
    .tuple(first, fc.uint8Array({ maxLength: 100 }))
    .map(([byte, rest]) => Buffer.concat([Buffer.from([byte]), rest]));
  fc.assert(
    fc.property(bytes, fc.constantFrom(victim, at(1, 5001), at('2001:db8::1')), (datagram, source) => {
      const harness = new EngineHarness();
      harness.open().latch(at(1), at(2));
      expect(harness.receive(source, datagram)).toBeDefined();
      expect(harness.sent).toEqual([]);
    }),
  );
});

test('a binding request that any STUN server would answer gets no answer', () => {
  const harness = new EngineHarness();
  for (const type of Object.values(stunTypes)) {
    harness.receive(victim, stun({ type, transaction: harness.newTransaction(), fingerprint: true }));
    expect(harness.sent).toEqual([]);
  }
});

test('a datagram of a latched side goes out once, and no larger than it came', () => {
  const harness = new EngineHarness();
  harness.open().latch(at(1), at(2));
  const bytes = rtp(1, 1, 'x'.repeat(1_100));
  harness.receive(at(1), bytes);
  expect(harness.sent).toEqual([{ to: at(2), bytes }]);
});

test('even a check goes to no more addresses than one side can have, and to proven ones only', () => {
  const harness = new EngineHarness();
  const wire = harness.open();
  wire.sendCheck('viewer', at(1));
  for (let n = 0; n < 2 * limits.addressesPerSideMax; n++) wire.sendCheck('camera', at(100 + n));
  const check = wire.sendCheck('viewer', at(1));
  expect(harness.sent).toHaveLength(limits.addressesPerSideMax);
  expect(harness.sent.every(({ bytes }) => bytes.equals(check))).toBe(true);
});

test('two of the relay’s own addresses cannot be made to send to each other for ever', () => {
  const own = [at('192.0.2.200', 3478), at('2001:db8::200', 3478)] as const;
  const harness = new EngineHarness(own);
  const wire = harness.open();
  expect(harness.receive(own[0], wire.check('viewer'))).toBe('own-address');
  expect(harness.receive(own[1], wire.check('camera'))).toBe('own-address');
  expect(harness.sizes.latches).toBe(0);
});
