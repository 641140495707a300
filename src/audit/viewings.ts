import type { DatabaseSync } from 'node:sqlite';
import { limits } from '../base/index.ts';
import { type JsonObject, readCanonical } from './canonical.ts';
import { headOf, recordAt, recordsOfSession, seqsNaming, textOf } from './reading.ts';
import type { ChainedRecord, NamePart, RecordKind } from './records.ts';
import { openToRead } from './schema.ts';

/** What a name stands for, and what it was believed for. */
export interface KnownName {
  readonly name: string;
  readonly details: JsonObject;
}

/** One live view, put together from its records. Times are in milliseconds since the epoch. */
export interface Viewing {
  readonly session: string;
  /** Undefined where the name was erased. */
  readonly subject: KnownName | undefined;
  readonly device: KnownName | undefined;
  readonly role: string;
  readonly flow: string;
  readonly startedAtMs: number;
  /** `lost`: the relay was killed, and it was over by `endedAtMs` at the latest. `open`: it has no end yet. */
  readonly end: 'ended' | 'lost' | 'open';
  readonly endedAtMs: number | undefined;
  /** The last time that it is known to have been open, where it was lost. */
  readonly aliveAtMs: number | undefined;
  readonly reason: string | undefined;
  readonly cause: string | undefined;
  /** Whether anything of the camera went on to the viewer; undefined where nobody can say. */
  readonly seen: boolean | undefined;
  /** When the first and the last of it came; the last of a view that was lost is not known. */
  readonly seenFromMs: number | undefined;
  readonly seenUntilMs: number | undefined;
  readonly figures: JsonObject | undefined;
  /** What it came to rest on since, in order. */
  readonly changes: readonly { readonly atMs: number; readonly kind: string; readonly details: JsonObject }[];
}

/** Somebody who was refused. */
export interface RefusedRecord {
  readonly atMs: number;
  readonly subject: KnownName | undefined;
  readonly device: KnownName | undefined;
  readonly code: string;
  readonly count: number;
}

export interface Answer {
  readonly viewings: readonly Viewing[];
  readonly refusals: readonly RefusedRecord[];
  /** There are more live views than fit into an answer, or more refusals: `limits.auditAnswersMax` of each. */
  readonly more: boolean;
  /** From when on names are on record: those of live views that began before were dropped in their time, or are not there. Undefined: all are. */
  readonly namesFromMs: number | undefined;
}

/** Every live view that may have been open between two times, and every refusal between them, that names this. */
export function ask(file: string, part: NamePart, name: string, fromMs: number, toMs: number): Answer {
  const { database } = openToRead(file);
  try {
    database.exec('BEGIN');
    return answerOf(database, part, name, fromMs, toMs);
  } finally {
    database.close();
  }
}

function answerOf(database: DatabaseSync, part: NamePart, name: string, fromMs: number, toMs: number): Answer {
  const viewings: Viewing[] = [];
  const refusals: RefusedRecord[] = [];
  const namesFromMs = namesFrom(database);
  let more = false;
  for (const seq of seqsNaming(database, { part, name })) {
    const record = recordAt(database, seq);
    if (record?.kind === 'session-started') {
      const viewing = viewingOf(recordsOfSession(database, record.session));
      if (viewing === undefined || !wasOpen(viewing, fromMs, toMs)) continue;
      if (viewings.length >= limits.auditAnswersMax) return { viewings, refusals, more: true, namesFromMs };
      viewings.push(viewing);
    } else if (record?.kind === 'refused') {
      for (const refusal of refusalsOf(database, record)) {
        if (refusal.atMs < fromMs || refusal.atMs > toMs) continue;
        // However often somebody was refused, it takes no place from who was not.
        if (refusals.length < limits.auditAnswersMax) refusals.push(refusal);
        else more = true;
      }
    }
  }
  return { viewings, refusals, more, namesFromMs };
}

/** The time of the first record whose names were not dropped with time, where any were. */
function namesFrom(database: DatabaseSync): number | undefined {
  const dropped = database
    .prepare("SELECT body FROM record WHERE kind = 'names-dropped' ORDER BY seq DESC LIMIT 1")
    .get();
  const upTo = numberIn(readCanonical(textOf(dropped?.body)), 'upTo') ?? 0;
  const lastGone = Math.max(upTo, headOf(database, 'base')?.seq ?? 0);
  return lastGone === 0 ? undefined : recordAt(database, lastGone + 1)?.atMs;
}

/** Whether it may have been open between two times, on a clock that may have been set back while it was. */
function wasOpen(viewing: Viewing, fromMs: number, toMs: number): boolean {
  const { startedAtMs, end, endedAtMs, seenFromMs, seenUntilMs } = viewing;
  const times = [startedAtMs, endedAtMs, seenFromMs, seenUntilMs].filter((atMs) => atMs !== undefined);
  return Math.min(...times) <= toMs && (end === 'open' || Math.max(...times) >= fromMs);
}

/** The live view that these records are of; undefined where its beginning is not among them. */
export function viewingOf(records: readonly ChainedRecord[]): Viewing | undefined {
  const started = ofKind(records, 'session-started');
  if (started === undefined) return undefined;
  const body = bodyOf(started);
  // Who was taken for lost, and was not, says so by its own end.
  const over = ofKind(records, 'session-ended') ?? ofKind(records, 'session-lost');
  const last = over === undefined ? {} : bodyOf(over);
  const figures = objectOf(last.figures);
  const camera = objectOf(figures?.camera);
  const picture = records.find((record) => record.kind === 'media-started' && bodyOf(record).side === 'camera');
  const seenFromMs = numberIn(camera, 'firstMediaAtMs') ?? (picture && numberIn(bodyOf(picture), 'atMs'));
  const isEnded = over?.kind === 'session-ended';
  return {
    session: started.session,
    subject: nameIn(started, 'subject'),
    device: nameIn(started, 'device'),
    role: textIn(body, 'role') ?? '',
    flow: textIn(body, 'flow') ?? '',
    startedAtMs: started.atMs,
    end: over === undefined ? 'open' : isEnded ? 'ended' : 'lost',
    endedAtMs: numberIn(last, 'endedAtMs') ?? numberIn(last, 'goneByMs'),
    aliveAtMs: numberIn(last, 'aliveAtMs'),
    reason: textIn(last, 'reason'),
    cause: textIn(last, 'cause'),
    seen: seenFromMs !== undefined ? true : isEnded ? false : undefined,
    seenFromMs,
    seenUntilMs: seenFromMs === undefined || !isEnded ? undefined : (numberIn(camera, 'lastMediaAtMs') ?? seenFromMs),
    figures,
    changes: records
      .filter(({ kind }) => kind === 'session-extended' || kind === 'session-reproved' || kind === 'session-moved')
      .map((record) => ({ atMs: record.atMs, kind: record.kind, details: changeOf(record) })),
  };
}

function ofKind(records: readonly ChainedRecord[], wanted: RecordKind): ChainedRecord | undefined {
  return records.find(({ kind }) => kind === wanted);
}

function changeOf(record: ChainedRecord): JsonObject {
  return Object.assign({}, bodyOf(record), ...record.names.map(({ details }) => readCanonical(details) ?? {}));
}

/** A refusal, and how often the same came again: what was counted of it names nobody by itself. */
function refusalsOf(database: DatabaseSync, record: ChainedRecord): RefusedRecord[] {
  const code = textIn(bodyOf(record), 'code') ?? '';
  const about = { subject: nameIn(record, 'subject'), device: nameIn(record, 'device'), code };
  const again = recordsOfSession(database, record.session).filter(
    (each) => each.kind === 'refusals-joined' && textIn(bodyOf(each), 'code') === code,
  );
  return [record, ...again].map((each) => ({
    ...about,
    atMs: each.atMs,
    count: numberIn(bodyOf(each), 'count') ?? 1,
  }));
}

function nameIn({ names }: ChainedRecord, part: NamePart): KnownName | undefined {
  const found = names.find((name) => name.part === part);
  return found && { name: found.name, details: readCanonical(found.details) ?? {} };
}

function bodyOf({ body }: ChainedRecord): JsonObject {
  return readCanonical(body) ?? {};
}

function objectOf(value: JsonObject[string]): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

function numberIn(object: JsonObject | undefined, member: string): number | undefined {
  const value = object?.[member];
  return typeof value === 'number' ? value : undefined;
}

function textIn(object: JsonObject, member: string): string | undefined {
  const value = object[member];
  return typeof value === 'string' ? value : undefined;
}
