// Nobody has to attack: a carrier's NAT gives the public address and port of a viewer who left to the next one, while
// the camera of the first still sends.
// The latch holds: an address belongs to one side of one wire.

import { expect, test } from 'vitest';
import { at, credentials, dtls, EngineHarness, rtp } from '../relay/support/engine-harness.ts';

const natPort = at('203.0.113.80', 40_000);
const homeCamera = at(1);
const strangersCamera = at(2);

test('the next viewer at a NAT port sees nothing of the camera that the last one watched', () => {
  const harness = new EngineHarness();
  harness.open(credentials('vie1'), credentials('cam1')).latch(natPort, homeCamera);
  harness.receive(homeCamera, rtp(1, 1, 'home'));
  expect(harness.sent).toHaveLength(1);
  harness.open(credentials('vie2'), credentials('cam2')).latch(natPort, strangersCamera);

  harness.receive(homeCamera, rtp(2, 1, 'home'));
  expect(harness.sent).toEqual([]);
  harness.receive(strangersCamera, rtp(1, 1, 'other'));
  expect(harness.sent).toEqual([{ to: natPort, bytes: rtp(1, 1, 'other') }]);
});

test('what the next viewer says does not reach the camera that the last one watched', () => {
  const harness = new EngineHarness();
  harness.open(credentials('vie1'), credentials('cam1')).latch(natPort, homeCamera);
  harness.open(credentials('vie2'), credentials('cam2')).latch(natPort, strangersCamera);
  harness.receive(natPort, dtls);
  expect(harness.sent).toEqual([{ to: strangersCamera, bytes: dtls }]);
});

test('a newcomer at the port of a viewer whose wire has ended inherits nothing', () => {
  const harness = new EngineHarness();
  const wire = harness.open(credentials('vie1'), credentials('cam1')).latch(natPort, homeCamera);
  harness.end(wire.handle);
  expect(harness.receive(homeCamera, rtp(1))).toBe('unlatched');
  expect(harness.receive(natPort, dtls)).toBe('unlatched');
});

test('packets that came while nobody was there are not shown to the one who comes for another camera', () => {
  const harness = new EngineHarness();
  const first = harness.open(credentials('vie1'), credentials('cam1'));
  first.sendCheck('camera', homeCamera);
  harness.receive(homeCamera, rtp(1, 1, 'home'));
  const second = harness.open(credentials('vie2'), credentials('cam2'));
  second.sendCheck('viewer', natPort);
  expect(harness.sent).toEqual([]);
});
