import type { DatabaseSync } from 'node:sqlite';
import { limits } from '../base/index.ts';
import { type JsonObject, readCanonical } from './canonical.ts';
import { recordAt, recordsOfSession, seqsNaming } from './reading.ts';
import type { ChainedRecord, NamePart } from './records.ts';
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
  /** There are more than fit into an answer. */
  readonly more: boolean;
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
  for (const seq of seqsNaming(database, { part, name })) {
    const record = recordAt(database, seq);
    if (record === undefined || record.atMs > toMs) continue;
    if (viewings.length + refusals.length >= limits.auditAnswersMax) return { viewings, refusals, more: true };
    if (record.kind === 'session-started') {
      const viewing = viewingOf(recordsOfSession(database, record.session));
      if (viewing !== undefined && (viewing.endedAtMs ?? Number.POSITIVE_INFINITY) >= fromMs) viewings.push(viewing);
    } else if (record.kind === 'refused' && record.atMs >= fromMs) refusals.push(refusalOf(record));
  }
  return { viewings, refusals, more: false };
}

/** The live view that these records are of; undefined where its beginning is not among them. */
export function viewingOf(records: readonly ChainedRecord[]): Viewing | undefined {
  const started = records.find(({ kind }) => kind === 'session-started');
  if (started === undefined) return undefined;
  const body = bodyOf(started);
  const over = records.find(({ kind }) => kind === 'session-ended' || kind === 'session-lost');
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

function changeOf(record: ChainedRecord): JsonObject {
  return Object.assign({}, bodyOf(record), ...record.names.map(({ details }) => readCanonical(details) ?? {}));
}

function refusalOf(record: ChainedRecord): RefusedRecord {
  const body = bodyOf(record);
  return {
    atMs: record.atMs,
    subject: nameIn(record, 'subject'),
    device: nameIn(record, 'device'),
    code: textIn(body, 'code') ?? '',
    count: numberIn(body, 'count') ?? 1,
  };
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
