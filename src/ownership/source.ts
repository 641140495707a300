import type { DeviceId, SubjectId } from '../base/index.ts';
import type { VerifiedViewer } from '../identity/index.ts';

export const roles = ['owner', 'viewer'] as const;
export type Role = (typeof roles)[number];

/** One question: may this subject see this device? */
export interface OwnershipQuestion {
  readonly subject: SubjectId;
  readonly device: DeviceId;
}

/** One answer. It names the question it answers, and is compared with the one that was asked. */
export interface OwnershipAnswer {
  readonly subject: SubjectId;
  readonly device: DeviceId;
  /** Absent: refused. */
  readonly role: Role | undefined;
  /** When a time-limited share ends, in milliseconds since the epoch. */
  readonly notAfterMs: number | undefined;
  /** The source's own mark of what it knew when it answered, for the record: `limits.sourceVersionCharactersMax` at most. */
  readonly version: string;
}

/** Whose grants may have changed: those of one subject for one device, or anybody's. */
export type OwnershipChange = OwnershipQuestion | 'everything';

/** Somewhere that knows who owns what. All implementations pass the contract suite in `test/contracts`. */
export interface OwnershipSource {
  /** A short name for logs and records, such as `sqlite`. */
  readonly name: string;
  /** Whether its answers rest on the token of the viewer who asks: then none is remembered, or shared with another question. */
  readonly restsOnToken?: boolean;
  /**
   * Answers one question, asked by the viewer who was proven to be its subject. Rejects when it cannot know; it never
   * guesses. `signal` ends the wait. `traceparent`, where the question is traced, is for whoever else is asked.
   */
  ask(
    question: OwnershipQuestion,
    signal: AbortSignal,
    viewer?: VerifiedViewer,
    traceparent?: string,
  ): Promise<OwnershipAnswer>;
  /** The grants of one subject, at most `limits.devicesPerSubjectMax`, ordered by device. */
  devicesOf(subject: SubjectId, signal: AbortSignal, viewer?: VerifiedViewer): Promise<OwnershipAnswer[]>;
  /**
   * A mark that changes whenever any answer may have changed, where that is cheap to know. Answers remembered under
   * another mark are forgotten, so that a revocation works at once. Throws while it cannot know: nothing is remembered.
   */
  revision?(): string;
  /**
   * Tells of every change from now on, within a second of its commit, after `revision` has changed; and of `everything` where
   * some may have been missed. Returns what ends it.
   */
  changes?(listener: (change: OwnershipChange) => void): () => void;
  /**
   * Under which name relays that ask this very source may share its answers; a `revision` then means the same to all of
   * them. Absent: its answers are this process’s own and go into no shared cache.
   */
  readonly sharedAs?: string;
  close(): Promise<void>;
}
