import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { describe, expect, it, onTestFinished } from 'vitest';
import { keysCheck } from '../../../src/cli/doctor/keys.ts';
import { freePort } from '../../support/free-port.ts';
import { selfSigned } from '../../support/self-signed.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { patient, said } from './support/patient.ts';

const { publicKey } = await generateKeyPair('ES256', { extractable: true });
const good = await exportJWK(publicKey);
const keySet = JSON.stringify({ keys: [good, { kty: 'oct', k: 'AAAA' }] });

function ofIssuer(keys: object, more: Record<string, string> = {}) {
  return patient({
    environment: {
      LATCHKEY_IDENTITY_ISSUERS: JSON.stringify([{ issuer: 'https://id.example', keys }]),
      LATCHKEY_IDENTITY_DEVELOPMENT_ISSUER: 'false',
      ...more,
    },
  });
}

async function serving(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
}

function fileOf(text: string): string {
  const file = join(temporaryFolder(), 'keys');
  writeFileSync(file, text);
  return file;
}

describe('the check of issuers’ keys', () => {
  it('counts those of a key set that can be used, and those that cannot', async () => {
    const jwksUrl = await serving((_, response) => response.end(keySet));
    const one = ofIssuer({ jwksUrl });
    expect(await said(keysCheck, one)).toEqual([
      `ok: https://id.example: 1 usable key from ${jwksUrl}`,
      expect.stringMatching(/^warning: .* 1 of its keys are of no use here \(symmetric\) → take them out/),
    ]);
    expect(one.otherClocks).toEqual([{ whose: 'https://id.example', aheadMs: expect.any(Number) }]);
    expect(Math.abs(one.otherClocks[0]?.aheadMs ?? Number.NaN)).toBeLessThan(2_000);
  });

  it.each<[string, RequestListener, RegExp]>([
    ['no such address', (_, response) => response.writeHead(404).end(), /status 404/],
    ['no key set', (_, response) => response.end('hello'), /not JSON/],
    ['no key that is one', (_, response) => response.end('{"keys": [{"kty": "oct", "k": "AA"}]}'), /no usable key/],
  ])('%s is a problem', async (_, answer, why) => {
    const [finding] = await said(keysCheck, ofIssuer({ jwksUrl: await serving(answer) }));
    expect(finding).toMatch(/^problem: .*→ see that this machine can read http/);
    expect(finding).toMatch(why);
  });

  it('an issuer that cannot be reached is a problem', async () => {
    const [finding] = await said(keysCheck, ofIssuer({ jwksUrl: `http://127.0.0.1:${await freePort()}/keys` }));
    expect(finding).toMatch(/^problem: .*ECONNREFUSED/);
  });

  it('keys of algorithms that are not taken are a problem', async () => {
    const [finding] = await said(
      keysCheck,
      ofIssuer({ jwksFile: fileOf(keySet) }, { LATCHKEY_IDENTITY_ALGORITHMS: '["EdDSA"]' }),
    );
    expect(finding).toMatch(/^problem: .*none of its keys verifies EdDSA/);
  });

  it('a bad key in PEM is a problem, and so is a file that is not there', async () => {
    const bad = { pemFile: fileOf('-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'), algorithm: 'ES256' };
    expect((await said(keysCheck, ofIssuer(bad)))[0]).toMatch(/^problem: .*no public key in PEM/);
    expect((await said(keysCheck, ofIssuer({ ...bad, pemFile: 'no.pem' })))[0]).toMatch(/^problem: .*ENOENT/);
  });

  it.each([
    ['2099-12-25', /ends in 7 days/],
    ['2100-02-01', /has ended/],
  ])('tells of a certificate that is at its end on %s', async (day, what) => {
    const pem = { pemFile: fileOf(selfSigned().certificate), algorithm: 'ES256' };
    const later = ofIssuer(pem);
    const clock = { ...later.machine.clock, now: () => Date.parse(`${day}T00:00:00Z`) };
    const found = await said(keysCheck, { ...later, machine: { ...later.machine, clock } });
    expect(found).toEqual([expect.stringMatching(/^ok: /), expect.stringMatching(what)]);
  });

  it('says that the development issuer is for trying out', async () => {
    expect((await said(keysCheck, patient()))[0]).toMatch(/^warning: the development issuer/);
  });
});
