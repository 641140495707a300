import { EventEmitter, once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import type { Control, Report } from '../../../src/relay/media/messages.ts';

/** The threads that are started while it watches, and the messages to them, which it can keep back or spoil. */
export class ThreadWatch implements Disposable {
  readonly threads: Worker[] = [];
  /** Called with each thread as it begins. */
  begun: ((thread: Worker) => void) | undefined;
  readonly #serving = new WeakSet<Worker>();
  readonly #told = new EventEmitter();
  readonly #interceptions = new WeakMap<Worker, Interception>();
  readonly #started = (thread: Worker) => {
    this.threads.push(thread);
    thread.on('message', (report: Report) => {
      if (report.kind === 'ready') this.#serving.add(thread);
      this.#told.emit('report');
    });
    this.begun?.(thread);
  };

  constructor() {
    process.on('worker', this.#started);
  }

  /** Those that still run. */
  get running(): Worker[] {
    return this.threads.filter(({ threadId }) => threadId > 0);
  }

  /** The thread that was started as the `index`th. */
  thread(index = 0): Worker {
    const thread = this.threads[index];
    if (thread === undefined) throw new Error(`there is no thread ${index}`);
    return thread;
  }

  /** Resolves when that thread serves, and the door knows. */
  async serves(index: number): Promise<void> {
    for (;;) {
      const thread = this.threads[index];
      if (thread !== undefined && this.#serving.has(thread)) return;
      await once(this.#told, 'report');
    }
  }

  /** From here on messages of a kind do not arrive in a thread. Returns how to let them go. */
  withhold(kind: Control['kind'], index = 0): () => void {
    const kept: Control[] = [];
    const { post, taken } = this.#intercept(index);
    taken.set(kind, (message) => kept.push(message));
    return () => {
      taken.delete(kind);
      for (const message of kept) post(message);
    };
  }

  /** From here on messages of a kind arrive in a thread as none at all: it fails at the first. */
  spoil(kind: Control['kind'], index = 0): void {
    const { post, taken } = this.#intercept(index);
    taken.set(kind, () => post(null));
  }

  /** Counts from 0 again, and keeps nothing of the threads before. */
  forget(): void {
    this.threads.length = 0;
  }

  [Symbol.dispose](): void {
    process.off('worker', this.#started);
  }

  #intercept(index: number): Interception {
    const thread = this.thread(index);
    const known = this.#interceptions.get(thread);
    if (known !== undefined) return known;
    const made: Interception = { post: thread.postMessage.bind(thread), taken: new Map() };
    this.#interceptions.set(thread, made);
    thread.postMessage = (message: Control) => {
      const take = made.taken.get(message.kind) ?? made.post;
      take(message);
    };
    return made;
  }
}

/** How to post to a thread, and what is done with messages of some kinds instead. */
interface Interception {
  readonly post: (message: unknown) => void;
  readonly taken: Map<Control['kind'], (message: Control) => void>;
}
