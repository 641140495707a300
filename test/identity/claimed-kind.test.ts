import fc from 'fast-check';
import { UnsecuredJWT } from 'jose';
import { expect, it } from 'vitest';
import { limits, Redacted } from '../../src/base/index.ts';
import { claimedKind } from '../../src/identity/index.ts';
import { audiences } from '../support/test-issuer.ts';

const kindOf = (token: string) => claimedKind(new Redacted(token), audiences);
const tokenFor = (aud: unknown) => new UnsecuredJWT(Object.fromEntries([['aud', aud]])).encode();

it.each([
  [audiences.viewer, 'viewer'],
  [audiences.camera, 'camera'],
  [['other', audiences.viewer], 'viewer'],
  [[audiences.viewer, audiences.camera], undefined],
  ['other', undefined],
  [undefined, undefined],
  [7, undefined],
  [{}, undefined],
])('a token with the audience %j claims to be a %s', (aud, kind) => {
  expect(kindOf(tokenFor(aud))).toBe(kind);
});

it('what is no token claims nothing, and throws nothing', () => {
  fc.assert(fc.property(fc.string(), (text) => kindOf(text) === undefined));
  expect(kindOf(tokenFor([audiences.viewer, 'x'.repeat(limits.tokenBytesMax)]))).toBeUndefined();
});
