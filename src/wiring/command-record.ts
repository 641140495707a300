import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type ActOutcome, AuditStore, type OperatorAct, operatorRecord } from '../audit/index.ts';
import { LatchkeyError, systemClock, systemRandom } from '../base/index.ts';
import type { Settings } from '../config/index.ts';
import { auditPlaceOf } from './audit.ts';

/** An act of a command, as the record tells it. */
export interface CommandAct extends Omit<OperatorAct, 'by' | 'outcome'> {
  /** It only shuts something, so that it is done even when the record cannot be written. */
  readonly shuts: boolean;
  /** A record is made where there is none. */
  readonly begins?: boolean;
}

/**
 * Does what a command does to a data directory, and has it on the record there: that it is begun, before it is; and what became of it. Where the
 * directory has no record, or the settings want none, there is nothing to write. Rejects as the work does, and with `audit-unavailable` where
 * the record cannot be written: before the work, unless that only shuts something, or after it, and then it says that it was done.
 */
export async function onRecord<Result>(
  settings: Settings,
  act: CommandAct,
  work: () => Promise<Result>,
): Promise<Result> {
  const { shuts, begins = false, ...about } = act;
  const by = systemUser();
  const isThere = ['audit.sqlite', 'audit-key.json'].every((name) => existsSync(join(settings.dataDirectory, name)));
  if (!settings.audit.enabled || !(isThere || begins)) return await work();
  const tell = (outcome: ActOutcome) => untold(settings, { ...about, by, outcome });
  const before = await tell('begun');
  if (before !== undefined && !shuts) throw before;
  let result: Result;
  try {
    result = await work();
  } catch (error) {
    await tell('failed');
    throw error;
  }
  const after = await tell('done');
  if (before === undefined && after === undefined) return result;
  throw new LatchkeyError('audit-unavailable', `it was done, and is not whole on record: ${(before ?? after)?.detail}`);
}

/** Writes a line; gives why it could not be. */
async function untold(settings: Settings, act: OperatorAct): Promise<LatchkeyError | undefined> {
  try {
    const store = new AuditStore(await auditPlaceOf(settings), systemRandom);
    try {
      const nowMs = systemClock.now();
      store.append([operatorRecord(act, nowMs)], nowMs);
    } finally {
      store.close();
    }
    return undefined;
  } catch (error) {
    const why = error instanceof LatchkeyError ? error.detail : (error as Error).message;
    return new LatchkeyError('audit-unavailable', `the record cannot be written: ${why}`, { cause: error });
  }
}

/** The user of this system who gave a command. No name of a credential has a colon in it. */
export function systemUser(): string {
  try {
    return `system:${userInfo().username}`;
  } catch {
    return `system:${process.getuid?.() ?? 'somebody'}`;
  }
}
