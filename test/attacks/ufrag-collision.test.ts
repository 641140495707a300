// Nobody has to attack: ufrags are as short as four characters, so two live sessions may have the same ones. A viewer of
// their own camera can also choose them to be the same as a victim's, having seen a victim's check on a shared network.
// Integrity holds: it picks the session, never the first match.

import { expect, test } from 'vitest';
import { at, credentials, EngineHarness, rtp } from '../relay/support/engine-harness.ts';
import { stun } from '../relay/support/stun-messages.ts';

const victimIce = [
  { ufrag: 'same', password: credentials('victim').password },
  { ufrag: 'cam_', password: credentials('victims-camera').password },
] as const;
const attackerIce = [
  { ufrag: 'same', password: credentials('attacker').password },
  { ufrag: 'cam_', password: credentials('own-camera').password },
] as const;

test('whichever session came first, integrity decides whose address it is', () => {
  for (const order of ['victim first', 'attacker first']) {
    const harness = new EngineHarness();
    const open = (ice: typeof victimIce | typeof attackerIce) => harness.open(...ice);
    const first = open(order === 'victim first' ? victimIce : attackerIce).latch(at(1), at(2));
    const second = open(order === 'victim first' ? attackerIce : victimIce).latch(at(3), at(4));

    expect([first, second].map(({ handle }) => harness.stats(handle).viewer.latches)).toEqual([1, 1]);
    harness.receive(at(2), rtp(1));
    expect(harness.sent.map(({ to }) => to)).toEqual([at(1)]);
    harness.receive(at(4), rtp(1));
    expect(harness.sent.map(({ to }) => to)).toEqual([at(3)]);
  }
});

test('knowing a victim’s username is not enough: the attacker’s own passwords latch only the attacker’s own wire', () => {
  const harness = new EngineHarness();
  harness.open(...victimIce).latch(at(1), at(2));
  const own = harness.open(...attackerIce);
  own.sendCheck('viewer', at(66), { useCandidate: true });
  harness.receive(at(2), rtp(1));
  expect(harness.sent.map(({ to }) => to)).toEqual([at(1)]);
});

test('names that read the same when they are put together are different names', () => {
  const harness = new EngineHarness();
  const [viewer, camera] = [credentials('bcde'), credentials('fgha')];
  harness.open(viewer, camera);
  for (const username of ['fghab:cde_', 'fgh:abcde', 'fghabcde', 'fgha:bcde:', ':fgha:bcde', 'bcde:fgha:']) {
    const check = stun({ transaction: harness.newTransaction(), username, password: camera.password });
    expect(harness.receive(at(66), check)).toBe('username-unknown');
  }
  expect(() => harness.open({ ...viewer, ufrag: 'bc:de' }, camera)).toThrow(
    expect.objectContaining({ code: 'sdp-no-ice' }),
  );
});
