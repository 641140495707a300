import { LatchkeyError, limits } from '../../base/index.ts';
import type { RelayAddress } from '../../relay/index.ts';
import { type Description, isRejected, readMediaLine } from './description.ts';
import { attributeName, type SdpLine, writeLines } from './lines.ts';

/**
 * Writes a description with the relay in the place of its author: the author's candidates go, the relay's come, as host
 * candidates with `a=end-of-candidates` (RFC 8839 section 5.1, RFC 8840 section 8.2), and `m=` and `c=` name the first of
 * them as the default destination (RFC 8839 section 4.2.1.2). `o=` and `a=rtcp` lose the author's address too: an endpoint's
 * address is nobody's business but the relay's. Every other line stays as it was, in its order.
 *
 * Throws `sdp-too-large` for what would be more than `limits.sdpBytesMax` in a message, where JSON writes some characters as
 * two and more: the other side takes no more than that, and a message past its own bound costs it its connection.
 */
export function withRelayCandidates(description: Description, addresses: readonly RelayAddress[]): string {
  const [first] = addresses;
  if (first === undefined) throw new TypeError('The relay has no address to be reached at.');
  const { session, media } = description.lines;
  const text = writeLines({
    session: session.flatMap((line) => withoutEndpoint(line, first)),
    media: media.map((section) => {
      const kept = section.flatMap((line) => withoutEndpoint(line, first));
      if (isRejected(section) || readMediaLine(section).port === 0) return kept;
      const [, ...rest] = kept;
      return [withPort(section, first.port), ...rest, ...candidateLines(addresses)];
    }),
  });
  if (Buffer.byteLength(JSON.stringify(text)) > limits.sdpBytesMax)
    throw new LatchkeyError('sdp-too-large', 'with the relay in it');
  return text;
}

/** The relay's addresses as the complete set of candidates of one transport. */
export function candidateLines(addresses: readonly RelayAddress[]): SdpLine[] {
  return [...addresses.map(candidateLine), line('a', 'end-of-candidates')];
}

function line(type: string, value: string): SdpLine {
  return { type, value };
}

function withoutEndpoint(from: SdpLine, relay: RelayAddress): SdpLine[] {
  const name = attributeName(from);
  if (name === 'candidate' || name === 'end-of-candidates') return [];
  if (name === 'rtcp') return [line('a', 'rtcp:9 IN IP4 0.0.0.0')];
  if (from.type === 'c') return [line('c', `IN ${addressType(relay.host)} ${relay.host}`)];
  if (from.type === 'o') return [line('o', [...from.value.split(' ').slice(0, 3), 'IN', 'IP4', '0.0.0.0'].join(' '))];
  return [from];
}

function withPort(section: readonly SdpLine[], port: number): SdpLine {
  const [media, , ...rest] = readMediaLine(section).fields;
  return line('m', [media, port, ...rest].join(' '));
}

/**
 * Type preference 126 for host candidates, component 1, and the order of the list as local preference (RFC 8445 section 5.1.2).
 * TCP comes behind all of UDP, with a type preference of 90 and the direction preference of a passive candidate (RFC 6544 section
 * 4.2).
 */
function candidateLine({ host, port, transport }: RelayAddress, index: number): SdpLine {
  const number = index + 1;
  if (transport === 'tcp') {
    const priority = 90 * 2 ** 24 + (4 * 2 ** 13 + (8_191 - index)) * 2 ** 8 + 255;
    return line('a', `candidate:${number} 1 tcp ${priority} ${host} ${port} typ host tcptype passive`);
  }
  const priority = 126 * 2 ** 24 + (65_535 - index) * 2 ** 8 + 255;
  return line('a', `candidate:${number} 1 udp ${priority} ${host} ${port} typ host`);
}

function addressType(host: string): 'IP4' | 'IP6' {
  return host.includes(':') ? 'IP6' : 'IP4';
}
