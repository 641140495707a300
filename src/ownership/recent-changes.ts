import { limits } from '../base/index.ts';
import type { OwnershipChange, OwnershipQuestion } from './source.ts';

/** How many changes a source has told of, and what the last `limits.changesRememberedMax` of them were. */
export class RecentChanges {
  readonly #recent: { readonly change: OwnershipChange; readonly toldMs: number }[] = [];
  #era = 0;

  /** The number of the last change, from 1; 0 before the first. */
  get era(): number {
    return this.#era;
  }

  add(change: OwnershipChange, nowMs: number): void {
    this.#recent[this.#era % limits.changesRememberedMax] = { change, toldMs: nowMs };
    this.#era += 1;
  }

  /**
   * When the source first told, after the change number `era`, of one of this very pair; undefined for none. Where more have come since
   * than are remembered, the first of those is taken for one of it: too much is called known, and never too little.
   */
  ownMs({ subject, device }: OwnershipQuestion, era: number): number | undefined {
    const firstKept = Math.max(0, this.#era - limits.changesRememberedMax);
    for (let number = Math.max(era, firstKept); number < this.#era; number++) {
      const told = this.#recent[number % limits.changesRememberedMax];
      if (told === undefined) continue;
      const { change, toldMs } = told;
      const isOwn = change !== 'everything' && change.subject === subject && change.device === device;
      if (isOwn || era < firstKept) return toldMs;
    }
    return undefined;
  }
}
