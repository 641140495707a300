import { type IncomingHttpHeaders, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { limits } from '../../base/index.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface ExchangeOptions {
  readonly signal: AbortSignal;
  readonly method?: 'GET' | 'HEAD';
  /** PEM certificates in the place of the platform’s. */
  readonly ca?: string | undefined;
  readonly rejectUnauthorized?: boolean;
}

/** Asks once, on a connection of its own, and takes `limits.problemBytesMax` bytes at most. Rejects with the platform’s error. */
export function exchange(
  url: string,
  { signal, method = 'GET', ca, rejectUnauthorized = true }: ExchangeOptions,
): Promise<Answer> {
  const isSecure = url.startsWith('https:');
  const options = {
    method,
    signal,
    agent: false as const,
    ...(ca !== undefined && { ca }),
    ...(isSecure && { rejectUnauthorized }),
  };
  return new Promise((resolve, reject) => {
    const request = (isSecure ? requestHttps : requestHttp)(url, options, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
        if (body.length > limits.problemBytesMax) request.destroy(new Error('the answer is too large'));
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end();
  });
}
