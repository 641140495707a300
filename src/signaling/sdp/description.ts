import { LatchkeyError } from '../../base/index.ts';
import type { IceCredentials } from '../../relay/index.ts';
import { readFingerprints } from './fingerprints.ts';
import { readIceCredentials } from './ice-credentials.ts';
import { attributeName, attributes, readLines, type SdpLine, type SdpLines } from './lines.ts';
import { demandSameReading } from './second-reading.ts';

export type DescriptionKind = 'offer' | 'answer';

/** A session description that was read whole and found fit to travel. */
export interface Description {
  readonly kind: DescriptionKind;
  /** The one pair of credentials of its one transport. */
  readonly ice: IceCredentials;
  /** The fingerprints of its DTLS certificate, each `sha-256 AA:BB:…`: lower-case algorithm, upper-case digits. */
  readonly fingerprints: readonly string[];
  /** Media sections, the rejected ones included: an answer has as many as its offer (RFC 3264 section 6). */
  readonly mediaCount: number;
  readonly lines: SdpLines;
}

/**
 * What must not travel, and why: keys that the relay could read (`crypto`, `key-mgmt`, `k=`), addresses that would lead
 * around the relay (`remote-candidates`), an ICE mode that the relay cannot carry, because an ice-lite side sends no checks
 * and so never proves its address (`ice-lite`, `ice-mismatch`), and a third party that the other side would have to contact
 * (`identity`).
 */
const forbiddenAttributes = new Set([
  'crypto',
  'key-mgmt',
  'remote-candidates',
  'ice-lite',
  'ice-mismatch',
  'identity',
]);

const rtpProtocols = new Set(['UDP/TLS/RTP/SAVPF', 'UDP/TLS/RTP/SAVP', 'RTP/SAVPF', 'RTP/SAVP']);
const sctpProtocols = new Set(['UDP/DTLS/SCTP', 'DTLS/SCTP']);
const setups = { offer: ['actpass', 'active', 'passive'], answer: ['active', 'passive'] };

/**
 * Reads a session description of an endpoint (RFC 8866, RFC 9429) and checks that a sealed wire can carry it: one
 * transport, DTLS with a fingerprint of SHA-256 or better, ICE credentials, and nothing that must not travel.
 * Throws an `sdp-…` error, and nothing else whatever the text is.
 */
export function readDescription(text: string, kind: DescriptionKind): Description {
  const lines = readLines(text);
  checkSession(lines.session);
  if (lines.media.length === 0) throw new LatchkeyError('sdp-no-media');
  for (const part of [lines.session, ...lines.media]) refuseForbidden(part);
  const active = lines.media.filter((section) => !isRejected(section));
  if (active.length === 0) throw new LatchkeyError('sdp-no-media', 'all are rejected');
  for (const section of active) checkSection(lines.session, section, kind);
  checkBundle(lines, active);
  const reading = {
    ice: same(active.map((section) => readIceCredentials(lines.session, section))),
    fingerprints: same(active.map((section) => readFingerprints(lines.session, section))),
    mediaCount: lines.media.length,
  };
  demandSameReading(text, reading);
  return { kind, ...reading, lines };
}

/** A section that its author does not want: port 0, unless it merely rides in its bundle (RFC 8843 section 6). */
export function isRejected(section: readonly SdpLine[]): boolean {
  return readMediaLine(section).port === 0 && attributes(section, 'bundle-only').length === 0;
}

/** Reads `m=<media> <port> <proto> <fmt> …` (RFC 8866 section 5.14). Throws `sdp-malformed`. */
export function readMediaLine(section: readonly SdpLine[]): { port: number; fields: readonly string[] } {
  const fields = section[0]?.value.split(' ') ?? [];
  const [media = '', port = ''] = fields;
  if (!['audio', 'video', 'application'].includes(media) || fields.length < 4 || fields.includes(''))
    throw new LatchkeyError('sdp-malformed', 'a media line');
  if (port.length > 5 || !isDigits(port) || Number(port) > 65_535) throw new LatchkeyError('sdp-malformed', 'a port');
  return { port: Number(port), fields };
}

function checkSession(session: readonly SdpLine[]): void {
  const [version, origin] = session;
  if (version?.type !== 'v' || version.value !== '0') throw new LatchkeyError('sdp-malformed', 'version');
  if (origin?.type !== 'o' || origin.value.split(' ').length !== 6) throw new LatchkeyError('sdp-malformed', 'origin');
  if (session.filter((line) => line.type === 'v' || line.type === 'o').length !== 2)
    throw new LatchkeyError('sdp-malformed', 'a second session');
}

function refuseForbidden(part: readonly SdpLine[]): void {
  for (const line of part) {
    const name = attributeName(line);
    if (line.type === 'k' || (name !== undefined && forbiddenAttributes.has(name)))
      throw new LatchkeyError('sdp-forbidden', name ?? 'k=');
  }
}

function checkSection(session: readonly SdpLine[], section: readonly SdpLine[], kind: DescriptionKind): void {
  const [media = '', , protocol = ''] = readMediaLine(section).fields;
  const isRtp = rtpProtocols.has(protocol);
  if (!isRtp && !sctpProtocols.has(protocol)) throw new LatchkeyError('sdp-forbidden', 'a protocol without DTLS');
  if (isRtp === (media === 'application')) throw new LatchkeyError('sdp-malformed', 'a media line');
  if (isRtp && attributes(section, 'rtcp-mux').length === 0) throw new LatchkeyError('sdp-bundle', 'no rtcp-mux');
  for (const setup of [...attributes(session, 'setup'), ...attributes(section, 'setup')])
    if (!setups[kind].includes(setup)) throw new LatchkeyError('sdp-malformed', 'setup');
}

function checkBundle({ session, media }: SdpLines, active: readonly (readonly SdpLine[])[]): void {
  const mids = media.map((section) => attributes(section, 'mid'));
  const all = mids.flat();
  if (mids.some((of) => of.length > 1) || new Set(all).size !== all.length)
    throw new LatchkeyError('sdp-malformed', 'mid');
  const groups = attributes(session, 'group').filter((value) => value.split(' ')[0] === 'BUNDLE');
  if (groups.length > 1) throw new LatchkeyError('sdp-bundle', 'several groups');
  const [group] = groups;
  if (group === undefined) {
    if (active.length > 1) throw new LatchkeyError('sdp-bundle', 'no group');
    return;
  }
  const members = group.split(' ').slice(1);
  if (new Set(members).size !== members.length || members.some((mid) => !all.includes(mid)))
    throw new LatchkeyError('sdp-bundle', 'a member that is not there');
  for (const section of active) {
    const [mid] = attributes(section, 'mid');
    if (mid === undefined || !members.includes(mid)) throw new LatchkeyError('sdp-bundle', 'a section outside');
  }
}

/** What all sections of one bundle share, as they share one transport. Throws `sdp-bundle` where they differ. */
function same<T>(values: readonly T[]): T {
  const [first] = values;
  if (first === undefined) throw new LatchkeyError('sdp-no-media');
  const wanted = JSON.stringify(first);
  if (values.some((value) => JSON.stringify(value) !== wanted)) throw new LatchkeyError('sdp-bundle', 'two transports');
  return first;
}

function isDigits(text: string): boolean {
  return text !== '' && [...text].every((character) => character >= '0' && character <= '9');
}
