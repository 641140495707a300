import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportPKCS8, exportSPKI, importJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits, systemClock } from '../../src/base/index.ts';
import { createIdentity, type Identity, type IdentityObserver, type IssuerKeys } from '../../src/identity/index.ts';
import { codeOf } from '../support/codes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { audiences, claimsAt, signed, type TestKey, testKey } from '../support/test-issuer.ts';

let folder: string;
let one: TestKey;
let two: TestKey;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-keys-'));
  [one, two] = await Promise.all([testKey('EdDSA', 'one'), testKey('EdDSA', 'two')]);
});

afterAll(() => rmSync(folder, { recursive: true }));

function trusting(keys: IssuerKeys, clock = new ManualClock(), observer: IdentityObserver = {}): Promise<Identity> {
  const settings = {
    audiences,
    algorithms: ['EdDSA' as const],
    clockToleranceSeconds: 5,
    tokenLifetimeSecondsMax: 3_600,
  };
  return createIdentity({ ...settings, issuers: [{ issuer: 'https://issuer.test', keys }] }, { clock }, observer);
}

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
  return file;
}

const setOf = (...keys: TestKey[]) => JSON.stringify({ keys: keys.map((key) => key.publicJwk) });

describe('a key set in a file', () => {
  it('is taken, and read again when it changes', async () => {
    const clock = new ManualClock();
    const identity = await trusting({ jwksFile: write('keys.json', setOf(one)) }, clock);
    const code = async (key: TestKey) => await codeOf(identity.verify(await signed(key, claimsAt(clock))));
    expect([await code(one), await code(two)]).toEqual(['done', 'token-signature']);
    write('keys.json', setOf(two));
    clock.advance(limits.keyFileLookMsMin - 1);
    expect(await code(two)).toBe('token-signature');
    clock.advance(1);
    expect([await code(one), await code(two)]).toEqual(['token-signature', 'done']);
  });

  it('is read once for as long as it stays as it is', async () => {
    const clock = new ManualClock();
    const told: string[] = [];
    const file = write('same.json', setOf(one));
    const identity = await trusting({ jwksFile: file }, clock, { keySet: (outcome) => told.push(outcome) });
    for (let look = 0; look < 3; look++) {
      clock.advance(limits.keyFileLookMsMin);
      expect(await codeOf(identity.verify(await signed(one, claimsAt(clock))))).toBe('done');
    }
    expect(told).toEqual(['taken']);
  });

  it('stays in use as it was while the file is damaged or gone', async () => {
    const clock = new ManualClock();
    const file = write('damaged.json', setOf(one));
    const identity = await trusting({ jwksFile: file }, clock);
    const token = await signed(one, claimsAt(clock));
    for (const damage of [() => write('damaged.json', '{'), () => rmSync(file)]) {
      damage();
      clock.advance(limits.keyFileLookMsMin);
      expect(await codeOf(identity.verify(token))).toBe('done');
      clock.advance(limits.keyFileLookMsMin);
      expect(await codeOf(identity.verify(token))).toBe('done');
    }
    write('damaged.json', setOf(two));
    clock.advance(limits.keyFileLookMsMin);
    expect(await codeOf(identity.verify(token))).toBe('token-signature');
  });

  it('is still damaged at the second look', async () => {
    const clock = new ManualClock();
    const file = write('twice.json', setOf(one));
    const identity = await trusting({ jwksFile: file }, clock);
    write('twice.json', '{');
    const unknown = await signed(two, claimsAt(clock));
    for (let look = 0; look < 2; look++) {
      clock.advance(limits.keyFileLookMsMin);
      expect(await codeOf(identity.verify(unknown))).toBe('keys-unavailable');
    }
  });

  it.each<[string, () => string, string]>([
    ['is not there', () => join(folder, 'nowhere.json'), 'ENOENT'],
    ['is damaged', () => write('bad.json', '{'), 'not JSON'],
    ['is too large', () => write('large.json', setOf(one) + ' '.repeat(limits.keySetBytesMax)), 'too large'],
    ['holds no usable key', () => write('none.json', setOf()), 'no usable key'],
  ])('that %s at the start keeps identity from starting, and says why', async (_, file, why) => {
    const started = trusting({ jwksFile: file() });
    expect(await codeOf(started)).toBe('settings-invalid');
    await expect(started).rejects.toThrow(folder);
    await expect(started).rejects.toThrow(why);
  });
});

describe('a key in a PEM file', () => {
  it('verifies under any id', async () => {
    const key = (await importJWK(one.publicJwk, 'EdDSA')) as CryptoKey;
    const identity = await trusting({ pemFile: write('one.pem', await exportSPKI(key)), algorithm: 'EdDSA' });
    const code = async (by: TestKey, kid?: string) =>
      await codeOf(identity.verify(await signed(by, claimsAt(new ManualClock()), { kid })));
    expect([await code(one), await code(one, 'any'), await code(two)]).toEqual(['done', 'done', 'token-signature']);
  });

  it.each<[string, () => Promise<string>]>([
    ['is not there', async () => join(folder, 'nowhere.pem')],
    ['is private', async () => write('private.pem', await exportPKCS8(one.privateKey))],
  ])('that %s keeps identity from starting', async (_, file) => {
    const started = trusting({ pemFile: await file(), algorithm: 'EdDSA' });
    expect(await codeOf(started)).toBe('settings-invalid');
    await expect(started).rejects.toThrow(folder);
  });
});

describe('a key set on a server', () => {
  it('is fetched, and a redirect is not followed', async () => {
    const paths: string[] = [];
    const server = createServer((request, response) => {
      paths.push(request.url ?? '');
      if (request.url === '/moved') response.writeHead(302, { location: '/keys' }).end();
      else response.end(setOf(one));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const clock = new ManualClock(systemClock.now());
    const token = await signed(one, claimsAt(clock));
    expect(await codeOf((await trusting({ jwksUrl: `${origin}/keys` }, clock)).verify(token))).toBe('done');
    expect(await codeOf((await trusting({ jwksUrl: `${origin}/moved` }, clock)).verify(token))).toBe(
      'keys-unavailable',
    );
    expect(paths).toEqual(['/keys', '/moved']);
    server.closeAllConnections();
    server.close();
  });
});

describe('an identity that takes the place of another', () => {
  it('keeps the keys that were fetched while nobody answers at their address, and reads files anew', async () => {
    const clock = new ManualClock();
    let up = true;
    const settings = {
      audiences,
      algorithms: ['EdDSA' as const],
      clockToleranceSeconds: 5,
      tokenLifetimeSecondsMax: 3_600,
      issuers: [{ issuer: 'https://issuer.test', keys: { jwksUrl: 'https://issuer.test/keys' } }],
    };
    const fetching = async () => {
      if (!up) throw new Error('nobody answers');
      return new Response(setOf(one));
    };
    const first = await createIdentity(settings, { clock, fetch: fetching });
    const code = async (identity: Identity, key: TestKey) =>
      codeOf(identity.verify(await signed(key, claimsAt(clock))));
    expect(await code(first, one)).toBe('done');
    up = false;
    const second = await createIdentity(settings, { clock, fetch: fetching, previous: first });
    expect(await code(second, one)).toBe('done');
    const elsewhere = { issuer: 'https://issuer.test', keys: { jwksUrl: 'https://elsewhere.test/keys' } };
    const moved = await createIdentity(
      { ...settings, issuers: [elsewhere] },
      { clock, fetch: fetching, previous: second },
    );
    expect(await code(moved, one)).toBe('keys-unavailable');
    const other = { issuer: 'https://other.test', keys: { jwksUrl: 'https://issuer.test/keys' } };
    const gone = await createIdentity({ ...settings, issuers: [other] }, { clock, fetch: fetching, previous: second });
    expect(await code(gone, one)).toBe('token-issuer');
    const file = { issuer: 'https://issuer.test', keys: { jwksFile: write('previous.json', setOf(two)) } };
    const read = await createIdentity({ ...settings, issuers: [file] }, { clock, previous: second });
    expect([await code(read, one), await code(read, two)]).toEqual(['token-signature', 'done']);
  });
});
