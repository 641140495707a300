import { setFlagsFromString } from 'node:v8';
import { type Transferable, Worker } from 'node:worker_threads';
import { asErrorCode, LatchkeyError } from './errors.ts';

/** A thread that was started, from the side of whoever started it. */
export interface Thread<Message> {
  post(message: Message, ...transfer: Transferable[]): void;
  /** Ends it without its help. */
  destroy(): void;
  /** Resolves when it is gone. */
  readonly gone: Promise<void>;
}

export interface ThreadEvents<Message> {
  message(message: Message): void;
  /** It is gone: what it died of, or how it ended. What it threw of the table of errors is of the table here as well. */
  gone(death: Error): void;
}

/**
 * Starts a thread that runs the file `at`, where `given` is its `workerData`. `name` is what its end is told of, such as `the TCP thread`.
 * Throws where the system has no more threads.
 */
export function startThread<ToThread, FromThread>(
  name: string,
  at: URL,
  given: unknown,
  events: ThreadEvents<FromThread>,
): Thread<ToThread> {
  // A thread strips the types of what it loads with WebAssembly. When threads end while others begin, V8 13.6 may free the code of
  // that twice, and then it aborts the process ("Check failed: jit_page.has_value()"): so it frees none.
  setFlagsFromString('--no-wasm-code-gc');
  const worker = new Worker(at, { workerData: given });
  const gone = Promise.withResolvers<void>();
  let death: Error | undefined;
  worker.on('message', (message: FromThread) => events.message(message));
  worker.on('error', (thrown) => {
    death = withItsClass(thrown);
  });
  worker.on('exit', (code) => {
    gone.resolve();
    events.gone(death ?? new Error(`${name} ended with code ${code}`));
  });
  return {
    post: (message, ...transfer) => worker.postMessage(message, transfer),
    destroy: () => void worker.terminate(),
    gone: gone.promise,
  };
}

/** On its way from one thread to the other an error keeps its members and loses its class. */
function withItsClass(thrown: unknown): Error {
  if (!(thrown instanceof Error)) return new Error(String(thrown));
  const { code, detail } = thrown as Partial<LatchkeyError>;
  const known = asErrorCode(String(code));
  return known === undefined ? thrown : new LatchkeyError(known, detail, { cause: thrown });
}
