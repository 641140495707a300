import { inspect } from 'node:util';

/**
 * A secret, or a person's address, on its way through the code.
 * Whatever prints it (a log, an error, JSON, a template) prints `[redacted]`; only `reveal()` gives it out.
 */
export class Redacted<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value itself. Each call is a place that a reviewer should look at. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return '[redacted]';
  }

  toJSON(): string {
    return '[redacted]';
  }

  [inspect.custom](): string {
    return '[redacted]';
  }
}
