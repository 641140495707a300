import { expect, it } from 'vitest';
import { Redacted, systemRandom } from '../../src/base/index.ts';
import { takeAim } from '../../src/storm/aim.ts';
import { Crossings } from '../../src/storm/crossings.ts';
import { Owners } from '../../src/storm/owners.ts';
import { Viewers } from '../../src/storm/viewers.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { crowdedPort } from './crowded-port.ts';

it('viewers ask no more at once than there is room for, and say of the rest that they did not', async () => {
  await using port = await crowdedPort();
  const clock = new ManualClock();
  const people = [{ subject: 'alice', token: new Redacted('x'), devices: ['door'] }];
  const viewers = new Viewers(
    {
      aim: await takeAim({ relay: port.url, targetIsMine: false }),
      clock,
      random: systemRandom,
      key: systemRandom.bytes(32),
      crossings: new Crossings(() => {}),
      owners: new Owners(['door'], people),
      asksMax: 2,
      isBack: () => true,
    },
    people,
    1_000,
  );
  viewers.start();
  clock.advance(4);
  expect(viewers.watch.asked).toBe(5);
  expect(viewers.watch.refusals.toJSON()).toEqual({ 'not asked: too many wait': 3 });
  viewers.stop();
  await viewers.finish();
  expect(viewers.watch.refusals.toJSON()).toEqual({ 'not asked: too many wait': 3, 'given up': 2 });
});
