import type { RequestBody } from './request-body.ts';
import type { RequestHead } from './request-head.ts';
import type { HttpRequest } from './transport.ts';

export interface RequestParts {
  readonly head: RequestHead;
  readonly body: Pick<RequestBody, 'read'>;
  readonly remoteAddress: string;
  /** Who is still there for the answer, or not. */
  readonly client: { readonly aborted: AbortSignal };
}

/** A request as its handler has it. */
export class ServedRequest implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly remoteAddress: string;
  readonly #head: RequestHead;
  readonly #body: Pick<RequestBody, 'read'>;
  readonly #client: { readonly aborted: AbortSignal };

  constructor({ head, body, remoteAddress, client }: RequestParts) {
    this.method = head.method;
    this.path = head.path;
    this.query = head.query;
    this.remoteAddress = remoteAddress;
    this.#head = head;
    this.#body = body;
    this.#client = client;
  }

  get aborted(): AbortSignal {
    return this.#client.aborted;
  }

  header(name: string): string | undefined {
    return this.#head.header(name);
  }

  body(bytesMax: number): Promise<Buffer> {
    return this.#body.read(bytesMax);
  }
}
