import type { DatabaseSync } from 'node:sqlite';
import { LatchkeyError, limits } from '../base/index.ts';
import { canonical, type JsonObject, readCanonical } from './canonical.ts';
import { type Head, HeadSigner, isSigned, type SignedHead } from './heads.ts';
import { headOf, type RecordRange, recordAt, recordsOf, recordsOfSession } from './reading.ts';
import { type ChainedRecord, genesisOf, hashOf, type KeptName, nameParts } from './records.ts';
import { openToRead } from './schema.ts';
import type { StorePlace } from './store.ts';
import { ChainCheck, Erasures, type Verdict } from './verify.ts';

const format = 'latchkey-audit-1';

/** The times of records that are wanted, in milliseconds since the epoch; all, where left out. */
export interface ExportSpan {
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

/**
 * A part of the chain as JSON Lines: who signed it and what it follows, its records as they are, and the signed head of the last one. It
 * can be verified with nothing else at hand. Throws `settings-invalid` where there is no record.
 */
export function* exportLines(
  { file, key }: StorePlace,
  { fromMs = 0, toMs = Number.MAX_SAFE_INTEGER }: ExportSpan,
  nowMs: number,
): Generator<string> {
  const signer = new HeadSigner(key);
  const { database } = openToRead(file);
  try {
    database.exec('BEGIN');
    const range = rangeOf(database, fromMs, toMs);
    const before = beforeOf(database, range);
    const base = before && signer.sign('base', before, nowMs);
    yield lineOf({ format, publicKey: signer.publicKey, exportedAtMs: nowMs, base: base && signedBody(base) });
    // Each is signed for itself: those that came after the last record that is exported are not in the chain that is.
    for (const erasure of erasuresFrom(database, range)) {
      yield lineOf({ erasure: recordBody(erasure), signed: signedBody(signer.sign('head', erasure, nowMs)) });
    }
    let last = before ?? { seq: 0, hash: genesisOf(signer.publicKey) };
    for (const record of recordsOf(database, range)) {
      last = record;
      yield lineOf(recordBody(record));
    }
    yield lineOf({ head: signedBody(signer.sign('head', last, nowMs)) });
  } finally {
    database.close();
  }
}

/** Every record that is about a person, with what they are named with: what they may ask for. */
export function* subjectLines({ file }: Pick<StorePlace, 'file'>, subject: string): Generator<string> {
  const { database } = openToRead(file);
  try {
    database.exec('BEGIN');
    const named = database.prepare(
      "SELECT DISTINCT seq FROM name WHERE part IN ('subject', 'target') AND name = ? ORDER BY seq",
    );
    const seen = new Set<string>();
    for (const { seq } of named.iterate(subject)) {
      const record = recordAt(database, Number(seq));
      if (record === undefined || seen.has(record.session)) continue;
      if (record.session === '') yield lineOf(plainBody(record));
      else {
        seen.add(record.session);
        for (const one of recordsOfSession(database, record.session)) yield lineOf(plainBody(one));
      }
    }
  } finally {
    database.close();
  }
}

/** Verifies an export, line by line. `publicKey`: who must have signed it; who says so itself, where left out. */
export class ExportCheck {
  readonly #publicKey: string | undefined;
  readonly #wanted: readonly Head[];
  readonly #erasures = new Erasures();
  #check: ChainCheck | undefined;
  #header: { readonly publicKey: string; readonly base: SignedHead | undefined } | undefined;
  #ended = false;
  #line = 0;

  constructor(publicKey: string | undefined, wanted: readonly Head[] = []) {
    this.#publicKey = publicKey;
    this.#wanted = wanted;
  }

  /** Throws `params-invalid` for a line that is none of an export. */
  take(text: string): void {
    this.#line += 1;
    if (text.length > limits.auditLineCharactersMax) throw this.#malformed('is too long');
    const line = readCanonical(text);
    if (line === undefined || this.#ended) throw this.#malformed('cannot be read');
    if (this.#header === undefined) this.#header = this.#readHeader(line);
    else if (line.erasure !== undefined) this.#takeErasure(this.#header, line);
    else {
      this.#check ??= this.#begin(this.#header);
      if (line.head === undefined) this.#check.take(this.#readRecord(line));
      else {
        this.#check.endsWith(this.#readSigned(line.head));
        this.#ended = true;
      }
    }
  }

  /** Throws `params-invalid` for an export without a beginning. */
  conclude(): Verdict {
    if (this.#header === undefined) throw this.#malformed('is missing');
    return (this.#check ?? this.#begin(this.#header)).conclude();
  }

  #begin({ publicKey, base }: { readonly publicKey: string; readonly base: SignedHead | undefined }): ChainCheck {
    const ends = { publicKey: this.#publicKey ?? publicKey, base, head: undefined, erasures: this.#erasures.sort() };
    return new ChainCheck(ends, this.#wanted);
  }

  /** One that was not signed says nothing: the names that it speaks of are then simply gone. */
  #takeErasure({ publicKey }: { readonly publicKey: string }, { erasure, signed }: JsonObject): void {
    if (this.#check !== undefined) throw this.#malformed('comes too late');
    const record = this.#readRecord(this.#object(erasure));
    const head = this.#readSigned(signed);
    const isRight = head.seq === record.seq && Buffer.compare(head.hash, hashOf(record)) === 0;
    if (isRight && isSigned('head', head, this.#publicKey ?? publicKey)) this.#erasures.take(record);
  }

  #readHeader({ format: found, publicKey, base }: JsonObject): { publicKey: string; base: SignedHead | undefined } {
    if (found !== format || typeof publicKey !== 'string') throw this.#malformed(`does not begin a ${format}`);
    return { publicKey, base: base === undefined ? undefined : this.#readSigned(base) };
  }

  #readRecord({ seq, atMs, kind, session, body, seals, previous, hash, names }: JsonObject): ChainedRecord {
    if (!Array.isArray(names) || names.length > nameParts.length) throw this.#malformed('has no names');
    return {
      seq: this.#number(seq),
      atMs: this.#number(atMs),
      kind: this.#text(kind),
      session: this.#text(session),
      body: this.#text(body),
      seals: this.#text(seals),
      previous: this.#bytes(previous),
      hash: this.#bytes(hash),
      names: names.map((name) => this.#readName(this.#object(name))),
    };
  }

  #readName({ part, name, details, salt }: JsonObject): KeptName {
    const known = nameParts.find((each) => each === part);
    if (known === undefined) throw this.#malformed('names what is no name');
    return { part: known, name: this.#text(name), details: this.#text(details), salt: this.#bytes(salt) };
  }

  #readSigned(value: JsonObject[string]): SignedHead {
    const { seq, hash, atMs, signature } = this.#object(value);
    return {
      seq: this.#number(seq),
      hash: this.#bytes(hash),
      atMs: this.#number(atMs),
      signature: this.#bytes(signature),
    };
  }

  #object(value: JsonObject[string]): JsonObject {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.#malformed('has no object');
    return value as JsonObject;
  }

  #number(value: JsonObject[string]): number {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw this.#malformed('has no number');
    return value;
  }

  #text(value: JsonObject[string]): string {
    if (typeof value !== 'string') throw this.#malformed('has no text');
    return value;
  }

  #bytes(value: JsonObject[string]): Uint8Array {
    if (typeof value !== 'string' || !/^([0-9a-f]{2})*$/.test(value)) throw this.#malformed('has no bytes');
    return Buffer.from(value, 'hex');
  }

  #malformed(what: string): LatchkeyError {
    return new LatchkeyError('params-invalid', `line ${this.#line} ${what}`);
  }
}

function rangeOf(database: DatabaseSync, fromMs: number, toMs: number): Required<RecordRange> {
  const row = database
    .prepare('SELECT MIN(seq) AS first, MAX(seq) AS last FROM record WHERE at_ms BETWEEN ? AND ?')
    .get(fromMs, toMs);
  if (typeof row?.first === 'number') return { fromSeq: row.first, toSeq: Number(row.last) };
  const end = headOf(database, 'head')?.seq ?? 0;
  return { fromSeq: end + 1, toSeq: end };
}

/** What the first record of a range follows; undefined where it is the very first. */
function beforeOf(database: DatabaseSync, { fromSeq }: Required<RecordRange>): Head | undefined {
  const before = recordAt(database, fromSeq - 1);
  if (before !== undefined) return { seq: before.seq, hash: before.hash };
  const base = headOf(database, 'base');
  return base?.seq === fromSeq - 1 ? base : undefined;
}

function* erasuresFrom(database: DatabaseSync, { fromSeq }: Required<RecordRange>): Generator<ChainedRecord> {
  const said = database.prepare("SELECT seq FROM record WHERE kind IN ('erased', 'names-dropped') AND seq >= ?");
  for (const { seq } of said.iterate(fromSeq)) {
    const record = recordAt(database, Number(seq));
    if (record !== undefined) yield { ...record, names: [] };
  }
}

function recordBody({ names, previous, hash, ...record }: ChainedRecord): JsonObject {
  return {
    ...record,
    previous: hex(previous),
    hash: hex(hash),
    names: names.map(({ part, name, details, salt }) => ({ part, name, details, salt: hex(salt) })),
  };
}

function plainBody({ seq, atMs, kind, session, body, names }: ChainedRecord): JsonObject {
  const about = Object.fromEntries(
    names.map(({ part, name, details }) => [part, { name, details: readCanonical(details) ?? {} }]),
  );
  return { seq, at: new Date(atMs).toISOString(), kind, session, ...about, said: readCanonical(body) ?? {} };
}

function signedBody({ seq, hash, atMs, signature }: SignedHead): JsonObject {
  return { seq, hash: hex(hash), atMs, signature: hex(signature) };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function lineOf(value: JsonObject): string {
  return `${canonical(value)}\n`;
}
