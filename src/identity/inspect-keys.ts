import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Clock, LatchkeyError, limits, within } from '../base/index.ts';
import type { Algorithm } from './algorithms.ts';
import { type KeyFault, readKeySet, readPem } from './key-set.ts';
import { jwksFileText, jwksUrlText } from './key-set-texts.ts';
import type { IssuerKeys } from './settings.ts';

/** What an issuer's keys are like now, for an operator. */
export interface KeysReport {
  /** How many verify an algorithm that is taken. */
  readonly usable: number;
  /** Why the others are left aside. */
  readonly ignored: readonly KeyFault[];
  /** When the certificate that a key came in ends; nobody goes by it. Undefined where none says so. */
  readonly notAfterMs: number | undefined;
}

/** Reads an issuer's keys once. Throws `keys-unavailable` or `settings-invalid` as the relay would, or the platform's error. */
export async function inspectKeys(
  source: IssuerKeys,
  taken: readonly Algorithm[],
  { clock, fetch: fetcher = fetch }: { readonly clock: Clock; readonly fetch?: typeof fetch },
): Promise<KeysReport> {
  if ('pemFile' in source) {
    const text = await readFile(source.pemFile, 'utf8');
    const { algorithms } = readPem(text, source.algorithm);
    const isCertificate = text.includes('BEGIN CERTIFICATE');
    const notAfterMs = isCertificate ? Date.parse(new X509Certificate(text).validTo) : undefined;
    return { usable: algorithms.some((each) => taken.includes(each)) ? 1 : 0, ignored: [], notAfterMs };
  }
  const read = 'jwksFile' in source ? jwksFileText(source.jwksFile) : jwksUrlText(source.jwksUrl, fetcher);
  const text = await within(clock, limits.keySetFetchMsMax, read).catch((thrown: Error) => {
    throw thrown.cause instanceof Error ? new LatchkeyError('keys-unavailable', thrown.cause.message) : thrown;
  });
  const ignored: KeyFault[] = [];
  const keys = readKeySet(text ?? '', (fault) => ignored.push(fault));
  const usable = keys.filter(({ algorithms }) => algorithms.some((each) => taken.includes(each)));
  return { usable: usable.length, ignored, notAfterMs: undefined };
}
