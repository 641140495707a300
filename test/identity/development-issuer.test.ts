import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Redacted } from '../../src/base/index.ts';
import { createDevelopmentIssuer, createIdentity } from '../../src/identity/index.ts';
import { codeOf } from '../support/codes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { audiences } from '../support/test-issuer.ts';

const clock = new ManualClock();
let folder: string;
let keyFile: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-issuer-'));
  keyFile = join(folder, 'data', 'key.json');
});

afterEach(() => rmSync(folder, { recursive: true }));

function issuerAt(mode: 'development' | 'production' = 'development', namespace?: string) {
  const named = namespace === undefined ? {} : { namespace };
  return createDevelopmentIssuer({
    keyFile,
    issuer: 'development',
    mode,
    audiences,
    clock,
    random: seededRandom(1),
    ...named,
  });
}

async function identityFor(settings: Awaited<ReturnType<typeof issuerAt>>['settings']) {
  const rules = { audiences, algorithms: ['EdDSA' as const], clockToleranceSeconds: 0, tokenLifetimeSecondsMax: 3_600 };
  return await createIdentity({ ...rules, issuers: [settings] }, { clock });
}

describe('the development issuer', () => {
  it('signs tokens that a relay with its settings takes', async () => {
    const issuer = await issuerAt();
    const identity = await identityFor(issuer.settings);
    const viewer = await identity.verifyViewer(new Redacted(await issuer.token('viewer', 'alice', 60)));
    const camera = await identity.verifyCamera(new Redacted(await issuer.token('camera', 'garden', 60)));
    expect([viewer.subject, camera.device]).toEqual(['alice', 'garden']);
    expect(viewer.evidence).toMatchObject({ issuer: 'development', expiresAtMs: clock.now() + 60_000 });
  });

  it('gives each token an id of its own, and names its key', async () => {
    const issuer = await issuerAt();
    const tokens = [await issuer.token('viewer', 'alice', 60), await issuer.token('viewer', 'alice', 60)];
    const [first, second] = tokens.map((token) => decodeJwt(token).jti);
    expect(first).toMatch(/^[\w-]{22}$/);
    expect(first).not.toBe(second);
    expect(decodeProtectedHeader(tokens[0] ?? '')).toEqual({
      alg: 'EdDSA',
      typ: 'JWT',
      kid: expect.stringMatching(/^[\w-]{12}$/),
    });
  });

  it('hands its namespace on', async () => {
    const issuer = await issuerAt('development', 'dev:');
    const identity = await identityFor(issuer.settings);
    expect((await identity.verifyViewer(new Redacted(await issuer.token('viewer', 'alice', 60)))).subject).toBe(
      'dev:alice',
    );
  });

  it('keeps its key, for its owner’s eyes alone', async () => {
    const { settings } = await issuerAt();
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(folder, 'data'))).toEqual(['key.json']);
    const again = await issuerAt();
    const token = new Redacted(await again.token('viewer', 'alice', 60));
    expect(await codeOf((await identityFor(settings)).verify(token))).toBe('done');
  });

  it('has one key, however many processes start at once', async () => {
    const issuers = await Promise.all(Array.from({ length: 8 }, () => issuerAt()));
    const tokens = await Promise.all(issuers.map((issuer) => issuer.token('viewer', 'alice', 60)));
    expect(new Set(tokens.map((token) => decodeProtectedHeader(token).kid)).size).toBe(1);
    const kept = JSON.parse(readFileSync(keyFile, 'utf8'));
    expect(kept).toMatchObject({ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig' });
    expect(decodeProtectedHeader(tokens[0] ?? '').kid).toBe(kept.kid);
  });

  it('does not run in production, and makes no key there', async () => {
    expect(await codeOf(issuerAt('production'))).toBe('settings-invalid');
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each<[string, string]>([
    ['no JSON', '{'],
    ['no key', '{}'],
    ['null', 'null'],
    ['a text', '"kty"'],
    ['a public key', JSON.stringify({ kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) })],
    ['a key of another kind', JSON.stringify({ kty: 'RSA', crv: 'Ed25519', d: 'AA' })],
    ['a key of another curve', JSON.stringify({ kty: 'OKP', crv: 'X25519', d: 'AA', x: 'AA' })],
    ['a broken key', JSON.stringify({ kty: 'OKP', crv: 'Ed25519', d: 'AA', x: 'AA' })],
  ])('does not start with a file that holds %s, and leaves it alone', async (_, text) => {
    keyFile = join(folder, 'key.json');
    writeFileSync(keyFile, text);
    const started = issuerAt();
    expect(await codeOf(started)).toBe('settings-invalid');
    await expect(started).rejects.toThrow(keyFile);
    expect(readFileSync(keyFile, 'utf8')).toBe(text);
  });

  it('does not start where no file can be read or made', async () => {
    writeFileSync(join(folder, 'file'), '');
    keyFile = join(folder, 'file', 'key.json');
    expect(await codeOf(issuerAt())).toBe('settings-invalid');
    keyFile = join(folder, 'file\u0000');
    expect(await codeOf(issuerAt())).toBe('settings-invalid');
  });
});
