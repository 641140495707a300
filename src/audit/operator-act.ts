import { limits } from '../base/index.ts';
import { type NewRecord, newName, newRecord } from './records.ts';

/**
 * How an act stands. `begun`: it is about to be done; without another line after it, it may have been done. `done`. `refused`: it was not
 * begun. `failed`: it was begun, and changed nothing or may not have. `unkept`: it is in force, and gone after a restart.
 */
export type ActOutcome = 'begun' | 'done' | 'refused' | 'failed' | 'unkept';

/** What an operator did, or tried to. */
export interface OperatorAct {
  readonly action: string;
  /** Who it was: the name of their credential, or `system:` and the user who gave a command. */
  readonly by: string;
  /** What it was aimed at, or whom and which camera. */
  readonly target?: string;
  readonly subject?: string;
  readonly device?: string;
  readonly outcome: ActOutcome;
  readonly detail?: string;
}

/** Each text is cut at `limits.auditTextCharactersMax`. */
export function operatorRecord({ action, by, outcome, ...about }: OperatorAct, nowMs: number): NewRecord {
  const { target, subject, device, detail } = about;
  const body = { action: cut(action), by: cut(by), outcome };
  const details = detail === undefined ? {} : { detail: cut(detail) };
  const names =
    subject === undefined || device === undefined
      ? [newName('target', cut(target ?? ''), details)]
      : [newName('subject', cut(subject)), newName('device', cut(device), details)];
  return newRecord('operator', nowMs, body, { names });
}

export function cut(text: string): string {
  return text.slice(0, limits.auditTextCharactersMax);
}
