// Anyone to whom the issuer once gave a token for something else, or without an end. What is not said is not assumed: a
// token without its end, its audience, its issuer, its subject or its beginning is no token here.
import { beforeAll, expect, it } from 'vitest';
import type { Identity } from '../../src/identity/index.ts';
import { codeOf } from '../support/codes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { claimsAt, identityOf, signed, type TestKey, testKey } from '../support/test-issuer.ts';

const clock = new ManualClock();
let key: TestKey;
let identity: Identity;

beforeAll(async () => {
  key = await testKey('EdDSA', 'key');
  identity = await identityOf(clock, [key]);
});

it.each(['exp', 'aud', 'iss', 'sub', 'iat'])('a good signature does not stand for %s', async (claim) => {
  const claims = claimsAt(clock, { [claim]: undefined });
  expect(Object.keys(JSON.parse(JSON.stringify(claims)))).not.toContain(claim);
  expect(await codeOf(identity.verify(await signed(key, claims)))).toBe('token-claims');
});

it.each(['exp', 'aud', 'iss', 'sub', 'iat'])('nor does an empty or inherited %s', async (claim) => {
  for (const value of [null, '', [], {}]) {
    const code = await codeOf(identity.verify(await signed(key, claimsAt(clock, { [claim]: value }))));
    expect(['token-claims', 'token-audience', 'token-issuer']).toContain(code);
  }
  const { [claim]: kept, ...rest } = claimsAt(clock);
  const text = JSON.stringify({ ...rest, X: { [claim]: kept } }).replace('"X"', '"__proto__"');
  expect(await codeOf(identity.verify(await signed(key, text)))).toBe('token-claims');
});

it('an end that never comes is no end', async () => {
  const text = JSON.stringify(claimsAt(clock, { exp: 'X' })).replace('"X"', '1e999');
  expect(await codeOf(identity.verify(await signed(key, text)))).toBe('token-claims');
});

it('without issuers, no issuer is trusted rather than every one', async () => {
  const nobody = await identityOf(clock, [key], { issuers: [] });
  expect(await codeOf(nobody.verify(await signed(key, claimsAt(clock))))).toBe('token-issuer');
});
