import { type Clock, type ErrorCode, errorTable, LatchkeyError } from '../base/index.ts';
import { codeOf, type RpcError } from '../protocol/index.ts';

const codesByNumber: Readonly<Record<number, ErrorCode>> = {
  401: 'token-signature',
  403: 'not-allowed',
  404: 'session-unknown',
  406: 'device-cannot-answer',
  408: 'device-timeout',
  410: 'peer-gone',
  429: 'rate-exceeded',
  480: 'device-offline',
  488: 'codec-mismatch',
  502: 'relay-unreachable',
  503: 'overloaded',
  504: 'relay-unreachable',
  1001: 'device-busy',
  1003: 'candidate-malformed',
};

/** What a relay, ours or another of ONVIF's, said no with. */
export function refusalOf(error: RpcError): LatchkeyError {
  const code = codeOf(error) ?? codesByNumber[error.code] ?? 'internal';
  return refused(code, error.data?.retryAfterSeconds);
}

/** A refusal over HTTP: an RFC 9457 problem document where the relay wrote one, else the status alone. */
export function refusalOfHttp(
  status: number,
  retryAfter: string | undefined,
  body: string,
  clock: Clock,
): LatchkeyError {
  const code = problemCode(body) ?? codesByNumber[status] ?? 'relay-unreachable';
  return refused(code, retryAfterSeconds(retryAfter, clock), `HTTP ${status}`);
}

/** No connection came about. What the system says of it is named by its code, such as `ECONNREFUSED` or `CERT_HAS_EXPIRED`. */
export function unreachable(cause: unknown): LatchkeyError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return new LatchkeyError('relay-unreachable', /^[A-Z][A-Z0-9_]*$/.test(code) ? code : undefined, { cause });
}

/** Why a WebSocket was closed: the reason, where it is a code of ours, else what the close code says (RFC 6455 section 7.4). */
export function refusalOfClose(close: number, reason: string): LatchkeyError {
  if (Object.hasOwn(errorTable, reason)) return refused(reason as ErrorCode);
  const code = close === 4401 ? 'token-expired' : close === 4408 ? 'register-timeout' : undefined;
  if (code !== undefined) return refused(code);
  if (close === 1012) return refused('relay-moving');
  return refused(close === 1013 ? 'overloaded' : 'relay-unreachable', undefined, `close ${close}`);
}

/** `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date. */
export function retryAfterSeconds(header: string | undefined, clock: Clock): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - clock.now()) / 1000));
}

function problemCode(body: string): ErrorCode | undefined {
  try {
    const { code } = JSON.parse(body) as { code?: unknown };
    return typeof code === 'string' && Object.hasOwn(errorTable, code) ? (code as ErrorCode) : undefined;
  } catch {
    return undefined;
  }
}

function refused(code: ErrorCode, retryAfter?: number, detail?: string): LatchkeyError {
  return new LatchkeyError(code, detail, retryAfter === undefined ? {} : { retryAfterSeconds: retryAfter });
}
