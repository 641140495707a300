import { LatchkeyError } from '../base/index.ts';
import type { RpcHandlers } from '../peer/index.ts';
import type { RpcError } from '../protocol/index.ts';
import type { Audience } from './audience.ts';

/**
 * How one connection stands with this camera. What the relay asks on it waits until the camera has confirmed its own name,
 * and is refused from the moment that it has not, or no longer.
 */
export class Standing implements RpcHandlers {
  readonly #audience: Pick<Audience, 'request' | 'failure'>;
  readonly #confirmed = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<LatchkeyError>();
  #over = false;

  constructor(audience: Pick<Audience, 'request' | 'failure'>) {
    this.#audience = audience;
    this.#confirmed.promise.catch(() => {});
  }

  /** Resolves with why the camera gave the connection up. */
  get ended(): Promise<LatchkeyError> {
    return this.#ended.promise;
  }

  confirm(): void {
    this.#confirmed.resolve();
  }

  end(cause: LatchkeyError): void {
    this.#over = true;
    this.#confirmed.reject(new LatchkeyError('not-registered'));
    this.#ended.resolve(cause);
  }

  /** Throws `not-registered` where the camera has given this connection up; else as the audience does. */
  async request(method: string, params: unknown): Promise<object> {
    await this.#confirmed.promise;
    if (this.#over) throw new LatchkeyError('not-registered');
    return await this.#audience.request(method, params);
  }

  failure(error: RpcError): void {
    this.#confirmed.promise.then(
      () => this.#audience.failure(error),
      () => {},
    );
  }
}
