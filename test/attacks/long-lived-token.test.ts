// Whoever stole a token that an issuer made too generously, or made for itself in the future. The longest life holds, on the
// relay's own clock: what rests on a token ends with it.
import { beforeAll, expect, it } from 'vitest';
import { deviceId } from '../../src/base/index.ts';
import { createPairing, createSessions } from '../../src/pairing/index.ts';
import { asking } from '../ownership/support/asking.ts';
import { codeOf } from '../support/codes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { claimsAt, identityOf, signed, type TestKey, testKey } from '../support/test-issuer.ts';

let key: TestKey;

beforeAll(async () => {
  key = await testKey('EdDSA', 'key');
});

it('a token that lives for years is refused, also when it is old', async () => {
  const clock = new ManualClock();
  const identity = await identityOf(clock, [key]);
  const nowSeconds = clock.now() / 1000;
  const years = 10 * 365 * 86_400;
  for (const [iat, exp] of [
    [nowSeconds, nowSeconds + years],
    [nowSeconds - years, nowSeconds + 60],
    [0, nowSeconds + 60],
    [-1e308, nowSeconds + 60],
    [nowSeconds, 1e308],
  ]) {
    expect(await codeOf(identity.verify(await signed(key, claimsAt(clock, { iat, exp }))))).toBe('token-lifetime');
  }
});

it('a token that begins in years is refused, though it would not live long', async () => {
  const clock = new ManualClock();
  const identity = await identityOf(clock, [key]);
  const iat = clock.now() / 1000 + 365 * 86_400;
  expect(await codeOf(identity.verify(await signed(key, claimsAt(clock, { iat, exp: iat + 60 }))))).toBe(
    'token-not-yet',
  );
});

it('a live view ends with the token that it was opened with, and opens no other', async () => {
  const clock = new ManualClock();
  const identity = await identityOf(clock, [key]);
  const { ownership } = asking({ clock });
  const pairing = createPairing(ownership, clock);
  const sessions = createSessions({ lifetimeMsMax: 1e9, perDeviceMax: 8, perSubjectMax: 8 }, clock, seededRandom(1));
  const viewer = await identity.verifyViewer(await signed(key, claimsAt(clock)));
  const pair = await pairing.pair(viewer, deviceId('cam1'));
  const session = sessions.open(pair);
  clock.advance(600_000);
  expect(session.ended.reason).toBe('expired');
  expect(await codeOf(() => sessions.open(pair))).toBe('not-allowed');
  expect(await codeOf(pairing.pair(viewer, deviceId('cam1')))).toBe('token-expired');
});
