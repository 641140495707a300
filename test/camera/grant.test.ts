import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import { newSessionId } from '../../src/base/index.ts';
import { checkGrant } from '../../src/camera/grant.ts';
import { createSubjects } from '../../src/camera/subjects.ts';
import { createGrantSigner, newGrantKey } from '../../src/pairing/index.ts';
import { grantType } from '../../src/protocol/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { pairProof } from '../support/proofs.ts';
import { seededRandom } from '../support/seeded-random.ts';

const clock = new ManualClock();
const nowSeconds = clock.now() / 1000;
const anyone = createSubjects({ mode: 'any' });
const expected = { session: 's1', device: 'garden', fingerprints: ['sha-256 AA:BB', 'sha-512 CC'] };
const claims = {
  iss: 'relay',
  sid: 's1',
  sub: 'alice',
  device: 'garden',
  role: 'owner',
  fingerprints: ['sha-512 CC', 'sha-256 AA:BB'],
  iat: nowSeconds,
  exp: nowSeconds + 60,
};

let keys: JSONWebKeySet;
let otherKeys: JSONWebKeySet;
let sign: (claims: object, header?: object) => Promise<string>;

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const other = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k' }] };
  otherKeys = { keys: [{ ...(await exportJWK(other.publicKey)), kid: 'k' }] };
  sign = (payload, header = {}) =>
    new SignJWT({ ...payload })
      .setProtectedHeader({ alg: 'EdDSA', typ: grantType, kid: 'k', ...header })
      .sign(privateKey);
});

const check = (grant: string | undefined, subjects = anyone, keySet: JSONWebKeySet | undefined = keys) =>
  checkGrant(grant, expected, keySet, subjects, clock);

test('a grant that names this session, this camera and this viewer is believed', async () => {
  expect(await check(await sign(claims))).toMatchObject({ sub: 'alice', device: 'garden' });
});

test('the grants of the relay itself are believed', async () => {
  const signer = await createGrantSigner(await newGrantKey(), 'relay', clock);
  const session = newSessionId(seededRandom(1));
  const pair = pairProof('alice', 'garden', clock.now());
  const granted = { id: session, expiresAtMs: pair.expiresAtMs };
  const grant = await signer.sign(pair, granted, expected.fingerprints);
  expect(await checkGrant(grant, { ...expected, session }, signer.keys, anyone, clock)).toMatchObject({ sub: 'alice' });
});

test.each([
  ['another session', { sid: 's2' }, 'session'],
  ['a session that begins alike', { sid: 's11' }, 'session'],
  ['another camera', { device: 'garden1' }, 'device'],
  ['another fingerprint', { fingerprints: ['sha-256 AA:BC', 'sha-512 CC'] }, 'fingerprint'],
  ['a fingerprint too few', { fingerprints: ['sha-256 AA:BB'] }, 'fingerprint'],
  ['a fingerprint too many', { fingerprints: ['sha-256 AA:BB', 'sha-512 CC', 'sha-384 DD'] }, 'fingerprint'],
  ['no fingerprint', { fingerprints: [] }, 'claims'],
  ['no subject', { sub: undefined }, 'claims'],
  ['no end', { exp: undefined }, 'claims'],
  ['an end that has passed', { exp: nowSeconds - 1 }, 'expired'],
  ['an end that is now', { exp: nowSeconds }, 'expired'],
  ['a role that there is not', { role: 'admin' }, 'claims'],
])('a grant with %s is refused', async (_, change, reason) => {
  expect(await check(await sign({ ...claims, ...change }))).toBe(reason);
});

test('a grant of another type is refused, however well it is signed', async () => {
  expect(await check(await sign(claims, { typ: 'JWT' }))).toBe('claims');
});

test('a grant of another key is refused', async () => {
  expect(await check(await sign(claims), anyone, otherKeys)).toBe('signature');
  expect(await check(await sign(claims, { kid: 'unknown' }))).toBe('signature');
});

test('a grant that was changed after it was signed is refused', async () => {
  const [header, , signature] = (await sign(claims)).split('.');
  const payload = Buffer.from(JSON.stringify({ ...claims, device: 'nursery' })).toString('base64url');
  expect(
    await checkGrant([header, payload, signature].join('.'), { ...expected, device: 'nursery' }, keys, anyone, clock),
  ).toBe('signature');
});

test('an unsigned grant is refused, and one that is signed with what is public', async () => {
  const body = Buffer.from(JSON.stringify(claims)).toString('base64url');
  const none = Buffer.from(JSON.stringify({ alg: 'none', typ: grantType })).toString('base64url');
  expect(await check(`${none}.${body}.`)).toBe('malformed');
  const secret = Buffer.from(String(keys.keys[0]?.x), 'base64url');
  const symmetric = await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: grantType, kid: 'k' })
    .sign(secret);
  expect(await check(symmetric)).toBe('malformed');
});

test('a key of another kind among the camera’s own signs no grants', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const elliptic = { keys: [{ ...(await exportJWK(publicKey)), kid: 'e' }] };
  const grant = await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: grantType, kid: 'e' })
    .sign(privateKey);
  expect(await check(grant, anyone, elliptic)).toBe('malformed');
});

test('no grant, rubbish, and a camera that has no keys are refused', async () => {
  const signed = await sign(claims);
  expect(await check(undefined)).toBe('missing');
  expect(await check('rubbish')).toBe('malformed');
  expect(await check('')).toBe('malformed');
  expect(await checkGrant(signed, expected, undefined, anyone, clock)).toBe('no-keys');
  expect(await checkGrant(signed, expected, { keys: [] }, anyone, clock)).toBe('no-keys');
});

test('a description without fingerprints matches no grant', async () => {
  const grant = await sign({ ...claims, fingerprints: ['sha-256 AA:BB'] });
  expect(await checkGrant(grant, { ...expected, fingerprints: [] }, keys, anyone, clock)).toBe('fingerprint');
});

test('a subject that is not on the camera’s own list is refused, whatever the relay says', async () => {
  const subjects = createSubjects({ mode: 'list', subjects: ['bob'] });
  expect(await check(await sign(claims), subjects)).toBe('subject');
  expect(await check(await sign({ ...claims, sub: 'bob' }), subjects)).toMatchObject({ sub: 'bob' });
});

test('a grant that is refused teaches the camera nothing', async () => {
  const asked: string[] = [];
  const subjects = { admit: ({ sub }: { sub: string }) => asked.push(sub) > 0 };
  await check(await sign({ ...claims, sid: 'other', sub: 'mallory' }), subjects);
  await check(await sign({ ...claims, fingerprints: ['sha-256 00'], sub: 'mallory' }), subjects);
  expect(asked).toEqual([]);
});
