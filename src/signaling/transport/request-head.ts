import { METHODS } from 'node:http';
import { LatchkeyError, limits } from '../../base/index.ts';

const methods: ReadonlySet<string> = new Set(METHODS);
const visible = /^[\x21-\x7e]*$/;
const contentLength = /^\d{1,15}$/;
const authority = /^https?:\/\/[^/?]*/i;

/** What stands before the body, read and found in order (RFC 9112). */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly header: (name: string) => string | undefined;
  /** In bytes; `chunked` when nobody knows it yet. */
  readonly bodyLength: number | 'chunked';
}

/**
 * Reads a request's head, strictly where two readers could come to different ends of the body: that is how requests are
 * smuggled (RFC 9112 section 11.2). `target` is the request target; `rawHeaders` has names and values in turn.
 * Throws `headers-too-large` past `limits.requestHeadersMax` or `limits.requestHeaderBytesMax`, and `request-malformed`.
 */
export function readHead(method: string, target: string, rawHeaders: readonly string[]): RequestHead {
  const headers = readHeaders(rawHeaders, target.length);
  if (!methods.has(method)) throw new LatchkeyError('request-malformed', 'unknown method');
  const { path, query } = readTarget(target);
  const expect = headers.get('expect')?.toLowerCase() ?? '100-continue';
  if (expect !== '100-continue') throw new LatchkeyError('request-malformed', 'unknown expectation');
  return { method, path, query, header: (name) => headers.get(name), bodyLength: readBodyLength(headers) };
}

function readHeaders(rawHeaders: readonly string[], targetBytes: number): Map<string, string> {
  const headers = new Map<string, string>();
  let bytes = targetBytes;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    const value = rawHeaders[at + 1] ?? '';
    bytes += name.length + value.length;
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  if (rawHeaders.length / 2 > limits.requestHeadersMax || bytes > limits.requestHeaderBytesMax) {
    throw new LatchkeyError('headers-too-large');
  }
  return headers;
}

function readTarget(target: string): { path: string; query: string } {
  const relative = target.replace(authority, '');
  if (!relative.startsWith('/') || !visible.test(relative)) throw new LatchkeyError('request-malformed', 'target');
  const mark = relative.indexOf('?');
  return mark < 0 ? { path: relative, query: '' } : { path: relative.slice(0, mark), query: relative.slice(mark + 1) };
}

/** Two lengths, repeated or in two ways, are one too many, even where they agree. */
function readBodyLength(headers: ReadonlyMap<string, string>): number | 'chunked' {
  const length = headers.get('content-length');
  const encoding = headers.get('transfer-encoding');
  if (encoding !== undefined) {
    if (length !== undefined || encoding.toLowerCase() !== 'chunked') {
      throw new LatchkeyError('request-malformed', 'body length');
    }
    return 'chunked';
  }
  if (length === undefined) return 0;
  if (!contentLength.test(length)) throw new LatchkeyError('request-malformed', 'body length');
  return Number(length);
}
