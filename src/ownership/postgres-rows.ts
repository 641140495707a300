import { deviceId, type SubjectId, subjectId } from '../base/index.ts';
import type { Grant } from './grant-book.ts';
import { type OwnershipAnswer, roles } from './source.ts';
import { SourceFailure } from './source-observer.ts';

/** A line as the driver gives it; numbers of eight bytes are text. */
export type Row = Readonly<Record<string, unknown>>;

/** Reads the one line that answers a question, whichever question that is. Throws for anything else. */
export function answerOf(rows: readonly Row[]): OwnershipAnswer {
  const [row] = rows;
  if (row === undefined || rows.length > 1) throw new SourceFailure('malformed');
  return read(row);
}

/** Reads a list of devices: undefined where it is another subject's. A line without a device says that there are none. */
export function answersOf(rows: readonly Row[], subject: SubjectId): OwnershipAnswer[] | undefined {
  if (rows.length === 0) throw new SourceFailure('malformed');
  if (rows.some((row) => row.subject !== subject)) return undefined;
  return rows.filter((row) => row.device !== null).map(read);
}

export function grantsOf(rows: readonly Row[]): Grant[] {
  return rows.map((row) => {
    const { subject, device, role, notAfterMs } = read({ ...row, revision: '' });
    if (role === undefined) throw new SourceFailure('malformed');
    return { subject, device, role, notAfterMs };
  });
}

function read(row: Row): OwnershipAnswer {
  const { subject, device, role, not_after_ms: notAfter, revision } = row;
  if (typeof subject !== 'string' || typeof device !== 'string') throw new SourceFailure('malformed');
  const known = roles.find((each) => each === role);
  if (role !== null && known === undefined) throw new SourceFailure('malformed');
  const notAfterMs = notAfter === null ? undefined : Number(notAfter);
  if (notAfterMs !== undefined && !Number.isSafeInteger(notAfterMs)) throw new SourceFailure('malformed');
  return {
    subject: subjectId(subject),
    device: deviceId(device),
    role: known,
    notAfterMs,
    version: String(revision),
  };
}
