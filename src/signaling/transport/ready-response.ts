import { STATUS_CODES } from 'node:http';
import type { LatchkeyError } from '../../base/index.ts';
import type { HttpResponse } from './transport.ts';

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;
const ours: ReadonlySet<string> = new Set(['content-length', 'connection', 'transfer-encoding', 'keep-alive']);

/** A response of which every part was checked: what is left to do is to write it. */
export interface ReadyResponse {
  readonly status: number;
  readonly statusText: string;
  /** Without `Content-Length` and `Connection`. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** 204 and 304 have neither body nor `Content-Length` (RFC 9110 section 8.6). */
  readonly bodiless: boolean;
}

/** Checks what a handler gave. Throws a TypeError for a status, a header's name or a value that HTTP does not have. */
export function readyResponse(response: HttpResponse): ReadyResponse {
  const { status, headers = {}, body = '' } = response;
  if (!Number.isInteger(status) || status < 200 || status > 599) throw new TypeError(`${status} is no final status`);
  for (const [name, value] of Object.entries(headers)) {
    if (!token.test(name) || !fieldValue.test(value)) throw new TypeError(`the header ${name} cannot be written`);
  }
  return {
    status,
    statusText: STATUS_CODES[status] ?? 'Unnamed',
    headers: Object.entries(headers).filter(([name]) => !ours.has(name.toLowerCase())),
    body: typeof body === 'string' ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
    bodiless: status === 204 || status === 304,
  };
}

/** The response of a transport that refuses by itself: the table's line as plain text. */
export function bareResponse(error: LatchkeyError): HttpResponse {
  const { http, text } = error.entry;
  const retryAfter = error.retryAfterSeconds;
  return {
    status: http,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    },
    body: `${text}\n`,
  };
}
