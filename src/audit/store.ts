import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { limits, type RandomSource } from '../base/index.ts';
import { readAnchor, writeAnchor } from './anchor.ts';
import { canonical, type JsonObject } from './canonical.ts';
import {
  type AuditKey,
  type Head,
  type HeadPurpose,
  HeadSigner,
  headText,
  isSigned,
  type SignedHead,
} from './heads.ts';
import { headOf, numberOf, recordAt } from './reading.ts';
import { genesisOf, hashOf, type NamePart, type NewRecord, newRecord, sealOf } from './records.ts';
import { type OpenDatabase, openToWrite } from './schema.ts';
import { seqsText } from './seqs.ts';

export interface StorePlace {
  readonly file: string;
  readonly anchorFile: string;
  readonly key: AuditKey;
}

const saltBytes = 32;

/**
 * The chain in its database. Whoever appends reads the head in the same transaction, so that several processes may write and there is one
 * chain. What is appended is on the disk when the call returns.
 */
export class AuditStore {
  readonly #opened: OpenDatabase;
  readonly #anchorFile: string;
  readonly #signer: HeadSigner;
  readonly #random: RandomSource;
  readonly #insertRecord: StatementSync;
  readonly #insertName: StatementSync;
  readonly #last: StatementSync;

  /** Throws `settings-invalid` for a file that is no database of this program’s, and for a key that is none. */
  constructor({ file, anchorFile, key }: StorePlace, random: RandomSource) {
    this.#signer = new HeadSigner(key);
    this.#opened = openToWrite(file);
    this.#anchorFile = anchorFile;
    this.#random = random;
    const { database } = this.#opened;
    this.#insertRecord = database.prepare('INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
    this.#insertName = database.prepare('INSERT INTO name VALUES (?, ?, ?, ?, ?)');
    this.#last = database.prepare('SELECT seq, hash FROM record ORDER BY seq DESC LIMIT 1');
  }

  get database(): DatabaseSync {
    return this.#opened.database;
  }

  get publicKey(): string {
    return this.#signer.publicKey;
  }

  /** The last record, or what it would follow where there is none. */
  head(): Head {
    const last = this.#last.get();
    if (last?.hash instanceof Uint8Array) return { seq: numberOf(last.seq), hash: last.hash };
    return headOf(this.database, 'base') ?? { seq: 0, hash: genesisOf(this.publicKey) };
  }

  /**
   * Appends records, all or none, and does `besides` in the same transaction; the head is signed as of `nowMs`. `committed` hears of it before
   * the anchor is written, for which nobody has to wait. Throws what SQLite does, and where the file is not there any more; then nothing was
   * written.
   */
  append(
    records: readonly NewRecord[],
    nowMs: number,
    besides: (head: Head) => void = () => {},
    committed: (head: Head) => void = () => {},
  ): Head {
    let signed: SignedHead | undefined;
    this.#opened.demandFile();
    const head = this.atOnce(() => {
      let last = this.head();
      for (const record of records) last = this.#insert(record, last);
      if (records.length > 0) {
        signed = this.#signer.sign('head', last, nowMs);
        this.#keepHead('head', signed);
      }
      besides(last);
      return last;
    });
    this.#opened.demandFile();
    committed(head);
    // After the commit: an anchor that is behind protects less, one that is ahead would be a false alarm.
    if (signed !== undefined) this.#anchor(signed);
    return head;
  }

  /** Compares the chain with its anchor. Returns what is wrong as a record to be appended. */
  broken(nowMs: number): NewRecord | undefined {
    const anchor = readAnchor(this.#anchorFile);
    const head = this.head();
    const wrong = (what: string, fields: JsonObject = {}) => newRecord('chain-broken', nowMs, { what, ...fields });
    const signed = headOf(this.database, 'head');
    if (head.seq > 0 && (signed === undefined || headText(signed) !== headText(head))) return wrong('head');
    if (signed !== undefined && !isSigned('head', signed, this.publicKey)) return wrong('key');
    if (anchor === 'damaged') return wrong('anchor-damaged');
    if (anchor === undefined) return head.seq === 0 ? undefined : wrong('anchor-missing');
    const at = recordAt(this.database, anchor.seq) ?? headOf(this.database, 'base');
    if (at !== undefined && headText(at) === headText(anchor)) return undefined;
    return wrong('anchor', { anchor: headText(anchor), head: headText(head) });
  }

  /**
   * Forgets whose records these are that name a person: as a subject, or as what an act was aimed at. Says how many names went. What was
   * written before lies in the log as well, until `emptyLog`.
   */
  erase(subject: string, by: string, nowMs: number): number {
    const some = this.database.prepare('SELECT seq FROM name WHERE part = ? AND name = ? ORDER BY seq LIMIT ?');
    let erased = 0;
    for (const part of ['subject', 'target'] satisfies NamePart[]) {
      for (;;) {
        const seqs = some.all(part, subject, limits.auditErasedAtOnceMax).map(({ seq }) => numberOf(seq));
        if (seqs.length === 0) break;
        const record = newRecord('erased', nowMs, { by, part, names: seqs.length, records: seqsText(seqs) });
        const drop = this.database.prepare('DELETE FROM name WHERE seq = ? AND part = ?');
        this.append([record], nowMs, () => {
          for (const seq of seqs) drop.run(seq, part);
        });
        erased += seqs.length;
      }
    }
    return erased;
  }

  /**
   * Has the log begin anew, with nothing in it of what was before; waits `limits.sqliteBusyMsMax` for those who read. False where somebody reads on,
   * and then it is as it was.
   */
  emptyLog(): boolean {
    return numberOf(this.database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy) === 0;
  }

  /** Drops the names of all records from before a time. Says whether there were any. */
  dropNames(beforeMs: number, nowMs: number): boolean {
    const upTo = this.#lastBefore(beforeMs);
    const any = this.database.prepare('SELECT 1 FROM name WHERE seq <= ? LIMIT 1').get(upTo) !== undefined;
    if (!any) return false;
    this.append([newRecord('names-dropped', nowMs, { upTo })], nowMs, () => {
      this.database.prepare('DELETE FROM name WHERE seq <= ?').run(upTo);
    });
    return true;
  }

  /** Takes the oldest records out that are from before a time and of no view that is open; what follows them goes on from a signed base. */
  prune(beforeMs: number, nowMs: number): boolean {
    const first = numberOf(this.database.prepare('SELECT MIN(seq) AS seq FROM record').get()?.seq);
    const open = this.database.prepare('SELECT MIN(started_seq) AS seq FROM live').get()?.seq;
    const upTo = Math.min(
      this.#lastBefore(beforeMs),
      first + limits.auditPrunedAtOnceMax - 1,
      open === null || open === undefined ? Number.POSITIVE_INFINITY : numberOf(open) - 1,
    );
    const last = recordAt(this.database, upTo);
    if (last === undefined || upTo < first) return false;
    const base = this.#signer.sign('base', last, nowMs);
    const record = newRecord('pruned', nowMs, { from: first, base: headText(base) });
    this.append([record], nowMs, () => {
      this.#keepHead('base', base);
      this.database.prepare('DELETE FROM name WHERE seq <= ?').run(upTo);
      this.database.prepare('DELETE FROM record WHERE seq <= ?').run(upTo);
    });
    return true;
  }

  /** Signs any head, for who takes a part of the chain elsewhere. */
  sign(purpose: HeadPurpose, head: Head, nowMs: number): SignedHead {
    return this.#signer.sign(purpose, head, nowMs);
  }

  /** Does all of it or nothing. Nobody else writes meanwhile. */
  atOnce<Result>(work: () => Result): Result {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.database.exec('COMMIT');
      return result;
    } catch (error) {
      // A full disk may have rolled back already.
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.database.close();
  }

  #insert(record: NewRecord, last: Head): Head {
    const seq = last.seq + 1;
    const names = record.names.map((name) => ({ ...name, salt: this.#random.bytes(saltBytes) }));
    const seals = canonical(Object.fromEntries(names.map((name) => [name.part, sealOf(name)])));
    const chained = { ...record, seq, seals, previous: last.hash };
    const hash = hashOf(chained);
    const { atMs, kind, session, body } = record;
    this.#insertRecord.run(seq, atMs, kind, session, body, seals, last.hash, hash);
    for (const { part, name, details, salt } of names) this.#insertName.run(seq, part, name, details, salt);
    return { seq, hash };
  }

  /** What is committed is committed, whether or not the anchor follows at once. */
  #anchor(head: SignedHead): void {
    try {
      writeAnchor(this.#anchorFile, head);
    } catch {
      // The next one has it all.
    }
  }

  #keepHead(purpose: HeadPurpose, { seq, hash, atMs, signature }: SignedHead): void {
    this.database
      .prepare('INSERT OR REPLACE INTO head VALUES (?, ?, ?, ?, ?)')
      .run(purpose, seq, hash, atMs, signature);
  }

  /** The last record from before a time. Times go up with the numbers, but for a clock that was set back: then it is one of several. */
  #lastBefore(beforeMs: number): number {
    let from = numberOf(this.database.prepare('SELECT MIN(seq) AS seq FROM record').get()?.seq ?? 1);
    let to = this.head().seq + 1;
    while (from < to) {
      const middle = Math.floor((from + to) / 2);
      const atMs = recordAt(this.database, middle)?.atMs;
      if (atMs !== undefined && atMs < beforeMs) from = middle + 1;
      else to = middle;
    }
    return from - 1;
  }
}
