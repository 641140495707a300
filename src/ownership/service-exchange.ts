import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { LatchkeyError, limits } from '../base/index.ts';
import { codeOfError, SourceFailure } from './source-observer.ts';

/** Sends a body and resolves with the text of the answer. Rejects with a `SourceFailure`, or the signal's reason. */
export type Exchange = (body: string, headers: Record<string, string>, signal: AbortSignal) => Promise<string>;

export interface ServiceAddress {
  /** An https address, or an http one on this machine; without a password. */
  readonly url: string;
  /** PEM certificates that the service's is checked against, in the place of the platform's. */
  readonly ca?: string | undefined;
  readonly connectionsMax: number;
}

/**
 * Keeps connections to one address. Only status 200 and `limits.serviceAnswerBytesMax` bytes are taken; a redirect is
 * followed nowhere. Throws `settings-invalid` for an address that is none, or not safe.
 */
export function openExchange({ url: address, ca, connectionsMax }: ServiceAddress): {
  readonly exchange: Exchange;
  close(): void;
} {
  const url = URL.parse(address);
  if (url === null || !isSafe(url)) {
    throw new LatchkeyError(
      'settings-invalid',
      'ownership.http.url: an https address without a password, or http on loopback',
    );
  }
  const isSecure = url.protocol === 'https:';
  const kept = { keepAlive: true, maxSockets: connectionsMax, maxFreeSockets: connectionsMax };
  const agent = isSecure ? new HttpsAgent({ ...kept, ...(ca !== undefined && { ca }) }) : new HttpAgent(kept);
  const post: Exchange = (body, headers, signal) => {
    const length = { 'content-length': `${Buffer.byteLength(body)}` };
    const options = { method: 'POST', agent, signal, headers: { ...headers, ...length } };
    return concluded((isSecure ? requestHttps : requestHttp)(url, options), body, signal);
  };
  return {
    /** A kept connection may have been closed by the other end as it was used: then nothing was answered, and it is asked once more. */
    async exchange(body, headers, signal) {
      try {
        return await post(body, headers, signal);
      } catch (thrown) {
        if (!(thrown instanceof BrokenKeptConnection)) throw thrown;
        return await post(body, headers, signal);
      }
    },
    close: () => agent.destroy(),
  };
}

class BrokenKeptConnection extends SourceFailure {}

function concluded(request: ClientRequest, body: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let answered = false;
    request.once('response', (response) => {
      answered = true;
      textOf(response).then(resolve, (thrown) => {
        request.destroy();
        reject(signal.aborted ? signal.reason : thrown);
      });
    });
    request.on('error', (error) => {
      const code = codeOfError(error);
      const isBroken = request.reusedSocket && !answered && code === 'ECONNRESET';
      const Failure = isBroken ? BrokenKeptConnection : SourceFailure;
      reject(signal.aborted ? signal.reason : new Failure('unreachable', code, { cause: error }));
    });
    request.end(body);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  if (response.statusCode !== 200) {
    const status = response.statusCode ?? 0;
    throw new SourceFailure(status === 401 || status === 403 ? 'refused' : 'failed', `${status}`);
  }
  const taken: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes > limits.serviceAnswerBytesMax) throw new SourceFailure('too-large');
      taken.push(chunk);
    }
  } catch (thrown) {
    throw thrown instanceof SourceFailure
      ? thrown
      : new SourceFailure('unreachable', codeOfError(thrown), { cause: thrown });
  }
  return Buffer.concat(taken).toString('utf8');
}

function isSafe(url: URL): boolean {
  if (url.username !== '' || url.password !== '') return false;
  const isHere = /^(?:localhost|\[::1\]|127\.\d+\.\d+\.\d+)$/.test(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && isHere);
}
