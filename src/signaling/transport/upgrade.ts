import { LatchkeyError } from '../../base/index.ts';
import { hasMember } from './list-field.ts';
import type { RequestHead } from './request-head.ts';

const key = /^[+/0-9A-Za-z]{22}==$/;

/** Whether a request asks for a WebSocket. Other upgrades are ignored, as RFC 9110 section 7.8 lets a server do. */
export function asksForWebSocket(upgradeHeader: string | undefined): boolean {
  return upgradeHeader?.trim().toLowerCase() === 'websocket';
}

/**
 * Demands of a request that asks for a WebSocket what RFC 6455 section 4.2.1 does, that it has no body, and that it
 * does not ask for a close as well. Throws `request-malformed`.
 */
export function checkOpeningHandshake(head: RequestHead): void {
  const options = head.header('connection')?.toLowerCase() ?? '';
  const sound =
    head.method === 'GET' &&
    head.bodyLength === 0 &&
    hasMember(options, 'upgrade') &&
    !hasMember(options, 'close') &&
    head.header('sec-websocket-version') === '13' &&
    key.test(head.header('sec-websocket-key') ?? '');
  if (!sound) throw new LatchkeyError('request-malformed', 'opening handshake');
}

/** Whether the client offers that subprotocol. */
export function offersSubprotocol(request: Pick<RequestHead, 'header'>, subprotocol: string): boolean {
  return hasMember(request.header('sec-websocket-protocol') ?? '', subprotocol);
}
