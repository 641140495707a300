import { startThread } from '../../../base/index.ts';
import type { Descriptor } from './listening-socket.ts';

/** Rings when one of some descriptors can be read: once, each time that it is set. */
export interface Bell {
  set(): void;
  /** Takes it away. Resolves when nobody looks at the descriptors any more, which one of them that is shut from now on sees to. */
  close(): Promise<void>;
}

export interface BellEvents {
  rung(): void;
  /** It rings no more. */
  broken(error: Error): void;
}

export type HangBell = (signs: readonly Descriptor[], events: BellEvents) => Bell;

/** What the thread is told, in a cell that both share. */
export const bellState = { rung: 0, set: 1, closed: 2 } as const;

export interface BellSettings {
  readonly signs: readonly Descriptor[];
  /** One `bellState`. */
  readonly cell: Int32Array;
}

const bellThread = new URL('./bell-thread.ts', import.meta.url);

/** A bell of a thread that does nothing but wait in the kernel. */
export const bellInThread: HangBell = (signs, events) => {
  const cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const tell = (state: number) => {
    Atomics.store(cell, 0, state);
    Atomics.notify(cell, 0);
  };
  let closing = false;
  const given: BellSettings = { signs, cell };
  const thread = startThread<never, undefined>('the bell’s thread', bellThread, given, {
    message: () => events.rung(),
    gone(death) {
      if (!closing) events.broken(death);
    },
  });
  return {
    set: () => tell(bellState.set),
    close() {
      closing = true;
      tell(bellState.closed);
      return thread.gone;
    },
  };
};
