import type { DeviceId, SubjectId } from '../base/index.ts';

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

/** Somewhere that knows who owns what. All implementations pass the contract suite in `test/contracts`. */
export interface OwnershipSource {
  /** A short name for logs and records, such as `sqlite`. */
  readonly name: string;
  /** Answers one question. Rejects when it cannot know; it never guesses. `signal` ends the wait. */
  ask(question: OwnershipQuestion, signal: AbortSignal): Promise<OwnershipAnswer>;
  /** The grants of one subject, at most `limits.devicesPerSubjectMax`, ordered by device. */
  devicesOf(subject: SubjectId, signal: AbortSignal): Promise<OwnershipAnswer[]>;
  /**
   * A mark that changes whenever any answer may have changed, where that is cheap to know. Answers remembered under
   * another mark are forgotten, so that a revocation works at once.
   */
  revision?(): string;
  /**
   * Under which name relays that ask this very source may share its answers; a `revision` then means the same to all of
   * them. Absent: its answers are this process’s own and go into no shared cache.
   */
  readonly sharedAs?: string;
  close(): Promise<void>;
}
