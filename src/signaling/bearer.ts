import { LatchkeyError, limits, Redacted, type Soon } from '../base/index.ts';
import type { VerifiedCamera, VerifiedViewer } from '../identity/index.ts';
import { ticketHeader } from '../protocol/index.ts';
import type { Lane } from './admission/index.ts';
import type { Core } from './parts.ts';
import { demandUnrefused } from './thrown.ts';
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
  if (request.query === '') return [];
  return new URLSearchParams(request.query).getAll('access_token').map(redacted);
}

export function redacted(token: string): Redacted<string> {
  if (token === '' || token.length > limits.tokenBytesMax) throw new LatchkeyError('token-malformed');
  return new Redacted(token);
}

/**
 * Where a request to open a WebSocket waits, by what came with it and before any of that is believed. Nobody but a camera has a ticket, and
 * whoever says so stands where they are asked for last.
 */
export function laneOfUpgrade(core: Core, request: HttpRequest): Lane {
  if (request.header(ticketHeader) !== undefined) return 'camera';
  try {
    const [token] = tokensOf(request);
    return token === undefined ? 'viewer' : laneOf(core, token);
  } catch {
    return 'camera';
  }
}

/** The token by which such a request is known again, believed in nothing; undefined where none came, or what came is none. */
export function claimedToken(request: HttpRequest): Redacted<string> | undefined {
  try {
    return tokensOf(request)[0];
  } catch {
    return undefined;
  }
}

/** Where a token waits: what does not say what it is waits with the cameras. */
export function laneOf(core: Core, token: Redacted<string>): Lane {
  return core.claimedKind(token) ?? 'camera';
}

const ticketLine = new RegExp(`\\r\\n${ticketHeader}:`, 'i');

/** Whether a request that begins so shows a reconnect ticket, good or bad: a camera that was here before, one of a fleet maybe. */
export function showsTicket(beginning: string): boolean {
  return ticketLine.test(beginning);
}

/** The camera that the upgrade's reconnect ticket proves, at once. Undefined where there is none, or it is bad in any way. */
export function ticketHolder(core: Core, request: HttpRequest): VerifiedCamera | undefined {
  const ticket = request.header(ticketHeader);
  const holder = ticket === undefined ? undefined : core.identity.tickets?.redeem(new Redacted(ticket));
  return holder !== undefined && core.levers.isOn('tickets', holder.device) ? holder : undefined;
}

/**
 * Who came with an upgrade and proved this by its ticket, if by any. A good ticket waits for no turn, and stands for the header's token, which is then not verified. Every other
 * token is, in its turn, and all must name one holder: throws `token-conflict` otherwise, and `ticket-invalid` for a bad ticket without
 * a token beside it. At once where no token is to be verified.
 */
export function holderOf(
  core: Core,
  request: HttpRequest,
  lane: Lane,
  ticket: VerifiedCamera | undefined,
): Soon<Holder | undefined> {
  const tokens = ticket === undefined ? tokensOf(request) : demandFew(queryTokens(request));
  const [first] = tokens;
  if (first === undefined) {
    if (ticket !== undefined || request.header(ticketHeader) === undefined) return ticket;
    core.admission.failed(request.remoteAddress);
    throw new LatchkeyError('ticket-invalid');
  }
  const visitor = { lane, address: request.remoteAddress, known: false, gone: request.aborted };
  return core.admission.verify(visitor, first, async () => {
    let holder: Holder | undefined = ticket;
    for (const token of tokens) {
      const next = await core.identity.verify(token);
      if (holder !== undefined && !isSameHolder(holder, next)) throw new LatchkeyError('token-conflict');
      holder = holder === undefined ? next : later(holder, next);
    }
    return holder;
  });
}

/** The viewer of a request over HTTP, verified in its turn. Throws `token-…`, `rate-exceeded` and `overloaded`. */
export async function viewerOf(core: Core, request: HttpRequest): Promise<VerifiedViewer> {
  const token = headerToken(request);
  core.admission.arrive('viewer', request.remoteAddress, token);
  if (token === undefined) throw new LatchkeyError('token-missing');
  const visitor = { lane: 'viewer', address: request.remoteAddress, known: false, gone: request.aborted } as const;
  const viewer = await core.admission.verify(visitor, token, () => core.identity.verifyViewer(token));
  demandUnrefused(core, viewer);
  return viewer;
}

function tokensOf(request: HttpRequest): Redacted<string>[] {
  const header = headerToken(request);
  return demandFew([...(header === undefined ? [] : [header]), ...queryTokens(request)]);
}

function demandFew(tokens: Redacted<string>[]): Redacted<string>[] {
  if (tokens.length > 2) throw new LatchkeyError('token-conflict', 'too many tokens');
  return tokens;
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
