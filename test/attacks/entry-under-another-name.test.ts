// Whoever can write the shared cache and copies the entry of somebody who may see a camera to the name of a question of their
// own. The name is under the seal: an entry opens nowhere but where it was sealed for, and names its question inside once more.
import { expect, it } from 'vitest';
import { truthfulSource } from '../ownership/support/fleet.ts';
import { somebodyAtRedis } from '../ownership/support/somebody-at-redis.ts';
import { ManualClock } from '../support/manual-clock.ts';

it.each([
  ['their own camera’s entry, to see a stranger’s', 'person1', 'cam1'],
  ['the owner’s entry, to be the owner', 'person30', 'cam30'],
])('%s', async (_, subject, device) => {
  await using at = await somebodyAtRedis(new ManualClock());
  const first = await at.relay(truthfulSource());
  const yes = await at.written(() => first.roleOf(subject, device));
  const no = await at.written(() => first.roleOf('person1', 'cam30'));
  await at.attacker.copy(yes.name, no.name, 'REPLACE');
  const relay = await at.relay(truthfulSource());
  expect(await relay.roleOf('person1', 'cam30')).toBeUndefined();
  expect(relay.alarms).toEqual(['shared-crossed']);
  expect(await relay.roleOf(subject, device)).toBe('owner');
});

it('with the name inside the entry changed to the new one, too', async () => {
  await using at = await somebodyAtRedis(new ManualClock());
  const first = await at.relay(truthfulSource());
  const yes = await at.written(() => first.roleOf('person1', 'cam1'));
  const no = await at.written(() => first.roleOf('person1', 'cam30'));
  const bytes = Buffer.from(yes.entry, 'base64url');
  Buffer.from(no.entry, 'base64url').copy(bytes, 0, 0, 32);
  await at.attacker.set(no.name, bytes.toString('base64url'));
  const relay = await at.relay(truthfulSource());
  expect(await relay.roleOf('person1', 'cam30')).toBeUndefined();
  expect(relay.alarms).toEqual(['shared-seal']);
});
