import type { KeyObject } from 'node:crypto';
import { limits } from '../../base/index.ts';
import type { Side } from '../index.ts';
import type { Path } from '../wire/path.ts';
import type { Latch } from './leg.ts';

/** A binding request that was passed on, and what has to be known to judge its answer. */
export interface Transaction {
  asker: Latch;
  /** The path that it came by, whose own way back its answer takes. */
  readonly askedFrom: Path;
  /** The key that its answer must be made with: the asked side's own password. */
  readonly key: KeyObject;
  /** Whether the request carried USE-CANDIDATE. */
  readonly nominates: boolean;
  answered: boolean;
  atMs: number;
}

/** The requests of one wire that can still be answered, at most `limits.transactionsPerWireMax`; the oldest leaves. */
export class Transactions {
  readonly #table = new Map<string, Transaction>();

  get size(): number {
    return this.#table.size;
  }

  /** The transaction of that id which `asked` was asked, unless it is older than `limits.transactionMsMax`. */
  get(nowMs: number, asked: Side, id: string): Transaction | undefined {
    const transaction = this.#table.get(asked + id);
    return transaction !== undefined && nowMs - transaction.atMs <= limits.transactionMsMax ? transaction : undefined;
  }

  /** Keeps a transaction, and forgets those that are over. */
  set(nowMs: number, asked: Side, id: string, transaction: Transaction): void {
    this.#table.delete(asked + id);
    this.#table.set(asked + id, transaction);
    for (const [key, { atMs }] of this.#table) {
      if (this.#table.size <= limits.transactionsPerWireMax && nowMs - atMs <= limits.transactionMsMax) break;
      this.#table.delete(key);
    }
  }

  clear(): void {
    this.#table.clear();
  }
}
