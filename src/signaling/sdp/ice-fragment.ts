import { LatchkeyError, limits } from '../../base/index.ts';
import type { IceCredentials, RelayAddress } from '../../relay/index.ts';
import { type Description, isRejected } from './description.ts';
import { readIceCredentials } from './ice-credentials.ts';
import { attributeName, type SdpLine, splitLines, writeLines } from './lines.ts';
import { candidateLines } from './relay-candidates.ts';

/** What an `application/trickle-ice-sdpfrag` says (RFC 8840 section 9). */
export interface IceFragment {
  /** Absent where it names none. */
  readonly ice: IceCredentials | undefined;
  /** The candidates, each as `candidate:…`. */
  readonly candidates: readonly string[];
}

/**
 * Reads a fragment: credentials and candidates, at the session's level or in media sections that must agree.
 * Throws `sdp-…` errors; the candidates are not checked yet.
 */
export function readIceFragment(text: string): IceFragment {
  const lines = splitLines(text).map((whole): SdpLine => ({ type: whole.charAt(0), value: whole.slice(2) }));
  const credentials = lines.filter((line) => ['ice-ufrag', 'ice-pwd'].includes(attributeName(line) ?? ''));
  const distinct = [...new Map(credentials.map((line) => [line.value, line])).values()];
  const candidates = lines.filter((line) => attributeName(line) === 'candidate');
  if (candidates.length > limits.candidatesPerSessionMax) throw new LatchkeyError('sdp-too-large', 'candidates');
  return {
    ice: distinct.length === 0 ? undefined : readIceCredentials([], distinct),
    candidates: candidates.map((candidate) => candidate.value),
  };
}

/**
 * Writes what answers an ICE restart (RFC 9725 section 4.3.2): the other side's new credentials, and the relay's candidates
 * in the section that carries the bundle's transport.
 */
export function writeIceFragment(description: Description, addresses: readonly RelayAddress[]): string {
  const { session, media } = description.lines;
  const [section = []] = media.filter((part) => !isRejected(part));
  const keep = (part: readonly SdpLine[], names: readonly string[]) =>
    part.filter((line) => line.type === 'm' || names.includes(attributeName(line) ?? ''));
  return writeLines({
    session: keep(session, ['group', 'ice-options']),
    media: [
      [
        ...keep(section, ['mid']),
        { type: 'a', value: `ice-ufrag:${description.ice.ufrag}` },
        { type: 'a', value: `ice-pwd:${description.ice.password}` },
        ...candidateLines(addresses),
      ],
    ],
  });
}

/** The same description after its author restarted ICE (RFC 8839 section 4.4.3): new credentials and the next version. */
export function withIceCredentials(description: Description, ice: IceCredentials): Description {
  const renewed = (line: SdpLine): SdpLine => {
    const name = attributeName(line);
    if (name === 'ice-ufrag') return { type: 'a', value: `ice-ufrag:${ice.ufrag}` };
    if (name === 'ice-pwd') return { type: 'a', value: `ice-pwd:${ice.password}` };
    return line.type === 'o' ? { type: 'o', value: nextVersion(line.value) } : line;
  };
  const { session, media } = description.lines;
  const lines = { session: session.map(renewed), media: media.map((section) => section.map(renewed)) };
  return { ...description, ice, lines };
}

function nextVersion(origin: string): string {
  const fields = origin.split(' ');
  const version = fields[2] ?? '';
  fields[2] = /^[0-9]{1,20}$/.test(version) ? String(BigInt(version) + 1n) : version;
  return fields.join(' ');
}
