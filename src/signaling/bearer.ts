import { LatchkeyError, limits, Redacted } from '../base/index.ts';
import type { Identity, VerifiedCamera, VerifiedViewer } from '../identity/index.ts';
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

/** Verifies every token that came with an upgrade. They must all name one holder: throws `token-conflict` otherwise. */
export async function holderOf(request: HttpRequest, identity: Identity): Promise<Holder | undefined> {
  const header = headerToken(request);
  const tokens = [...(header === undefined ? [] : [header]), ...queryTokens(request)];
  if (tokens.length > 2) throw new LatchkeyError('token-conflict', 'too many tokens');
  let holder: Holder | undefined;
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

/** The proof that lasts longer. */
export function later(a: Holder, b: Holder): Holder {
  return b.evidence.expiresAtMs > a.evidence.expiresAtMs ? b : a;
}
