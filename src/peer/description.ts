import { isIP } from 'node:net';
import { LatchkeyError, limits } from '../base/index.ts';
import { type VideoCodec, videoCodecs } from './codecs.ts';

/** What matters in the session description of the other side. */
export interface Description {
  /** The text without the candidates that are not used: names to look up, TCP, and those past the bound. */
  readonly sdp: string;
  /** The relay's addresses: the only ones that datagrams are taken from. */
  readonly candidates: readonly { readonly host: string; readonly port: number }[];
  /** `sha-256 AA:BB:…`, each once. */
  readonly fingerprints: readonly string[];
  /** The video codecs of ours that it names, in its order of preference. */
  readonly video: readonly VideoCodec[];
  /** What `a=setup` leaves open (RFC 8842): whether this side may be the DTLS server. */
  readonly mayServe: boolean;
}

/** Reads a description that came through the relay. Throws `sdp-too-large`, `sdp-no-fingerprint` or `sdp-no-ice`. */
export function readDescription(text: string): Description {
  if (text.length > limits.sdpBytesMax) throw new LatchkeyError('sdp-too-large');
  const lines = text.split(/\r?\n/);
  const fingerprints = new Set(valuesOf(lines, 'a=fingerprint:').map(normalFingerprint));
  const candidates: { host: string; port: number }[] = [];
  const kept = lines.filter((line) => {
    if (!line.startsWith('a=candidate:')) return true;
    const [, component, transport, , host = '', portText] = line.split(' ');
    const port = Number(portText);
    const usable = component === '1' && transport?.toLowerCase() === 'udp' && isIP(host) !== 0;
    if (!usable || !(port > 0 && port < 65_536)) return false;
    const known = candidates.some((candidate) => candidate.host === host && candidate.port === port);
    if (!known && candidates.length >= limits.relayCandidatesMax) return false;
    if (!known) candidates.push({ host, port });
    return true;
  });
  if (fingerprints.size === 0) throw new LatchkeyError('sdp-no-fingerprint');
  if (candidates.length === 0) throw new LatchkeyError('sdp-no-ice', 'no usable candidate');
  const mayServe = !valuesOf(lines, 'a=setup:').includes('passive');
  return { sdp: kept.join('\r\n'), candidates, fingerprints: [...fingerprints], video: videoOrder(lines), mayServe };
}

/** A fingerprint (`algorithm AA:BB:…`) as it is compared: algorithm in lower case, digits in upper case. */
export function normalFingerprint(text: string): string {
  const [algorithm = '', digits = ''] = text.trim().split(/\s+/);
  return `${algorithm.toLowerCase()} ${digits.toUpperCase()}`;
}

/** The payload types of the first video section stand in order of preference (RFC 3264 section 5.1). */
function videoOrder(lines: readonly string[]): VideoCodec[] {
  const begin = lines.findIndex((line) => line.startsWith('m=video '));
  if (begin === -1) return [];
  const section = lines.slice(begin + 1);
  const end = section.findIndex((line) => line.startsWith('m='));
  const names = new Map(
    valuesOf(end === -1 ? section : section.slice(0, end), 'a=rtpmap:').map((value) => {
      const [payloadType = '', encoding = ''] = value.split(' ');
      return [payloadType, encoding.split('/')[0]?.toUpperCase()];
    }),
  );
  const order = (lines[begin] ?? '').split(' ').slice(3);
  const named = order.flatMap((payloadType) => videoCodecs.filter((codec) => codec === names.get(payloadType)));
  return [...new Set(named)];
}

function valuesOf(lines: readonly string[], attribute: string): string[] {
  return lines.filter((line) => line.startsWith(attribute)).map((line) => line.slice(attribute.length).trim());
}
