import { EventEmitter, once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import type { Control, Report } from '../../../src/relay/media/messages.ts';

/** The threads that are started while it watches, and the messages to them, which it can keep back or spoil. */
export class ThreadWatch implements Disposable {
  readonly threads: Worker[] = [];
  /** Called with each thread as it begins. */
  begun: ((thread: Worker) => void) | undefined;
  readonly #serving = new Set<Worker>();
  readonly #told = new EventEmitter();
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
    const post = this.#intercept(kind, index, (message) => void kept.push(message));
    return () => {
      this.thread(index).postMessage = post;
      for (const message of kept) post(message);
    };
  }

  /** From here on messages of a kind arrive in a thread as none at all: it fails at the first. */
  spoil(kind: Control['kind'], index = 0): void {
    const post = this.#intercept(kind, index, () => post(null));
  }

  [Symbol.dispose](): void {
    process.off('worker', this.#started);
  }

  #intercept(kind: Control['kind'], index: number, take: (message: Control) => void): (message: unknown) => void {
    const thread = this.thread(index);
    const post = thread.postMessage.bind(thread);
    thread.postMessage = (message: Control) => {
      if (message.kind === kind) take(message);
      else post(message);
    };
    return post;
  }
}
