import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { type KeyFault, readKeySet, readPem } from '../../src/identity/key-set.ts';
import { codeOf } from '../support/codes.ts';

const ed25519 = generateKeyPairSync('ed25519');
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const smallRsa = generateKeyPairSync('rsa', { modulusLength: 1_024 });
const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2_048 });
const x25519 = generateKeyPairSync('x25519');

const jwk = (pair: { publicKey: typeof rsa.publicKey }): JsonWebKey => pair.publicKey.export({ format: 'jwk' });
const good = jwk(ed25519);

function read(...members: unknown[]) {
  const ignored: KeyFault[] = [];
  const keys = readKeySet(JSON.stringify({ keys: members }), (fault) => ignored.push(fault));
  return { keys, ignored };
}

describe('a key of a set', () => {
  it.each<[string, JsonWebKey, string[]]>([
    ['Ed25519', good, ['EdDSA']],
    ['P-256', jwk(p256), ['ES256']],
    ['RSA', jwk(rsa), ['RS256', 'PS256']],
  ])('%s verifies the algorithms that it fits', (_, member, algorithms) => {
    expect(read(member).keys.map((key) => key.algorithms)).toEqual([algorithms]);
  });

  it('verifies its own algorithm alone, when it names one', () => {
    expect(read({ ...jwk(rsa), alg: 'PS256' }).keys[0]?.algorithms).toEqual(['PS256']);
  });

  it('keeps its id', () => {
    expect(read({ ...good, kid: 'a' }, good).keys.map((key) => key.id)).toEqual(['a', undefined]);
  });

  it.each<[string, object, KeyFault]>([
    ['a shared secret', { kty: 'oct', k: 'c2VjcmV0', alg: 'HS256' }, 'symmetric'],
    ['a shared secret that claims to verify', { kty: 'oct', k: 'c2VjcmV0', alg: 'EdDSA', use: 'sig' }, 'symmetric'],
    ['a key for encryption', { ...good, use: 'enc' }, 'purpose'],
    ['a key whose operations do not include verifying', { ...good, key_ops: ['encrypt'] }, 'purpose'],
    ['a key whose operations are no list', { ...good, key_ops: 'verify' }, 'purpose'],
    ['a key whose id is no text', { ...good, kid: 1 }, 'kind'],
    ['a key of another kind', { kty: 'AKP', pub: 'AA' }, 'kind'],
    ['a curve that signs with nothing taken here', jwk(p384), 'kind'],
    ['a curve that does not sign', jwk(x25519), 'kind'],
    ['an RSA key that is too small', jwk(smallRsa), 'kind'],
    ['a key whose algorithm is of another kind', { ...jwk(p256), alg: 'RS256' }, 'kind'],
    ['a key whose algorithm is not taken here', { ...jwk(p256), alg: 'HS256' }, 'kind'],
    ['a key with broken members', { kty: 'OKP', crv: 'Ed25519', x: 7 }, 'kind'],
  ])('is left aside when it is %s', (_, member, fault) => {
    expect(read(good, member)).toMatchObject({ keys: [{ algorithms: ['EdDSA'] }], ignored: [fault] });
  });

  it.each([null, 7, 'key', []])('is left aside when it is %j', (member) => {
    expect(read(good, member).ignored).toEqual(['kind']);
  });

  it.each([
    [limits.rsaModulusBitsMax, 1],
    [limits.rsaModulusBitsMax + 8, 0],
  ])('of RSA may have %i bits: %i', (bits, count) => {
    const n = Buffer.alloc(bits / 8, 0xff).toString('base64url');
    expect(read(good, { kty: 'RSA', n, e: 'AQAB' }).keys).toHaveLength(1 + count);
  });

  it('may be for signatures, and for verifying', () => {
    expect(read({ ...good, use: 'sig', key_ops: ['verify'] }).keys).toHaveLength(1);
  });

  it('leaves its private half behind', () => {
    const whole = { ...ed25519.privateKey.export({ format: 'jwk' }), key_ops: ['sign'] };
    const [key] = read(whole).keys;
    expect(key?.key.type).toBe('public');
    expect(key?.key.export({ format: 'jwk' })).toEqual(good);
  });
});

describe('a key set', () => {
  it('may be a single key', () => {
    expect(readKeySet(JSON.stringify({ ...good, kid: 'a' }), () => {})).toMatchObject([{ id: 'a' }]);
  });

  it.each<[string, string]>([
    ['without keys', '{"keys":[]}'],
    ['whose keys can all not be used', '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}'],
    ['that is no JSON', 'keys'],
    ['that is no object', '[]'],
    ['that is null', 'null'],
    ['whose keys are no list', '{"keys":{}}'],
    ['without the word', '{}'],
  ])('%s is refused', async (_, text) => {
    expect(await codeOf(() => readKeySet(text, () => {}))).toBe('keys-unavailable');
  });

  it('has as many keys as an issuer may have, and no more', async () => {
    const many = (count: number) => () => read(...Array.from({ length: count }, () => good));
    expect(await codeOf(many(limits.keysPerIssuerMax))).toBe('done');
    expect(await codeOf(many(limits.keysPerIssuerMax + 1))).toBe('keys-unavailable');
  });

  it('is as large as it may be, in bytes, and no larger', async () => {
    const bare = Buffer.byteLength(JSON.stringify({ keys: [good], pad: '' }));
    const ofSize = (bytes: number) => () =>
      readKeySet(JSON.stringify({ keys: [good], pad: `é${'x'.repeat(bytes - bare - 2)}` }), () => {});
    expect(await codeOf(ofSize(limits.keySetBytesMax))).toBe('done');
    expect(await codeOf(ofSize(limits.keySetBytesMax + 1))).toBe('keys-unavailable');
  });
});

describe('a key in PEM', () => {
  const pem = (pair: { publicKey: typeof rsa.publicKey }) =>
    String(pair.publicKey.export({ format: 'pem', type: 'spki' }));

  it('verifies the one algorithm that it was given for, under any id', () => {
    expect(readPem(pem(rsa), 'PS256')).toMatchObject({ id: undefined, algorithms: ['PS256'] });
  });

  it.each<[string, string]>([
    ['a private key', String(rsa.privateKey.export({ format: 'pem', type: 'pkcs8' }))],
    ['no key', 'key'],
    ['a key that does not fit the algorithm', pem(p256)],
    ['a key that is too small', pem(smallRsa)],
  ])('is refused when it is %s', async (_, text) => {
    expect(await codeOf(() => readPem(text, 'RS256'))).toBe('settings-invalid');
  });

  it('is refused when it is an RSA key of a kind that no key set can hold', async () => {
    expect(await codeOf(() => readPem(pem(pss), 'PS256'))).toBe('settings-invalid');
  });
});
