// Anyone who can read the issuer's public keys, and that is everyone. A key fits one kind of signature and is asked for no
// other: what a token says of its own algorithm and key chooses among the issuer's keys, and never adds one.
import { createHmac } from 'node:crypto';
import { exportSPKI, importJWK } from 'jose';
import { beforeAll, expect, it } from 'vitest';
import { Redacted } from '../../src/base/index.ts';
import { codeOf } from '../support/codes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { claimsAt, identityOf, signed, type TestKey, testKey } from '../support/test-issuer.ts';

const clock = new ManualClock();
const secret = { kty: 'oct', kid: 'secret', k: Buffer.from('a secret that got into the set').toString('base64url') };
let eddsa: TestKey;
let rsa: TestKey;
let attacker: TestKey;

beforeAll(async () => {
  eddsa = await testKey('EdDSA', 'eddsa');
  rsa = await testKey('RS256', 'rsa');
  attacker = await testKey('EdDSA', 'eddsa');
});

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token whose signature is a MAC under whatever the attacker knows. */
function authenticated(key: string | Buffer, header: Record<string, unknown>): Redacted<string> {
  const text = `${part(header)}.${part(claimsAt(clock))}`;
  return new Redacted(`${text}.${createHmac('sha256', key).update(text).digest('base64url')}`);
}

async function codeFor(token: Redacted<string>) {
  const identity = await identityOf(clock, [eddsa, rsa, secret]);
  return await codeOf(identity.verify(token));
}

it('a public key is not a shared secret', async () => {
  const pem = await exportSPKI((await importJWK(rsa.publicJwk, 'RS256')) as CryptoKey);
  const known = [pem, JSON.stringify(rsa.publicJwk), Buffer.from(rsa.publicJwk.n ?? '', 'base64url')];
  for (const key of known)
    expect(await codeFor(authenticated(key, { alg: 'HS256', kid: 'rsa' }))).toBe('token-algorithm');
});

it('a MAC under another name is not a signature', async () => {
  const raw = Buffer.from(eddsa.publicJwk.x ?? '', 'base64url');
  expect(await codeFor(authenticated(raw, { alg: 'EdDSA', kid: 'eddsa' }))).toBe('token-signature');
});

it('a shared secret in the set signs nothing', async () => {
  const key = Buffer.from(secret.k, 'base64url');
  expect(await codeFor(authenticated(key, { alg: 'HS256', kid: 'secret' }))).toBe('token-algorithm');
  expect(await codeFor(authenticated(key, { alg: 'EdDSA', kid: 'secret' }))).toBe('token-signature');
});

it.each(['none', 'None', 'NONE', 'nOnE', '', undefined, null, 0, ['EdDSA'], { alg: 'EdDSA' }])(
  'a token without a signature is none, whatever it calls that: %j',
  async (alg) => {
    const unsigned = `${part({ alg, kid: 'eddsa' })}.${part(claimsAt(clock))}.`;
    expect(await codeFor(new Redacted(unsigned))).toBe('token-algorithm');
    expect(await codeFor(new Redacted(`${part({ alg: 'EdDSA' })}.${part(claimsAt(clock))}.`))).toBe('token-signature');
  },
);

it('a key of one kind is not asked for the signature of another', async () => {
  expect(await codeFor(await signed(rsa, claimsAt(clock), { kid: 'eddsa' }))).toBe('token-algorithm');
  expect(await codeFor(await signed(eddsa, claimsAt(clock), { kid: 'rsa' }))).toBe('token-algorithm');
});

it('a key that names its algorithm signs with no other of its kind', async () => {
  const pss = await testKey('PS256', 'pss');
  const bound = { ...pss.publicJwk, alg: 'RS256' };
  const token = await signed(pss, claimsAt(clock));
  expect(await codeOf((await identityOf(clock, [bound])).verify(token))).toBe('token-algorithm');
  expect(await codeOf((await identityOf(clock, [pss])).verify(token))).toBe('done');
});

it('an algorithm that the settings leave out is not taken, though a key fits', async () => {
  const identity = await identityOf(clock, [eddsa, rsa], { algorithms: ['EdDSA'] });
  expect(await codeOf(identity.verify(await signed(rsa, claimsAt(clock))))).toBe('token-algorithm');
});

it('a token that brings its own key, or says where to find it, is not believed', async () => {
  const own = { ...attacker.publicJwk };
  for (const header of [
    { jwk: own },
    { jku: 'https://attacker.test/keys' },
    { x5u: 'https://attacker.test/chain' },
    { jwk: own, kid: undefined },
  ]) {
    expect(await codeFor(await signed(attacker, claimsAt(clock), header))).toBe('token-signature');
  }
});
