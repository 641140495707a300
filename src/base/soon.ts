/** Something that is there at once, or later: an async function would cost a promise where nothing is waited for. */
export type Soon<T> = T | Promise<T>;

/** Goes on with what is there, at once where it is. */
export function whenThere<T, R>(value: Soon<T>, next: (value: T) => Soon<R>): Soon<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Does `work`; what it throws or rejects with goes to `failed`, whose result stands for its own. */
export function rescued<T, R>(work: () => Soon<T>, failed: (thrown: unknown) => R): Soon<T | R> {
  try {
    const value = work();
    return value instanceof Promise ? value.catch(failed) : value;
  } catch (thrown) {
    return failed(thrown);
  }
}
