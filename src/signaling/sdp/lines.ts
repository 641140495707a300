import { LatchkeyError, limits } from '../../base/index.ts';

/** One line of a session description (RFC 8866 section 5): `type=value`. */
export interface SdpLine {
  readonly type: string;
  readonly value: string;
}

/** A session description line by line: what stands before the first `m=`, then each media section with its `m=` first. */
export interface SdpLines {
  readonly session: readonly SdpLine[];
  readonly media: readonly (readonly SdpLine[])[];
}

/**
 * The attributes that Latchkey reads, removes or refuses. Parsers differ in whether names are case-sensitive, so another
 * spelling of one of these is refused: it could mean something to an endpoint that it did not mean here.
 */
const known = new Set([
  'bundle-only',
  'candidate',
  'crypto',
  'end-of-candidates',
  'fingerprint',
  'group',
  'ice-lite',
  'ice-mismatch',
  'ice-pwd',
  'ice-ufrag',
  'identity',
  'key-mgmt',
  'mid',
  'remote-candidates',
  'rtcp',
  'rtcp-mux',
  'setup',
]);

const token = /^[!#$%&'*+.^_`{|}~A-Za-z0-9-]+$/;

/**
 * Splits a session description into lines, and loses none of it.
 * Throws `sdp-empty`, `sdp-too-large` (bytes, lines, a line, media sections) or `sdp-malformed`.
 */
export function readLines(text: string): SdpLines {
  if (typeof text !== 'string') throw new LatchkeyError('sdp-malformed');
  const lines = splitLines(text);
  const media: SdpLine[][] = [];
  const session: SdpLine[] = [];
  for (const line of lines) {
    const parsed = readLine(line);
    if (parsed.type === 'm') media.push([]);
    (media.at(-1) ?? session).push(parsed);
  }
  if (media.length > limits.sdpMediaSectionsMax) throw new LatchkeyError('sdp-too-large', 'media sections');
  return { session, media };
}

/** Splits any text in SDP's form into its lines, without the empty ones at the end. Throws as `readLines` does. */
export function splitLines(text: string): string[] {
  if (text.trim() === '') throw new LatchkeyError('sdp-empty');
  if (Buffer.byteLength(text) > limits.sdpBytesMax) throw new LatchkeyError('sdp-too-large', 'bytes');
  if (!text.isWellFormed()) throw new LatchkeyError('sdp-malformed', 'not Unicode');
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  while (lines.at(-1) === '') lines.pop();
  if (lines.length > limits.sdpLinesMax) throw new LatchkeyError('sdp-too-large', 'lines');
  for (const line of lines) {
    if (line.length > limits.sdpLineCharactersMax) throw new LatchkeyError('sdp-too-large', 'a line');
    if (hasControlCharacter(line)) throw new LatchkeyError('sdp-malformed', 'a control character');
  }
  return lines;
}

export function writeLines({ session, media }: SdpLines): string {
  return [...session, ...media.flat()].map((line) => `${line.type}=${line.value}\r\n`).join('');
}

/** The values of an attribute in one part, in order; the empty string where it has none. */
export function attributes(part: readonly SdpLine[], name: string): string[] {
  return part.filter((line) => attributeName(line) === name).map((line) => line.value.slice(name.length + 1));
}

export function attributeName(line: SdpLine): string | undefined {
  return line.type === 'a' ? nameOf(line.value) : undefined;
}

function nameOf(value: string): string {
  const colon = value.indexOf(':');
  return colon < 0 ? value : value.slice(0, colon);
}

function readLine(line: string): SdpLine {
  const type = line.charAt(0);
  if (type < 'a' || type > 'z' || line.charAt(1) !== '=') throw new LatchkeyError('sdp-malformed', 'a line');
  const value = line.slice(2);
  if (type === 'a') {
    const name = nameOf(value);
    if (!token.test(name)) throw new LatchkeyError('sdp-malformed', 'an attribute name');
    const lower = name.toLowerCase();
    if (lower !== name && known.has(lower)) throw new LatchkeyError('sdp-malformed', 'the case of an attribute name');
  }
  return { type, value };
}

function hasControlCharacter(line: string): boolean {
  for (let i = 0; i < line.length; i++) {
    const code = line.charCodeAt(i);
    if ((code < 0x20 && code !== 0x09) || (code >= 0x7f && code <= 0x9f) || code === 0x2028 || code === 0x2029)
      return true;
  }
  return false;
}
