import { isIP } from 'node:net';
import { LatchkeyError } from '../../base/index.ts';

/**
 * Checks a `candidate-attribute` (RFC 8839 section 5.1). Nothing is kept of it: an endpoint's address does not travel.
 * Throws `candidate-malformed`.
 */
export function checkCandidate(text: string): void {
  const [head = '', component, transport, priority, address, port, typ, type, ...extensions] = text.split(' ');
  const valid =
    head.startsWith('candidate:') &&
    isIceToken(head.slice('candidate:'.length), 32) &&
    isNumber(component, 1, 256) &&
    ['udp', 'tcp'].includes(transport?.toLowerCase() ?? '') &&
    isNumber(priority, 1, 2 ** 32 - 1) &&
    isAddress(address) &&
    isNumber(port, 0, 65_535) &&
    typ === 'typ' &&
    ['host', 'srflx', 'prflx', 'relay'].includes(type ?? '') &&
    extensions.length % 2 === 0;
  if (!valid) throw new LatchkeyError('candidate-malformed');
}

function isIceToken(text: string, charactersMax: number): boolean {
  return text.length <= charactersMax && /^[A-Za-z0-9+/]+$/.test(text);
}

function isNumber(text: string | undefined, min: number, max: number): boolean {
  return text !== undefined && /^[0-9]{1,10}$/.test(text) && Number(text) >= min && Number(text) <= max;
}

/** An IP address, or the name that a browser gives instead of one (mDNS, RFC 8828). */
function isAddress(text: string | undefined): boolean {
  return text !== undefined && (isIP(text) !== 0 || /^[A-Za-z0-9.-]{1,253}$/.test(text));
}
