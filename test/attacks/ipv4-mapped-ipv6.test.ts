// Anyone with an IPv4 address: on a dual-stack socket the same place can be written in several ways. If two of them were two
// places, an address could belong to two sessions at once.
// The canonical address holds: one place has one key.

import { expect, test } from 'vitest';
import { at, credentials, dtls, EngineHarness, rtp } from '../relay/support/engine-harness.ts';

const spellings = ['192.0.2.50', '::ffff:192.0.2.50', '::FFFF:C000:232', '0:0:0:0:0:ffff:c000:0232'];

test.each(spellings)('an address that is latched as 192.0.2.50 is the same place as %s', (spelling) => {
  const harness = new EngineHarness();
  harness.open().latch(at('192.0.2.50'), at(2));
  expect(harness.receive(at(spelling), dtls)).toBeUndefined();
  expect(harness.sent).toEqual([{ to: at(2), bytes: dtls }]);
});

test.each(spellings)('a check from %s takes the whole place from the session that had it', (spelling) => {
  const harness = new EngineHarness();
  harness.open(credentials('vie1'), credentials('cam1')).latch(at('192.0.2.50'), at(2));
  harness.open(credentials('vie2'), credentials('cam2')).latch(at(spelling), at(3));

  expect(harness.sizes.latches).toBe(3);
  expect(harness.counters.moves).toBe(1);
  harness.receive(at(2), rtp(1));
  expect(harness.sent).toEqual([]);
});

test('an IPv6 address that only looks like it is another place', () => {
  const harness = new EngineHarness();
  harness.open().latch(at('192.0.2.50'), at(2));
  for (const other of ['::192.0.2.50', '64:ff9b::192.0.2.50', '1::ffff:192.0.2.50']) {
    expect(harness.receive(at(other), dtls)).toBe('unlatched');
  }
});
