import { type RandomSource, startThread } from '../base/index.ts';
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

const writerThread = new URL('./writer-thread.ts', import.meta.url);

/** A scribe in a thread of its own. */
export const inScribeThread: StartScribe = (settings, listener) => {
  let closed = false;
  return startThread<ToScribe, FromScribe>('the thread of the audit', writerThread, settings, {
    message(message) {
      closed ||= message.kind === 'closed';
      listener.message(message);
    },
    gone(death) {
      if (!closed) listener.died(death);
    },
  });
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
