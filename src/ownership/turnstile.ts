import { SourceFailure } from './source-observer.ts';

/** Lets so many through at once; so many more wait, in order, until their signal is aborted. */
export class Turnstile {
  readonly #insideMax: number;
  readonly #waitingMax: number;
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  constructor(insideMax: number, waitingMax: number) {
    this.#insideMax = insideMax;
    this.#waitingMax = waitingMax;
  }

  /** Throws `busy` where nobody else may wait, and the signal's reason when it is aborted before the turn comes. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#inside < this.#insideMax) this.#inside += 1;
    else await this.#turn(signal);
    try {
      return await work();
    } finally {
      const [next] = this.#waiting;
      if (next === undefined) this.#inside -= 1;
      else next();
    }
  }

  /** The place of whoever leaves goes to the first who waits. */
  #turn(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= this.#waitingMax) throw new SourceFailure('busy');
    const turn = Promise.withResolvers<void>();
    const enter = () => {
      this.#waiting.delete(enter);
      signal.removeEventListener('abort', leave);
      turn.resolve();
    };
    const leave = () => {
      this.#waiting.delete(enter);
      turn.reject(signal.reason);
    };
    this.#waiting.add(enter);
    signal.addEventListener('abort', leave, { once: true });
    return turn.promise;
  }
}
