import type { HttpRequest as UwsRequest, HttpResponse as UwsResponse, us_socket_context_t } from 'uWebSockets.js';
import assert from 'node:assert/strict';
import type { ReadyResponse } from './ready-response.ts';
import { addressFromBytes } from './remote-address.ts';
import type { OpenUpgrade } from './server-core.ts';
import type { UwsUser } from './uws-connection.ts';

/** What an opening handshake is answered with. */
export type Handshake = Pick<OpenUpgrade, 'subprotocol' | 'headers'>;

const ascii = /^[\t\x20-\x7e]*$/;

export interface ExchangeWatch {
  /** The exchange is not answered in the call that it came with. */
  outlasts(exchange: UwsExchange): void;
  /** The library has called with something of this exchange, and waits for the end of that call. */
  called(exchange: UwsExchange): void;
  /** The exchange is answered, or its client gone. */
  done(exchange: UwsExchange): void;
}

/**
 * One request of uWebSockets.js and its answer. The library lends the request for the length of one call, and forbids
 * to touch the response once it is written or its client is gone: all is read here at once, and written at most once.
 * What is not answered in that call has to be told to `outlast` it.
 */
export class UwsExchange {
  readonly method: string;
  readonly target: string;
  /** Names, which the library gives in lower case, and values in turn. */
  readonly headers: readonly string[];
  readonly remoteAddress: string;
  /** Whether the library takes the request for one that asks to close the connection with its answer. */
  readonly closes: boolean;
  readonly #response: UwsResponse;
  readonly #watch: ExchangeWatch;
  /** Made where somebody asks for it: most who come do not go before they are answered. */
  #gone: AbortController | undefined;
  #isGone = false;
  #over = false;

  constructor(response: UwsResponse, request: UwsRequest, watch: ExchangeWatch) {
    const query = request.getQuery();
    const headers: string[] = [];
    request.forEach((name, value) => void headers.push(name, value));
    // Asked for in lower case, the library would change the method where it stands.
    this.method = request.getCaseSensitiveMethod();
    this.target = query ? `${request.getUrl()}?${query}` : request.getUrl();
    this.headers = headers;
    this.remoteAddress = addressFromBytes(new Uint8Array(response.getRemoteAddress()));
    this.closes = asksToClose(headers);
    this.#response = response;
    this.#watch = watch;
  }

  /** To be called in the request's own call, where it is not answered in it: from then on it is seen when the client goes. */
  outlast(): void {
    const watch = this.#watch;
    watch.outlasts(this);
    this.#response.onAborted(() => {
      watch.called(this);
      this.#end();
      this.#isGone = true;
      this.#gone?.abort();
    });
  }

  /** Aborted when the client goes away before it is answered. */
  get aborted(): AbortSignal {
    if (this.#gone === undefined) {
      this.#gone = new AbortController();
      if (this.#isGone) this.#gone.abort();
    }
    return this.#gone.signal;
  }

  /** Hands over the body as it comes; a chunk is lent for the length of the call. To be called in the request's own call. */
  onData(take: (chunk: Uint8Array, isLast: boolean) => void): void {
    this.#response.onData((chunk, isLast) => {
      this.#watch.called(this);
      take(new Uint8Array(chunk), isLast);
    });
  }

  /** Writes the answer. `last` ends the connection with it. */
  answer(ready: ReadyResponse, last: boolean): void {
    if (this.#over) return;
    const response = this.#response;
    this.#write(() =>
      response.cork(() => {
        response.writeStatus(`${ready.status} ${ready.statusText}`);
        for (const [name, value] of ready.headers) response.writeHeader(name, value);
        if (ready.bodiless) {
          // With any argument at all the library would write a length. Without one it leaves the closing to the client,
          // and to its own idle time.
          if (last) response.writeHeader('Connection', 'close');
          response.endWithoutBody();
        } else if (this.method === 'HEAD') response.endWithoutBody(ready.body.byteLength, last);
        else response.end(ready.body, last);
      }),
    );
  }

  /**
   * Opens the WebSocket that was asked for with this key. Never in the response's own cork: after that, the library
   * would look for the response's state in memory that is the WebSocket's, or nobody's, and now and then end it. Never
   * for a request that `closes`: outside of its own call the library would end the connection in mid-upgrade, and go on
   * with what it has freed.
   */
  upgrade(user: UwsUser, { subprotocol, headers }: Handshake, key: string, context: us_socket_context_t): void {
    if (this.#over) return;
    assert(!this.closes, 'a request that asks for a close is not upgraded');
    const response = this.#response;
    this.#write(() => {
      if (headers !== undefined) {
        response.writeStatus('101 Switching Protocols');
        for (const name in headers) response.writeHeader(name, headers[name] ?? '');
      }
      response.upgrade(user, key, subprotocol, '', context);
    });
  }

  /** Ends the connection without an answer, where none was begun. */
  abandon(): void {
    if (!this.#over) this.#response.close();
  }

  /** What cannot be written ends the connection, which would go on without an answer. */
  #write(write: () => void): void {
    this.#end();
    try {
      write();
    } catch (error) {
      this.#response.close();
      throw error;
    }
  }

  #end(): void {
    this.#over = true;
    this.#watch.done(this);
  }
}

/** As the library does: by the first such header alone, and by its being of five bytes. Nothing else than ASCII is sure. */
function asksToClose(headers: readonly string[]): boolean {
  const at = headers.findIndex((name, index) => index % 2 === 0 && name === 'connection');
  const value = at < 0 ? '' : (headers[at + 1] ?? '');
  return value.length === 5 || !ascii.test(value);
}
