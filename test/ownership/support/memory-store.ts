import type { SharedStore, SharedStoreObserver } from '../../../src/ownership/index.ts';

/** A shared store whose contents a test can read and change, and whose answers it can hold back. */
export class MemoryStore implements SharedStore {
  readonly entries = new Map<string, string>();
  readonly livesMs: number[] = [];
  renewed = 0;
  closed = 0;
  observer: SharedStoreObserver | undefined;
  answer: (name: string) => Promise<string | undefined> = async (name) => this.entries.get(name);

  readonly open = (observer: SharedStoreObserver): SharedStore => {
    this.observer = observer;
    observer.reached?.('connected', undefined);
    return this;
  };

  get(name: string): Promise<string | undefined> {
    return this.answer(name);
  }

  async set(name: string, sealed: string, lifeMs: number): Promise<void> {
    this.livesMs.push(lifeMs);
    this.entries.set(name, sealed);
  }

  renew(): void {
    this.renewed += 1;
  }

  close(): void {
    this.closed += 1;
  }
}
