/** Where relays share sealed entries. It is not trusted, may be slow, and may be gone. */
export interface SharedStore {
  /** The entry under a name. Rejects when the store cannot say, in `limits.sharedAnswerMsMax` at most. */
  get(name: string): Promise<string | undefined>;
  /** Keeps an entry for `lifeMs` milliseconds, a whole number of at least 1. Rejects when it is not known to be kept. */
  set(name: string, sealed: string, lifeMs: number): Promise<void>;
  /** Takes no more answers by the road that the last ones came by. */
  renew(): void;
  close(): void;
}

export type StoreState = 'connected' | 'lost' | 'late' | 'refused';

/** What a store tells by itself. */
export interface SharedStoreObserver {
  /**
   * `refused`: it does not let this relay in; a password is wrong, or a right is missing. `code` is the system’s word for a
   * loss, such as `ECONNREFUSED`, where there is one.
   */
  reached?(state: StoreState, code: string | undefined): void;
  /** Something came that nothing here can have asked for. */
  foreign(): void;
}
