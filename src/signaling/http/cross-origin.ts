import type { HttpResponse } from '../transport/transport.ts';

/**
 * Any page may ask (Fetch standard, section CORS protocol): a bearer token is the only credential, no cookie exists, and
 * so a foreign page can do nothing that it was not given a token for.
 */
const everyOrigin = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Accept-Patch, Accept-Post, ETag, Link, Location, Retry-After, WWW-Authenticate',
};

export function withCrossOrigin(response: HttpResponse): HttpResponse {
  return { ...response, headers: { ...response.headers, ...everyOrigin } };
}

/** What `OPTIONS` gets, preflight or not. It is the same for every device, there or not. */
export function optionsResponse(methods: readonly string[], more: Readonly<Record<string, string>> = {}): HttpResponse {
  return {
    status: 204,
    headers: {
      Allow: methods.join(', '),
      'Access-Control-Allow-Methods': methods.join(', '),
      'Access-Control-Allow-Headers': 'Authorization, Content-Type, If-Match',
      'Access-Control-Max-Age': '7200',
      'Cache-Control': 'no-store',
      ...more,
    },
  };
}
