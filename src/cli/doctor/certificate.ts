import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { isLoopback, limits } from '../../base/index.ts';
import { type Finding, ok, problem, warning, whyOf } from './finding.ts';
import type { Check } from './patient.ts';

/** The certificate of the public port. */
export const certificateCheck: Check = {
  name: 'certificate',
  look({ settings: { http }, machine: { clock } }) {
    if (http.tls === null) {
      const isPrivate = http.host === 'localhost' || isLoopback(http.host);
      const found = `${http.host} serves plain HTTP`;
      return [
        isPrivate
          ? ok(`${found}, on this machine alone`)
          : warning(
              `${found}: tokens travel in clear`,
              'set http.tls, or listen on 127.0.0.1 behind a proxy that ends TLS',
            ),
      ];
    }
    const { certificateFile, keyFile } = http.tls;
    const certificate = read('http.tls.certificateFile', certificateFile, (text) => new X509Certificate(text));
    const key = read('http.tls.keyFile', keyFile, createPrivateKey);
    const faults = [certificate, key].filter((each) => 'outcome' in each);
    if ('outcome' in certificate || 'outcome' in key) return faults;
    if (!certificate.checkPrivateKey(key)) {
      return [problem(`${keyFile} is not the key of ${certificateFile}`, 'name the two that were made together')];
    }
    return [...ofTime(certificate, certificateFile, clock.now()), ...ofIssuer(certificate), ...ofMode(keyFile)];
  },
};

function read<T extends object>(setting: string, file: string, parse: (text: Buffer) => T): T | Finding {
  try {
    return parse(readFileSync(file));
  } catch (thrown) {
    return problem(
      `${setting}: ${file} cannot be used: ${whyOf(thrown)}`,
      'name a PEM file that the relay’s user may read',
    );
  }
}

const dayMs = 86_400_000;

function ofTime(certificate: X509Certificate, file: string, nowMs: number): Finding[] {
  const leftMs = Date.parse(certificate.validTo) - nowMs;
  const names = certificate.subjectAltName?.replaceAll('DNS:', '').replaceAll('IP Address:', '') ?? 'no name';
  const renew = `renew ${file}, and have the relay read it again`;
  if (Date.parse(certificate.validFrom) > nowMs)
    return [problem(`the certificate is good from ${certificate.validFrom} on`, 'look at the clock, or wait')];
  if (leftMs <= 0) return [problem(`the certificate has ended on ${certificate.validTo}`, renew)];
  const days = Math.floor(leftMs / dayMs);
  const found = `the certificate is for ${names} and good for ${days} days`;
  const time = days > limits.doctorDaysLeftMin ? ok(found) : warning(found, renew);
  if (certificate.subjectAltName !== undefined) return [time];
  return [
    time,
    problem(
      'the certificate names no host (subjectAltName): browsers refuse it',
      'have it made for the name that clients use',
    ),
  ];
}

function ofIssuer(certificate: X509Certificate): Finding[] {
  if (!certificate.checkIssued(certificate)) return [];
  return [
    warning(
      'the certificate is signed by itself',
      'give its file to cameras and viewers with --ca, or have a CA sign it',
    ),
  ];
}

function ofMode(file: string): Finding[] {
  const mode = statSync(file).mode & 0o777;
  if ((mode & 0o077) === 0) return [];
  return [warning(`${file} can be read by others (mode ${mode.toString(8)})`, `chmod 600 ${file}`)];
}
