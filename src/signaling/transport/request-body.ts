import { type Clock, LatchkeyError, limits, type Timer } from '../../base/index.ts';

export interface RequestBodyParts {
  readonly clock: Clock;
  /** As the head declares it, in bytes. */
  readonly length: number | 'chunked';
  /** More than that is never held, in bytes. */
  readonly bytesMax: number;
  /** Called when the body is asked for and is not there yet: lets it come. */
  start?(): void;
}

/** The body of a request that has none, as one for a WebSocket. */
export const noBody: Pick<RequestBody, 'read'> = { read: async () => Buffer.alloc(0) };

/** A request's body on its way in: the server pushes, the handler reads. It neither outgrows its bound nor its time. */
export class RequestBody {
  readonly #parts: RequestBodyParts;
  readonly #bornMs: number;
  readonly #whole = Promise.withResolvers<Buffer>();
  #chunks: Buffer[] = [];
  #bytes = 0;
  #bytesMax: number;
  #asked = false;
  #settled = false;
  #complete = false;
  #timer: Timer | undefined;

  constructor(parts: RequestBodyParts) {
    this.#parts = parts;
    this.#bornMs = parts.clock.now();
    this.#bytesMax = parts.bytesMax;
    // A body that fails before anyone asks for it is nobody's unhandled rejection.
    this.#whole.promise.catch(() => {});
    if (parts.length === 0) this.end();
  }

  /** Whether the client has sent all of it: only then can the next request follow on the same connection. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Takes a chunk, which is copied. */
  push(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength;
    if (this.#bytes > this.#bytesMax) this.#fail(new LatchkeyError('message-too-large'));
    else this.#chunks.push(Buffer.from(chunk));
  }

  /** The client has sent all. */
  end(): void {
    this.#complete = true;
    if (this.#settled) return;
    this.#settle();
    this.#whole.resolve(Buffer.concat(this.#chunks));
  }

  /** The client is gone. */
  abort(): void {
    if (!this.#settled) this.#fail(new LatchkeyError('peer-gone', 'the client went away'));
  }

  /** See `HttpRequest.body`. */
  read(bytesMax: number): Promise<Buffer> {
    if (this.#asked) return Promise.reject(new TypeError('a body is asked for once'));
    this.#asked = true;
    this.#bytesMax = Math.min(bytesMax, this.#parts.bytesMax);
    const { length, clock, start } = this.#parts;
    if ((length === 'chunked' ? this.#bytes : length) > this.#bytesMax) {
      if (!this.#settled) this.#fail(new LatchkeyError('message-too-large'));
      return Promise.reject(new LatchkeyError('message-too-large'));
    }
    if (!this.#settled) {
      const restMs = Math.max(0, this.#bornMs + limits.requestBodyMsMax - clock.now());
      this.#timer = clock.after(restMs, () => this.#fail(new LatchkeyError('request-timeout')));
      start?.();
    }
    return this.#whole.promise;
  }

  #fail(error: LatchkeyError): void {
    this.#settle();
    this.#chunks = [];
    this.#whole.reject(error);
  }

  #settle(): void {
    this.#settled = true;
    this.#timer?.cancel();
  }
}
