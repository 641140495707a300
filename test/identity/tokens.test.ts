import { beforeAll, describe, expect, it } from 'vitest';
import { limits, Redacted } from '../../src/base/index.ts';
import {
  type Algorithm,
  algorithms,
  type Identity,
  isVerifiedCamera,
  isVerifiedViewer,
} from '../../src/identity/index.ts';
import { codeOf } from '../support/codes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { audiences, claimsAt, identityOf, signed, type TestKey, testIssuer, testKey } from '../support/test-issuer.ts';

const clock = new ManualClock();
const nowSeconds = clock.now() / 1000;
const keys = new Map<Algorithm, TestKey>();
let key: TestKey;
let identity: Identity;

beforeAll(async () => {
  for (const algorithm of algorithms) keys.set(algorithm, await testKey(algorithm, `key-${algorithm}`));
  key = keyOf('EdDSA');
  identity = await identityOf(clock, [...keys.values()]);
});

function keyOf(algorithm: Algorithm): TestKey {
  const found = keys.get(algorithm);
  if (found === undefined) throw new Error('no such key');
  return found;
}

async function codeFor(claims: Record<string, unknown> | string, header: Record<string, unknown> = {}) {
  return await codeOf(identity.verify(await signed(key, claims, header)));
}

describe('a token', () => {
  it.each(algorithms)('signed with %s is taken', async (algorithm) => {
    const proof = await identity.verifyViewer(await signed(keyOf(algorithm), claimsAt(clock)));
    expect(isVerifiedViewer(proof)).toBe(true);
    expect(proof.subject).toBe('alice');
  });

  it('says where it comes from and when it ends', async () => {
    const proof = await identity.verify(await signed(key, claimsAt(clock, { jti: 'one' })));
    expect(proof.evidence).toEqual({
      issuer: testIssuer.issuer,
      tokenId: 'one',
      issuedAtMs: clock.now(),
      expiresAtMs: clock.now() + 600_000,
    });
  });

  it('with a camera’s audience is a camera’s, whose id is its subject', async () => {
    const token = await signed(key, claimsAt(clock, { aud: audiences.camera, sub: 'garden' }));
    const proof = await identity.verifyCamera(token);
    expect(isVerifiedCamera(proof)).toBe(true);
    expect(proof.device).toBe('garden');
    expect(proof.evidence.tokenId).toBeUndefined();
  });

  it('may name other audiences beside ours', async () => {
    expect(await codeFor(claimsAt(clock, { aud: ['other', audiences.viewer] }))).toBe('done');
  });

  it('without a key’s id is tried with every key that fits', async () => {
    const other = await testKey('EdDSA', 'first');
    const both = await identityOf(clock, [other, key]);
    expect(await codeOf(both.verify(await signed(key, claimsAt(clock), { kid: undefined })))).toBe('done');
  });

  it('with a key’s id is not tried with another key of the same issuer', async () => {
    expect(await codeFor(claimsAt(clock), { kid: 'key-ES256', alg: 'EdDSA' })).toBe('token-algorithm');
    const other = await testKey('EdDSA', 'other');
    const both = await identityOf(clock, [other, key]);
    expect(await codeOf(both.verify(await signed(key, claimsAt(clock), { kid: 'other' })))).toBe('token-signature');
  });
});

describe('a token is malformed', () => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

  it.each<[string, unknown]>([
    ['when it is empty', ''],
    ['when it is no JWT', 'secret'],
    ['when it has two parts', `${part({ alg: 'EdDSA' })}.${part({})}`],
    ['when it is encrypted', `${part({ alg: 'dir', enc: 'A128GCM' })}....`],
    ['when its header is no object', `${part('EdDSA')}.${part({ iss: 'x' })}.AA`],
    ['when its claims are no object', `${part({ alg: 'EdDSA' })}.${part(['iss'])}.AA`],
    ['when its key’s id is a number', `${part({ alg: 'EdDSA', kid: 1 })}.${part({ iss: testIssuer.issuer })}.AA`],
    ['when its signature is no base64url', `${part({ alg: 'EdDSA' })}.${part({ iss: testIssuer.issuer })}.(`],
    ['when it is no string at all', { toString: () => 'a.b.c' }],
  ])('%s', async (_, token) => {
    expect(await codeOf(identity.verify(new Redacted(token as string)))).toBe('token-malformed');
  });

  it('when it is longer than tokens may be, and not before', async () => {
    const bare = (await signed(key, claimsAt(clock, { pad: '' }))).reveal().length;
    const ofLength = async (length: number) => {
      const pad = 'x'.repeat(Math.ceil(((length - bare) * 3) / 4));
      return await signed(key, claimsAt(clock, { pad }));
    };
    const longest = await ofLength(limits.tokenBytesMax);
    const longer = await ofLength(limits.tokenBytesMax + 2);
    expect(longest.reveal().length).toBe(limits.tokenBytesMax);
    expect(longer.reveal().length).toBeGreaterThan(limits.tokenBytesMax);
    expect(await codeOf(identity.verify(longest))).toBe('done');
    expect(await codeOf(identity.verify(longer))).toBe('token-malformed');
  });

  it('when it demands an extension', async () => {
    const token = (await signed(key, claimsAt(clock), { crit: ['b64'], b64: true })).reveal();
    expect(await codeOf(identity.verify(new Redacted(token)))).toBe('token-malformed');
  });
});

describe('a claim', () => {
  it.each(['iss', 'aud', 'sub', 'exp', 'iat'])('%s must be there', async (claim) => {
    expect(await codeFor(claimsAt(clock, { [claim]: undefined }))).toBe('token-claims');
  });

  it.each<[string, unknown]>([
    ['iss', 7],
    ['iss', [testIssuer.issuer]],
    ['aud', 7],
    ['aud', [audiences.viewer, 7]],
    ['aud', { 0: audiences.viewer }],
    ['sub', 7],
    ['sub', ''],
    ['sub', null],
    ['sub', 'al ice'],
    ['sub', 'alice\u0000'],
    ['sub', 'x'.repeat(257)],
    ['exp', '1e9'],
    ['exp', null],
    ['iat', '1'],
    ['iat', true],
    ['nbf', '1'],
    ['jti', 7],
    ['jti', null],
  ])('%s is not taken as %j', async (claim, value) => {
    expect(await codeFor(claimsAt(clock, { [claim]: value }))).toBe('token-claims');
  });

  it('sub of a camera is no longer than a device’s id', async () => {
    const camera = (length: number) => claimsAt(clock, { aud: audiences.camera, sub: 'x'.repeat(length) });
    expect(await codeFor(camera(128))).toBe('done');
    expect(await codeFor(camera(129))).toBe('token-claims');
  });

  it.each(['exp', 'iat'])('%s is not taken when it is infinite', async (claim) => {
    const text = JSON.stringify(claimsAt(clock, { [claim]: 'X' })).replace('"X"', '1e999');
    expect(await codeFor(text)).toBe('token-claims');
  });

  it('iat and exp that are both infinite are not taken', async () => {
    const text = JSON.stringify(claimsAt(clock, { iat: 'X', exp: 'X' })).replaceAll('"X"', '1e999');
    expect(await codeFor(text)).toBe('token-claims');
  });
});

describe('the times of a token', () => {
  it('end it at exp, but for the tolerance', async () => {
    const ending = (seconds: number) => codeFor(claimsAt(clock, { iat: nowSeconds - 60, exp: nowSeconds + seconds }));
    expect(await ending(-29)).toBe('done');
    expect(await ending(-30)).toBe('token-expired');
  });

  it('never reach past exp in what is proven', async () => {
    const token = await signed(key, claimsAt(clock, { iat: nowSeconds - 60, exp: nowSeconds - 29 }));
    expect((await identity.verify(token)).evidence.expiresAtMs).toBe(clock.now() - 29_000);
  });

  it.each(['nbf', 'iat'])('begin it at %s, but for the tolerance', async (claim) => {
    const beginning = (seconds: number) => codeFor(claimsAt(clock, { [claim]: nowSeconds + seconds }));
    expect(await beginning(30)).toBe('done');
    expect(await beginning(31)).toBe('token-not-yet');
  });

  it('are read on the clock that was handed in', async () => {
    const later = new ManualClock();
    const waiting = await identityOf(later, [key]);
    const token = await signed(key, claimsAt(later));
    later.advance(629_000);
    expect(await codeOf(waiting.verify(token))).toBe('done');
    later.advance(1_000);
    expect(await codeOf(waiting.verify(token))).toBe('token-expired');
  });

  it('lie no further apart than a token may live', async () => {
    const living = (seconds: number) =>
      codeFor(claimsAt(clock, { iat: nowSeconds - 10, exp: nowSeconds - 10 + seconds }));
    expect(await living(3_600)).toBe('done');
    expect(await living(3_601)).toBe('token-lifetime');
  });

  it('leave no more to live from now than that and the tolerance', async () => {
    const from = (iat: number) => codeFor(claimsAt(clock, { iat: nowSeconds + iat, exp: nowSeconds + iat + 3_600 }));
    expect(await from(30)).toBe('done');
    expect(await from(31)).toBe('token-not-yet');
  });
});

describe('an issuer', () => {
  it('that nobody named is not trusted', async () => {
    for (const iss of [
      'https://issuer.test/',
      'https://issuer.tes',
      'HTTPS://issuer.test',
      'https://issuer.test.evil',
    ]) {
      expect(await codeFor(claimsAt(clock, { iss }))).toBe('token-issuer');
    }
  });

  it('that may make viewers’ tokens makes no camera’s, and the other way round', async () => {
    const of = (mints: 'viewer' | 'camera') =>
      identityOf(clock, [key], { issuers: [{ ...testIssuer, mints: [mints] }] });
    const viewer = await signed(key, claimsAt(clock));
    const camera = await signed(key, claimsAt(clock, { aud: audiences.camera }));
    expect(await codeOf((await of('viewer')).verify(viewer))).toBe('done');
    expect(await codeOf((await of('viewer')).verify(camera))).toBe('token-issuer');
    expect(await codeOf((await of('camera')).verify(camera))).toBe('done');
    expect(await codeOf((await of('camera')).verify(viewer))).toBe('token-issuer');
  });

  it('puts its namespace before each subject, person or camera', async () => {
    const named = await identityOf(clock, [key], { issuers: [{ ...testIssuer, namespace: 'acme:' }] });
    const viewer = await named.verifyViewer(await signed(key, claimsAt(clock)));
    const camera = await named.verifyCamera(await signed(key, claimsAt(clock, { aud: audiences.camera, sub: 'cam1' })));
    expect([viewer.subject, camera.device]).toEqual(['acme:alice', 'acme:cam1']);
    expect(viewer.evidence.issuer).toBe(testIssuer.issuer);
    expect(await codeOf(named.verify(await signed(key, claimsAt(clock, { sub: '' }))))).toBe('token-claims');
  });
});

describe('a verifier of one kind', () => {
  it('refuses the token of the other', async () => {
    const viewer = await signed(key, claimsAt(clock));
    const camera = await signed(key, claimsAt(clock, { aud: audiences.camera }));
    expect(await codeOf(identity.verifyViewer(camera))).toBe('token-audience');
    expect(await codeOf(identity.verifyCamera(viewer))).toBe('token-audience');
  });
});

describe('what is wrong with a token', () => {
  it('is told without the token or its claims', async () => {
    const token = await signed(key, claimsAt(clock, { sub: 'al ice', exp: 1, iat: 0 }));
    const error = await identity.verify(token).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(Object.keys(error as object)).not.toContain('payload');
    expect((error as Error).cause).toBeUndefined();
    expect((error as Error).message).not.toContain('al ice');
  });
});
