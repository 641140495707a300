import { STATUS_CODES } from 'node:http';
import type { LatchkeyError } from '../../base/index.ts';
import type { HttpResponse } from '../transport/transport.ts';

/**
 * An error of the table as a problem document (RFC 9457). It says the table's line and no more: not who asked, not what
 * was asked for. 401 says how to sign in (RFC 6750 section 3), 503 when to come back (RFC 9110 section 10.2.3).
 */
export function problem(error: LatchkeyError, realm: string): HttpResponse {
  const { http: status, text } = error.entry;
  const body = { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail: text, code: error.code };
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      ...(status === 401 ? { 'WWW-Authenticate': challenge(error, realm) } : {}),
      ...(error.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(Math.ceil(error.retryAfterSeconds)) }),
    },
    body: JSON.stringify(body),
  };
}

function challenge(error: LatchkeyError, realm: string): string {
  const bare = `Bearer realm="${realm}"`;
  return error.code === 'token-missing' ? bare : `${bare}, error="invalid_token"`;
}
