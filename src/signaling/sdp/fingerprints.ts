import { LatchkeyError, limits } from '../../base/index.ts';
import { attributes, type SdpLine } from './lines.ts';

/** Bytes of a digest by its name in `a=fingerprint` (RFC 8122 section 5). Weaker ones are not on the list. */
const digestBytes: ReadonlyMap<string, number> = new Map([
  ['sha-256', 32],
  ['sha-384', 48],
  ['sha-512', 64],
]);

/**
 * The fingerprints that hold for a media section: its own, or the session's where it has none. Sorted, so that two
 * sections can be compared. Throws `sdp-no-fingerprint` when there is none, or one that is weak or malformed: an endpoint
 * takes any that matches, so a weak one beside a strong one is as good as a weak one.
 */
export function readFingerprints(session: readonly SdpLine[], section: readonly SdpLine[]): readonly string[] {
  const own = attributes(section, 'fingerprint');
  const values = own.length > 0 ? own : attributes(session, 'fingerprint');
  const fingerprints = [...new Set(values.map(readFingerprint))].sort();
  if (fingerprints.length === 0) throw new LatchkeyError('sdp-no-fingerprint', 'none');
  if (fingerprints.length > limits.fingerprintsMax) throw new LatchkeyError('sdp-too-large', 'fingerprints');
  return fingerprints;
}

function readFingerprint(value: string): string {
  const [algorithm = '', digest = '', ...rest] = value.split(' ');
  const name = algorithm.toLowerCase();
  const bytes = digestBytes.get(name);
  const pairs = digest.split(':');
  if (bytes === undefined || rest.length > 0 || pairs.length !== bytes || !pairs.every(isByte))
    throw new LatchkeyError('sdp-no-fingerprint', 'weak or malformed');
  return `${name} ${digest.toUpperCase()}`;
}

const hexDigits = '0123456789abcdefABCDEF';

function isByte(pair: string): boolean {
  return pair.length === 2 && hexDigits.includes(pair.charAt(0)) && hexDigits.includes(pair.charAt(1));
}
