import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import {
  type Algorithm,
  createIdentity,
  type IdentitySettings,
  type IssuerSettings,
} from '../../src/identity/index.ts';
import { codeOf } from '../support/codes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { identityOf } from '../support/test-issuer.ts';

const started = (more: Partial<IdentitySettings>) => identityOf(new ManualClock(), [], more);
const issuer = (name: string, namespace?: string): IssuerSettings => ({
  issuer: name,
  ...(namespace === undefined ? {} : { namespace }),
  keys: { jwksUrl: 'https://issuer.test/keys' },
});

describe('identity starts', () => {
  it.each<[string, Partial<IdentitySettings>]>([
    ['without issuers, and then trusts nobody', { issuers: [] }],
    ['with one issuer and no namespace', { issuers: [issuer('a')] }],
    ['with issuers whose namespaces are apart', { issuers: [issuer('a', 'x:'), issuer('b', 'y:'), issuer('c', 'z')] }],
    ['with a namespace of half a device’s id', { issuers: [issuer('a', 'x'.repeat(64))] }],
    ['without tolerance', { clockToleranceSeconds: 0 }],
    [
      'with as many issuers as there may be',
      { issuers: Array.from({ length: limits.issuersMax }, (_, n) => issuer(`${n}`, `n${n}:`)) },
    ],
  ])('%s', async (_, more) => {
    expect(await codeOf(started(more))).toBe('done');
  });
});

describe('identity does not start', () => {
  it.each<[string, Partial<IdentitySettings>]>([
    ['with an issuer that is there twice', { issuers: [issuer('a', 'x:'), issuer('a', 'y:')] }],
    ['with two issuers and one namespace', { issuers: [issuer('a', 'x:'), issuer('b')] }],
    ['with two issuers and one namespace, the other way round', { issuers: [issuer('a'), issuer('b', 'x:')] }],
    ['with an empty namespace', { issuers: [issuer('a', '')] }],
    ['with equal namespaces', { issuers: [issuer('a', 'x:'), issuer('b', 'x:')] }],
    ['with a namespace that begins another', { issuers: [issuer('a', 'x'), issuer('b', 'xy')] }],
    ['with a namespace that another begins', { issuers: [issuer('a', 'xy'), issuer('b', 'x')] }],
    [
      'with such namespaces far apart in the list',
      { issuers: [issuer('a', 'xy'), issuer('b', 'z'), issuer('c', 'x')] },
    ],
    ['with a namespace that is no id', { issuers: [issuer('a', '/')] }],
    ['with a namespace that leaves no room', { issuers: [issuer('a', 'x'.repeat(65))] }],
    ['with an issuer without a name', { issuers: [issuer('')] }],
    ['with an issuer that may make nothing', { issuers: [{ ...issuer('a'), mints: [] }] }],
    ['with equal audiences', { audiences: { viewer: 'a', camera: 'a' } }],
    ['with an empty audience of viewers', { audiences: { viewer: '', camera: 'a' } }],
    ['with an empty audience of cameras', { audiences: { viewer: 'a', camera: '' } }],
    [
      'with too many issuers',
      { issuers: Array.from({ length: limits.issuersMax + 1 }, (_, n) => issuer(`${n}`, `n${n}:`)) },
    ],
  ])('%s', async (_, more) => {
    expect(await codeOf(started(more))).toBe('settings-invalid');
  });

  it.each(['HS256', 'HS512', 'none', 'ES384', 'dir', 'Ed25519', ''])('with the algorithm %j', async (algorithm) => {
    const wrong = algorithm as Algorithm;
    await expect(started({ algorithms: ['EdDSA', wrong] })).rejects.toThrow(TypeError);
    const keys = { pemFile: '/dev/null', algorithm: wrong };
    await expect(started({ issuers: [{ issuer: 'a', keys }] })).rejects.toThrow(TypeError);
  });

  it.each<Partial<IdentitySettings>>([
    { clockToleranceSeconds: -1 },
    { clockToleranceSeconds: Number.NaN },
    { tokenLifetimeSecondsMax: 0 },
    { tokenLifetimeSecondsMax: Number.NaN },
  ])('with %j', async (more) => {
    await expect(started(more)).rejects.toThrow(TypeError);
  });

  it.each([
    'http://issuer.test/keys',
    'http://127.0.0.1.issuer.test/keys',
    'http://localhost.issuer.test/keys',
    'http://0.0.0.0/keys',
    'http://[::2]/keys',
    'https://user@issuer.test/keys',
    'https://:secret@issuer.test/keys',
    'file:///etc/keys',
    'ftp://127.0.0.1/keys',
    'ws://localhost/keys',
    'keys',
  ])('with keys at %s', async (jwksUrl) => {
    expect(await codeOf(started({ issuers: [{ issuer: 'a', keys: { jwksUrl } }] }))).toBe('settings-invalid');
  });

  it.each(['http://127.0.0.1:1/keys', 'http://127.9.9.9/keys', 'http://localhost/keys', 'http://[::1]:1/keys'])(
    'but takes keys at %s, which is this machine',
    async (jwksUrl) => {
      expect(await codeOf(started({ issuers: [{ issuer: 'a', keys: { jwksUrl } }] }))).toBe('done');
    },
  );
});

describe('identity without a fetch of its own', () => {
  it('takes the platform’s', async () => {
    const settings = { issuers: [issuer('a')], audiences: { viewer: 'v', camera: 'c' }, algorithms: [] };
    const whole = { ...settings, clockToleranceSeconds: 0, tokenLifetimeSecondsMax: 60 };
    expect(await codeOf(createIdentity(whole, { clock: new ManualClock() }))).toBe('done');
  });
});
