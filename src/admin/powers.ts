import type { AuditLog } from '../audit/index.ts';
import type { Clock, DeviceId, RandomSource, SubjectId } from '../base/index.ts';
import type { Levers } from '../levers/index.ts';
import type { OperationId } from './operations.ts';
import type { NodeStatus } from './status.ts';

/** One live view, as the record has it. */
export interface Sighting {
  readonly session: string;
  /** Null where the name was erased. */
  readonly subject: string | null;
  readonly device: string | null;
  readonly startedAtMs: number;
  /** `lost`: the relay was killed, and it was over by `endedAtMs` at the latest. */
  readonly end: 'ended' | 'lost' | 'open';
  /** Null while it goes on. */
  readonly endedAtMs: number | null;
  /** Why it ended; null while it goes on, or where it was lost. */
  readonly reason: string | null;
  /** Whether anything of the camera went on to the viewer, and from when until when; null where nobody can say. */
  readonly seen: boolean | null;
  readonly seenFromMs: number | null;
  readonly seenUntilMs: number | null;
  /** Payload that came from the camera; null where nobody can say. */
  readonly bytes: number | null;
}

/** Where acts are put on record. */
export type ActRecord = Pick<AuditLog, 'operatorActed' | 'writable'>;

/** What the record answers. */
export interface Sightings {
  readonly found: readonly Sighting[];
  /** From when on it has names; null: from the beginning. */
  readonly namesFromMs: number | null;
}

/** What the record can be asked. Times are milliseconds since the epoch, and both are in. */
export interface AuditReader {
  whoSaw(device: DeviceId, fromMs: number, toMs: number): Promise<Sightings>;
  whatSaw(subject: SubjectId, fromMs: number, toMs: number): Promise<Sightings>;
}

/** What the admin API may do; what is left out is answered `not-offered`. */
export interface AdminPowers {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly levers?: Levers | undefined;
  /** Without it nothing can be changed: each change is recorded. */
  readonly audit?: ActRecord | undefined;
  readonly record?: AuditReader | undefined;
  status(): NodeStatus;
  /** Begins to drain; the promise may last until the process ends. */
  drain?: ((options: { readonly overSeconds?: number }) => Promise<void>) | undefined;
  /** Takes the settings' file anew. Throws `settings-invalid` and has changed nothing. */
  reload?:
    | (() => Promise<{ readonly changed: readonly string[]; readonly needRestart: readonly string[] }>)
    | undefined;
}

/** What came of a request; `unrecorded`: it was done, perhaps, and could not be recorded; `stranger`: no credential that is known. */
export type AdminOutcome = 'done' | 'refused' | 'unrecorded' | 'stranger';

/** What the admin API tells whoever counts and logs. */
export interface AdminObserver {
  /** A request was answered; `unknown`: it came to no operation. */
  asked?(operation: OperationId | 'unknown', outcome: AdminOutcome): void;
  /** A request was refused with an error of the table. */
  refused?(code: string): void;
  /** A refusal could not be written into the record; it changed nothing. */
  unrecorded?(error: unknown): void;
  /** Something threw that is no error of the table. */
  internal?(error: unknown): void;
}
