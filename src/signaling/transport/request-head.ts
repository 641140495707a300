import { METHODS } from 'node:http';
import { LatchkeyError, limits } from '../../base/index.ts';

const methods: ReadonlySet<string> = new Set(METHODS);
const visible = /^[\x21-\x7e]*$/;
const contentLength = /^\d{1,15}$/;
const authority = /^https?:\/\/[^/?]*/i;

/** What stands before the body, read and found in order (RFC 9112). */
export class RequestHead {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** In bytes; `chunked` when nobody knows it yet. */
  readonly bodyLength: number | 'chunked';
  readonly #headers: readonly string[];

  /**
   * Reads a request's head, strictly where two readers could come to different ends of the body: that is how requests are
   * smuggled (RFC 9112 section 11.2). `target` is the request target; `headers` has names in lower case and values in turn.
   * Throws `headers-too-large` past `limits.requestHeadersMax` or `limits.requestHeaderBytesMax`, and `request-malformed`.
   */
  constructor(method: string, target: string, headers: readonly string[]) {
    demandSize(target, headers);
    if (!methods.has(method)) throw new LatchkeyError('request-malformed', 'unknown method');
    const relative = relativeOf(target);
    const mark = relative.indexOf('?');
    this.method = method;
    this.path = mark < 0 ? relative : relative.slice(0, mark);
    this.query = mark < 0 ? '' : relative.slice(mark + 1);
    this.#headers = headers;
    const expect = this.header('expect')?.toLowerCase() ?? '100-continue';
    if (expect !== '100-continue') throw new LatchkeyError('request-malformed', 'unknown expectation');
    this.bodyLength = readBodyLength(this.header('content-length'), this.header('transfer-encoding'));
  }

  /** A header by its lower-case name; repeated ones are joined by `, `. There are few, so it costs less to look than to make a table. */
  header(name: string): string | undefined {
    const headers = this.#headers;
    let value: string | undefined;
    for (let at = 0; at + 1 < headers.length; at += 2) {
      if (headers[at] === name) value = value === undefined ? headers[at + 1] : `${value}, ${headers[at + 1]}`;
    }
    return value;
  }
}

function demandSize(target: string, headers: readonly string[]): void {
  let bytes = target.length;
  for (const text of headers) bytes += text.length;
  if (headers.length / 2 > limits.requestHeadersMax || bytes > limits.requestHeaderBytesMax) {
    throw new LatchkeyError('headers-too-large');
  }
}

function relativeOf(target: string): string {
  const relative = target.startsWith('/') ? target : target.replace(authority, '');
  if (!relative.startsWith('/') || !visible.test(relative)) throw new LatchkeyError('request-malformed', 'target');
  return relative;
}

/** Two lengths, repeated or in two ways, are one too many, even where they agree. */
function readBodyLength(length: string | undefined, encoding: string | undefined): number | 'chunked' {
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
