// A former owner who can write the shared cache and kept the entry that said yes; or nobody: a snapshot that was restored, a replica
// that lags. Time and revision are under the seal: an old yes ends when it would have, and at once where the source tells of changes.
import { expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { granting, refusing } from '../ownership/support/scripted-source.ts';
import { SharedSource } from '../ownership/support/sharing.ts';
import { somebodyAtRedis } from '../ownership/support/somebody-at-redis.ts';
import { ManualClock } from '../support/manual-clock.ts';

const grantMsMax = 5_000;

/** Two relays on one source; the entry that was written while alice owned the camera, which was then sold. */
async function sold() {
  const clock = new ManualClock();
  const at = await somebodyAtRedis(clock);
  const source = new SharedSource();
  source.answer = (question) => (question.subject === 'alice' ? granting(question) : refusing(question));
  const first = await at.relay(source);
  const yes = await at.written(() => first.roleOf('alice', 'cam1'));
  const relay = await at.relay(source);
  source.answer = (question) => (question.subject === 'ben' ? granting(question) : refusing(question));
  return {
    clock,
    source,
    relay,
    yes,
    attacker: at.attacker,
    replay: () => at.attacker.set(yes.name, yes.entry),
    [Symbol.asyncDispose]: () => at[Symbol.asyncDispose](),
  };
}

it('is believed nowhere once the source has told of the change', async () => {
  await using stage = await sold();
  const { source, relay, replay } = stage;
  source.current = 'r2';
  await replay();
  expect(await relay.roleOf('alice', 'cam1')).toBeUndefined();
  expect(await relay.roleOf('ben', 'cam1')).toBe('owner');
  expect([relay.asked[0], relay.alarms]).toEqual(['outdated', []]);
});

it('lives no longer than it would have, where the source tells of nothing', async () => {
  await using stage = await sold();
  const { clock, relay, replay } = stage;
  clock.advance(grantMsMax - 1);
  await replay();
  expect(await relay.roleOf('alice', 'cam1')).toBe('owner');
  clock.advance(1);
  await replay();
  expect(await relay.roleOf('alice', 'cam1')).toBeUndefined();
});

it('is an alarm when it comes back long after its time, as out of a snapshot', async () => {
  await using stage = await sold();
  const { clock, relay, replay } = stage;
  await replay();
  clock.advance(grantMsMax + limits.sharedClockMsMax);
  expect(await relay.roleOf('alice', 'cam1')).toBeUndefined();
  expect(relay.alarms).toEqual(['shared-stale']);
});

it('cannot be given another time: every part of it is under the seal', async () => {
  await using stage = await sold();
  const { attacker, clock, relay, yes } = stage;
  const entry = Buffer.from(yes.entry, 'base64url');
  for (const byte of [32, 60, entry.length - 20]) {
    const other = Buffer.from(entry);
    other[byte] = (other[byte] ?? 0) ^ 1;
    await attacker.set(yes.name, other.toString('base64url'));
    // What this relay remembers by itself is over.
    clock.advance(grantMsMax);
    await relay.until(() => relay.shared.inUse);
    expect(await relay.roleOf('alice', 'cam1')).toBeUndefined();
  }
  expect(relay.alarms).toEqual(Array(3).fill('shared-seal'));
});
