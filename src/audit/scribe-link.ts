import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { asErrorCode, LatchkeyError, type RandomSource } from '../base/index.ts';
import type { FromScribe, ScribeSettings, ToScribe } from './messages.ts';
import { Scribe } from './scribe.ts';

/** The writer’s end of a scribe. */
export interface ScribeLink {
  post(message: ToScribe): void;
  /** Resolves when it is gone. */
  readonly gone: Promise<void>;
  /** Ends it without its help. */
  destroy(): void;
}

export interface ScribeListener {
  message(message: FromScribe): void;
  /** It is gone, and nobody asked it to go. */
  died(error: Error): void;
}

/** Starts a scribe, which is ready when it says so. */
export type StartScribe = (settings: ScribeSettings, listener: ScribeListener) => ScribeLink;

/** A scribe in a thread of its own. */
export const inScribeThread: StartScribe = (settings, listener) => {
  // As with the threads for media: V8 13.6 may free the code that strips types twice, when threads end while others begin.
  setFlagsFromString('--no-wasm-code-gc');
  const thread = new Worker(new URL('./writer-thread.ts', import.meta.url), { workerData: settings });
  const gone = Promise.withResolvers<void>();
  let closed = false;
  let death: Error | undefined;
  thread.on('message', (message: FromScribe) => {
    closed ||= message.kind === 'closed';
    listener.message(message);
  });
  thread.on('error', (error) => {
    death = withItsClass(error);
  });
  thread.on('exit', (code) => {
    gone.resolve();
    if (!closed) listener.died(death ?? new Error(`the thread of the audit ended with code ${code}`));
  });
  return {
    post: (message) => thread.postMessage(message),
    gone: gone.promise,
    destroy: () => void thread.terminate(),
  };
};

/** A scribe beside the writer, on the same event loop: for who wants to have it at once. */
export function besideTheWriter(random: RandomSource): StartScribe {
  return (settings, listener) => {
    const gone = Promise.withResolvers<void>();
    const told: FromScribe[] = [];
    let telling = false;
    const tell = (message: FromScribe) => {
      told.push(message);
      if (telling) return;
      telling = true;
      queueMicrotask(() => {
        telling = false;
        for (const each of told.splice(0)) listener.message(each);
      });
    };
    let scribe: Scribe | undefined;
    try {
      scribe = new Scribe(settings, random, tell);
    } catch (error) {
      queueMicrotask(() => listener.died(error as Error));
    }
    return {
      post(message) {
        scribe?.take(message);
        if (message.kind === 'close') gone.resolve();
      },
      gone: gone.promise,
      destroy: () => gone.resolve(),
    };
  };
}

/** On its way from one thread to the other an error keeps its members and loses its class. */
function withItsClass(thrown: unknown): Error {
  if (!(thrown instanceof Error)) return new Error(String(thrown));
  const { code, detail } = thrown as Partial<LatchkeyError>;
  const known = asErrorCode(String(code));
  return known === undefined ? thrown : new LatchkeyError(known, detail, { cause: thrown });
}
