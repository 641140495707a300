import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { certificateCheck } from '../../../src/cli/doctor/certificate.ts';
import { selfSigned } from '../../support/self-signed.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { patient, said } from './support/patient.ts';

function withFiles(certificate: string, key: string, day?: string, mode = 0o600) {
  const folder = temporaryFolder();
  const files = { certificateFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
  writeFileSync(files.certificateFile, certificate);
  writeFileSync(files.keyFile, key, { mode });
  const one = patient({ environment: { LATCHKEY_HTTP_TLS: JSON.stringify(files) } });
  const clock = day === undefined ? one.machine.clock : { ...one.machine.clock, now: () => Date.parse(day) };
  return { ...one, machine: { ...one.machine, clock } };
}

const { certificate, key } = selfSigned();

describe('the check of the certificate', () => {
  it('finds one that names nobody and is signed by itself', async () => {
    expect(await said(certificateCheck, withFiles(certificate, key))).toEqual([
      expect.stringMatching(/^ok: the certificate is for .* good for \d+ days/),
      expect.stringMatching(/^problem: the certificate names no host/),
      expect.stringMatching(/^warning: the certificate is signed by itself/),
    ]);
  });

  it.each([
    ['2099-12-25', /^warning: .*good for 7 days → renew/],
    ['2100-02-01', /^problem: the certificate has ended/],
    ['2019-01-01', /^problem: the certificate is good from/],
  ])('on %s', async (day, wanted) => {
    expect((await said(certificateCheck, withFiles(certificate, key, day)))[0]).toMatch(wanted);
  });

  it('the key of another certificate is a problem', async () => {
    expect(await said(certificateCheck, withFiles(certificate, selfSigned().key))).toEqual([
      expect.stringMatching(/^problem: .*is not the key of/),
    ]);
  });

  it('files that are none are problems, each', async () => {
    expect(await said(certificateCheck, withFiles('nothing', 'nothing'))).toEqual([
      expect.stringMatching(/^problem: http\.tls\.certificateFile: .*cert\.pem cannot be used/),
      expect.stringMatching(/^problem: http\.tls\.keyFile: .*key\.pem cannot be used/),
    ]);
  });

  it('a key that others can read is worth a warning', async () => {
    expect((await said(certificateCheck, withFiles(certificate, key, undefined, 0o644))).at(-1)).toMatch(
      /^warning: .*mode 644\) → chmod 600/,
    );
  });

  it('tokens in clear are worth a warning, but on loopback', async () => {
    expect((await said(certificateCheck, patient()))[0]).toMatch(/^ok: .*plain HTTP, on this machine alone/);
    const open = patient({ environment: { LATCHKEY_HTTP_HOST: '0.0.0.0' } });
    expect((await said(certificateCheck, open))[0]).toMatch(/^warning: .*tokens travel in clear → set http\.tls/);
  });
});
