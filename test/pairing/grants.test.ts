import { createLocalJWKSet, decodeProtectedHeader, type JWK, jwtVerify } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import { limits, newSessionId } from '../../src/base/index.ts';
import { createGrantSigner, type GrantSigner, newGrantKey } from '../../src/pairing/index.ts';
import { grantClaims, grantType } from '../../src/protocol/index.ts';
import { codeOf } from '../support/codes.ts';
import { forgeriesOf } from '../support/forgeries.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { pairProof } from '../support/proofs.ts';
import { seededRandom } from '../support/seeded-random.ts';

const clock = new ManualClock(Date.UTC(2026, 0, 1) + 999);
const pair = pairProof('alice', 'cam1', clock.now(), clock.now() + 60_000);
const session = { id: newSessionId(seededRandom(1)), expiresAtMs: pair.expiresAtMs };
const fingerprints = ['sha-256 AA:BB', 'sha-512 CC:DD'];
let key: JWK;
let signer: GrantSigner;

beforeEach(async () => {
  key = await newGrantKey();
  signer = await createGrantSigner(key, 'relay', clock);
});

const verified = async (grant: string, by = signer) =>
  await jwtVerify(grant, createLocalJWKSet(by.keys), {
    typ: grantType,
    issuer: 'relay',
    currentDate: new Date(clock.now()),
  });

describe('a grant', () => {
  it('says whom the camera is about to show itself to, and for how long', async () => {
    const { payload } = await verified(await signer.sign(pair, session, fingerprints));
    const nowSeconds = Math.floor(clock.now() / 1000);
    expect(payload).toEqual({
      iss: 'relay',
      sid: session.id,
      sub: 'alice',
      device: 'cam1',
      role: 'owner',
      fingerprints,
      iat: nowSeconds,
      exp: nowSeconds + 60,
    });
    expect(grantClaims.safeParse(payload).success).toBe(true);
  });

  it.each([
    ['the session', 60_000, 30_000],
    ['the pair', 30_000, 60_000],
  ])('ends with %s, where that ends first', async (_, pairMs, sessionMs) => {
    const brief = pairProof('alice', 'cam1', clock.now(), clock.now() + pairMs);
    const grant = await signer.sign(brief, { ...session, expiresAtMs: clock.now() + sessionMs }, fingerprints);
    expect((await verified(grant)).payload.exp).toBe(Math.floor(clock.now() / 1000) + 30);
  });

  it('names its key and its type, so that it cannot pass for another token', async () => {
    const header = decodeProtectedHeader(await signer.sign(pair, session, fingerprints));
    expect(header).toEqual({ alg: 'EdDSA', typ: 'latchkey-grant+jwt', kid: signer.keys.keys[0]?.kid });
    expect(header.kid).toMatch(/^[\w-]{12}$/);
  });

  it('is not one when another relay signed it', async () => {
    const other = await createGrantSigner(await newGrantKey(), 'relay', clock);
    await expect(verified(await other.sign(pair, session, fingerprints))).rejects.toThrow();
  });

  it.each(forgeriesOf(pair))('is not signed for $name', async ({ forged }) => {
    await expect(signer.sign(forged, session, fingerprints)).rejects.toThrow('VerifiedPair');
  });

  it('names as many fingerprints as it may, and at least one', async () => {
    const many = (count: number) => signer.sign(pair, session, Array(count).fill('sha-256 AA'));
    await expect(many(0)).rejects.toThrow(TypeError);
    await expect(many(limits.fingerprintsMax + 1)).rejects.toThrow(TypeError);
    const { payload } = await verified(await many(limits.fingerprintsMax));
    expect(grantClaims.safeParse(payload).success).toBe(true);
  });
});

describe('the keys of grants', () => {
  it('tell cameras the public half alone', () => {
    const { kty, crv, x } = key;
    expect(signer.keys).toEqual({ keys: [{ kty, crv, x, kid: x?.slice(0, 12), alg: 'EdDSA', use: 'sig' }] });
  });

  it('are new each time they are made', async () => {
    expect((await newGrantKey()).d).not.toBe(key.d);
  });

  it.each<[string, (good: JWK) => JWK]>([
    ['a public key', ({ d: _, ...rest }) => rest as JWK],
    ['a key without its public half', ({ x: _, ...rest }) => rest as JWK],
    ['a key of another curve', (good) => ({ ...good, crv: 'X25519' })],
    ['a key of another kind', (good) => ({ ...good, kty: 'EC' })],
  ])('are not %s', async (_, change) => {
    expect(await codeOf(createGrantSigner(change(key), 'relay', clock))).toBe('settings-invalid');
  });
});
