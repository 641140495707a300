// Anyone who had a token with more devices once, or whose household has one. Bounds hold: what a token names is good for that
// token alone, absent is nothing, and nothing that a person can add to a request counts as a claim.
import { expect, it } from 'vitest';
import { deviceId, Redacted } from '../../src/base/index.ts';
import { devicesClaim } from '../../src/identity/index.ts';
import { claimsSource, createOwnership } from '../../src/ownership/index.ts';
import { createPairing, createSessions } from '../../src/pairing/index.ts';
import { cacheSettings } from '../ownership/support/asking.ts';
import { codeOf } from '../support/codes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { claimsAt, identityOf, signed, testKey } from '../support/test-issuer.ts';

async function world() {
  const clock = new ManualClock();
  const random = seededRandom(1);
  const key = await testKey('EdDSA', 'key');
  const identity = await identityOf(clock, [key]);
  const pairing = createPairing(createOwnership(claimsSource(), cacheSettings, { clock, random }), clock);
  const token = (devices?: unknown) =>
    signed(key, claimsAt(clock, devices === undefined ? {} : { [devicesClaim]: devices }));
  const pair = async (given: Redacted<string>) => pairing.pair(await identity.verifyViewer(given), deviceId('cam1'));
  return { clock, random, identity, pairing, token, pair };
}

it('a token that names fewer devices than the one before it opens fewer', async () => {
  const { token, pair } = await world();
  expect(await codeOf(pair(await token(['cam1'])))).toBe('done');
  expect(await codeOf(pair(await token(['cam2'])))).toBe('not-allowed');
  expect(await codeOf(pair(await token()))).toBe('not-allowed');
});

it('a session that such a token opened is not extended with another', async () => {
  const { clock, random, token, pair } = await world();
  const sessions = createSessions({ lifetimeMsMax: 1e9, perDeviceMax: 8, perSubjectMax: 8 }, clock, random);
  const session = sessions.open(await pair(await token(['cam1'])));
  expect(await codeOf(async () => session.extend(await pair(await token([]))))).toBe('not-allowed');
  expect(session.expiresAtMs).toBe(clock.now() + 600_000);
});

it.each([['*'], [['*']], [true], [null], [{ all: true }], [['cam1', '*']]])('%j is not all devices', async (claim) => {
  const { token, pair } = await world();
  expect(await codeOf(pair(await token(claim)))).toBe('token-claims');
});

it('a claim that was added to a signed token is no claim', async () => {
  const { token, pair } = await world();
  const [header, payload = '', signature] = (await token()).reveal().split('.');
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), [devicesClaim]: ['cam1'] };
  const forged = [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
  expect(await codeOf(pair(new Redacted(forged)))).toBe('token-signature');
});
