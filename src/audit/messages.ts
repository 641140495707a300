import type { NewRecord } from './records.ts';
import type { StorePlace } from './store.ts';

/** That the relay lives, and what some of its live views have carried so far. */
export interface SignOfLife {
  readonly atMs: number;
  /** By session, in canonical JSON. */
  readonly figures: readonly (readonly [session: string, figures: string])[];
}

/** One transaction. The numbers of a run’s batches go up. */
export interface Batch {
  readonly number: number;
  readonly records: readonly NewRecord[];
  readonly alive: SignOfLife;
}

/** What a thread needs to begin. */
export interface ScribeSettings {
  readonly place: StorePlace;
  readonly run: string;
  readonly version: string;
  /** Runs of this process that have not ended. */
  readonly runsHere: readonly string[];
  readonly startedAtMs: number;
  /** After how long names go, and records; never, where undefined. */
  readonly namesMsMax: number | undefined;
  readonly recordsMsMax: number | undefined;
}

export type ToScribe =
  | { readonly kind: 'write'; readonly batch: Batch }
  | { readonly kind: 'retain'; readonly atMs: number }
  | { readonly kind: 'close'; readonly atMs: number };

export type FromScribe =
  /** `batch`: the last that the run has written. `lost`: live views of an earlier run that have no end. `broken`: the chain is not what it should be. */
  | {
      readonly kind: 'ready';
      readonly batch: number;
      readonly head: string;
      readonly lost: number;
      readonly broken: boolean;
    }
  | { readonly kind: 'written'; readonly number: number; readonly head: string; readonly ms: number }
  | { readonly kind: 'failed'; readonly number: number; readonly why: string }
  | { readonly kind: 'retained'; readonly why: string | undefined }
  | { readonly kind: 'closed' };
