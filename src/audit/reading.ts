import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { HeadPurpose, SignedHead } from './heads.ts';
import { type ChainedRecord, type KeptName, nameParts } from './records.ts';

export interface RecordRange {
  /** The first number and the last; all, where left out. */
  readonly fromSeq?: number;
  readonly toSeq?: number;
}

/** The records of a database in the order of their numbers, with the names that are left. They come one at a time. */
export function* recordsOf(
  database: DatabaseSync,
  { fromSeq = 0, toSeq = Number.MAX_SAFE_INTEGER }: RecordRange = {},
): Generator<ChainedRecord> {
  const rows = database.prepare('SELECT * FROM record WHERE seq BETWEEN ? AND ? ORDER BY seq');
  const names = namesReader(database);
  for (const row of rows.iterate(fromSeq, toSeq)) yield recordOf(row, names);
}

/** The records of one live view. */
export function recordsOfSession(database: DatabaseSync, session: string): ChainedRecord[] {
  const rows = database.prepare("SELECT * FROM record WHERE session = ? AND session <> '' ORDER BY seq").all(session);
  const names = namesReader(database);
  return rows.map((row) => recordOf(row, names));
}

/** The numbers of records of some kinds up to a time that bear a name. */
export function* seqsNaming(
  database: DatabaseSync,
  { part, name }: Pick<KeptName, 'part' | 'name'>,
): Generator<number> {
  const rows = database.prepare('SELECT seq FROM name WHERE part = ? AND name = ? ORDER BY seq');
  for (const row of rows.iterate(part, name)) yield numberOf(row.seq);
}

export function recordAt(database: DatabaseSync, seq: number): ChainedRecord | undefined {
  const row = database.prepare('SELECT * FROM record WHERE seq = ?').get(seq);
  return row === undefined ? undefined : recordOf(row, namesReader(database));
}

/** The signed head of the chain, or what is left of the records that were pruned. */
export function headOf(database: DatabaseSync, purpose: HeadPurpose): SignedHead | undefined {
  const row = database.prepare('SELECT * FROM head WHERE purpose = ?').get(purpose);
  if (row === undefined) return undefined;
  return {
    seq: numberOf(row.seq),
    hash: bytesOf(row.hash),
    atMs: numberOf(row.at_ms),
    signature: bytesOf(row.signature),
  };
}

function namesReader(database: DatabaseSync): (seq: number) => KeptName[] {
  const statement = database.prepare('SELECT part, name, details, salt FROM name WHERE seq = ? ORDER BY part');
  return (seq) =>
    statement.all(seq).flatMap(({ part, name, details, salt }) => {
      const known = nameParts.find((each) => each === part);
      return known === undefined
        ? []
        : [{ part: known, name: textOf(name), details: textOf(details), salt: bytesOf(salt) }];
    });
}

function recordOf(row: Record<string, SQLOutputValue>, names: (seq: number) => KeptName[]): ChainedRecord {
  const seq = numberOf(row.seq);
  return {
    seq,
    atMs: numberOf(row.at_ms),
    kind: textOf(row.kind),
    session: textOf(row.session),
    body: textOf(row.body),
    seals: textOf(row.seals),
    previous: bytesOf(row.previous),
    hash: bytesOf(row.hash),
    names: names(seq),
  };
}

export function numberOf(value: SQLOutputValue | undefined): number {
  return Number(value);
}

export function textOf(value: SQLOutputValue | undefined): string {
  return String(value);
}

function bytesOf(value: SQLOutputValue | undefined): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array();
}
