import { LatchkeyError, limits, Redacted } from '../base/index.ts';
import type { Identity, VerifiedCamera, VerifiedViewer } from '../identity/index.ts';
import { ticketHeader } from '../protocol/index.ts';
import type { HttpRequest } from './transport/transport.ts';

export type Holder = VerifiedViewer | VerifiedCamera;

/** The token of the `Authorization` header (RFC 6750 section 2.1). Throws `token-malformed` for another scheme. */
export function headerToken(request: HttpRequest): Redacted<string> | undefined {
  const header = request.header('authorization');
  if (header === undefined) return undefined;
  const [scheme = '', token = '', ...rest] = header.trim().split(' ');
  if (scheme.toLowerCase() !== 'bearer' || rest.length > 0) throw new LatchkeyError('token-malformed');
  return redacted(token);
}

/** The tokens of the query (RFC 6750 section 2.3), for a browser's WebSocket, which cannot set headers. */
export function queryTokens(request: HttpRequest): Redacted<string>[] {
  return new URLSearchParams(request.query).getAll('access_token').map(redacted);
}

export function redacted(token: string): Redacted<string> {
  if (token === '' || token.length > limits.tokenBytesMax) throw new LatchkeyError('token-malformed');
  return new Redacted(token);
}

/** The camera that the upgrade's reconnect ticket proves, at once. Undefined where there is none, or it is bad in any way. */
export function ticketHolder(request: HttpRequest, identity: Identity): VerifiedCamera | undefined {
  const ticket = request.header(ticketHeader);
  return ticket === undefined ? undefined : identity.tickets?.redeem(new Redacted(ticket));
}

/**
 * Who came with an upgrade. A good ticket stands for the header's token, which is then not verified. Every other token is, and all
 * must name one holder: throws `token-conflict` otherwise, and `ticket-invalid` for a bad ticket without a token beside it.
 */
export async function holderOf(request: HttpRequest, identity: Identity): Promise<Holder | undefined> {
  let holder: Holder | undefined = ticketHolder(request, identity);
  const header = holder === undefined ? headerToken(request) : undefined;
  const tokens = [...(header === undefined ? [] : [header]), ...queryTokens(request)];
  if (tokens.length > 2) throw new LatchkeyError('token-conflict', 'too many tokens');
  if (holder === undefined && tokens.length === 0 && request.header(ticketHeader) !== undefined) {
    throw new LatchkeyError('ticket-invalid');
  }
  for (const token of tokens) {
    const next = await identity.verify(token);
    if (holder !== undefined && !isSameHolder(holder, next)) throw new LatchkeyError('token-conflict');
    holder = holder === undefined ? next : later(holder, next);
  }
  return holder;
}

/** Whether two proofs name the same subject and are of the same kind. */
export function isSameHolder(a: Holder, b: Holder): boolean {
  if (a.kind === 'viewer') return b.kind === 'viewer' && a.subject === b.subject;
  return b.kind === 'camera' && a.device === b.device;
}

/** The proof that lasts longer; of two that last as long, the second, which was verified later. */
export function later(a: Holder, b: Holder): Holder {
  return b.evidence.expiresAtMs >= a.evidence.expiresAtMs ? b : a;
}
