// Whoever can read and write the shared cache, and has no key: a neighbour on the same Redis, or a backup of it in the wrong
// hands. The seal holds: names and entries tell nothing of who owns what, and what was not sealed with the key is no answer.
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { limits, Redacted } from '../../src/base/index.ts';
import { SharedSeal } from '../../src/ownership/shared-seal.ts';
import { truthfulSource } from '../ownership/support/fleet.ts';
import { granting, questionOf } from '../ownership/support/scripted-source.ts';
import { somebodyAtRedis } from '../ownership/support/somebody-at-redis.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';

it('reads neither people nor devices', async () => {
  await using at = await somebodyAtRedis(new ManualClock());
  const relay = await at.relay(truthfulSource());
  const { name, entry } = await at.written(() => relay.roleOf('person1', 'cam1'));
  const bytes = name + entry + Buffer.from(entry, 'base64url').toString('latin1');
  for (const word of ['person1', 'cam1', 'owner', 'viewer']) expect(bytes).not.toContain(word);
  for (const guess of ['person1cam1', 'person1 cam1', 'person1:cam1', '6:people7:person14:cam1']) {
    expect(name).not.toContain(createHash('sha256').update(guess).digest('base64url'));
  }
});

/** An entry that says yes, sealed as well as it can be without the key. */
function sealedByAnother(clock: ManualClock): string {
  const question = questionOf('person1', 'cam30');
  const seal = new SharedSeal('people', [new Redacted(Buffer.alloc(32, 9))], seededRandom(1));
  const [place] = seal.namesOf(question);
  if (place === undefined) throw new Error('a seal has a key');
  const times = { askedAtMs: clock.now(), expiresAtMs: clock.now() + 5_000 };
  return seal.seal(place, { answer: granting(question), source: 'scripted', revision: 'r1', ...times }) ?? '';
}

it.each<[string, (clock: ManualClock) => string]>([
  ['a plain yes', () => 'owner'],
  ['an answer in JSON', () => JSON.stringify(granting(questionOf('person1', 'cam30')))],
  ['nothing', () => ''],
  ['noise', () => Buffer.alloc(200, 7).toString('base64url')],
  ['an entry that is sealed with a key of one’s own', sealedByAnother],
])('lets nobody in by writing %s, and is noticed', async (_, forged) => {
  const clock = new ManualClock();
  await using at = await somebodyAtRedis(clock);
  const first = await at.relay(truthfulSource());
  const { name } = await at.written(() => first.roleOf('person1', 'cam30'));
  await at.attacker.set(name, forged(clock));
  const relay = await at.relay(truthfulSource());
  expect(await relay.roleOf('person1', 'cam30')).toBeUndefined();
  expect(relay.alarms).toEqual(['shared-seal']);
});

it('gets the cache left out by going on, and no further', async () => {
  const clock = new ManualClock();
  await using at = await somebodyAtRedis(clock);
  const first = await at.relay(truthfulSource());
  const relay = await at.relay(truthfulSource());
  for (let n = 0; n <= limits.sharedAlarmsMax; n++) {
    const { name } = await at.written(() => first.roleOf('person1', `cam${30 + n}`));
    await at.attacker.set(name, 'owner');
    await relay.until(() => relay.shared.inUse || relay.isLeftOut());
    expect(await relay.roleOf('person1', `cam${30 + n}`)).toBeUndefined();
  }
  expect([relay.alarms.length, relay.isLeftOut()]).toEqual([limits.sharedAlarmsMax, true]);
  expect(await relay.roleOf('person1', 'cam1')).toBe('owner');
});
