import { limits, type RandomSource } from '../base/index.ts';
import { clearUnfinished } from './anchor.ts';
import type { JsonObject } from './canonical.ts';
import { type Head, headText } from './heads.ts';
import type { Batch, FromScribe, ScribeSettings, SignOfLife, ToScribe } from './messages.ts';
import { numberOf, textOf } from './reading.ts';
import { type NewRecord, newRecord } from './records.ts';
import { isRunning, thisProcess } from './runs.ts';
import { AuditStore } from './store.ts';

/** Does what a writer is told: it alone touches the disk, in a thread of its own. */
export class Scribe {
  readonly #settings: ScribeSettings;
  readonly #store: AuditStore;
  readonly #tell: (message: FromScribe) => void;

  /** Opens the record, and takes down what earlier runs left open. Throws what `AuditStore` does, and what SQLite does. */
  constructor(settings: ScribeSettings, random: RandomSource, tell: (message: FromScribe) => void) {
    this.#settings = settings;
    this.#store = new AuditStore(settings.place, random);
    this.#tell = tell;
    try {
      const { run, startedAtMs } = settings;
      const known = this.#store.database.prepare('SELECT batch FROM run WHERE id = ?').get(run);
      const broken = known === undefined ? this.#store.broken(startedAtMs) : undefined;
      const lost = known === undefined ? this.#begin(broken) : 0;
      const batch = known === undefined ? 0 : numberOf(known.batch);
      tell({ kind: 'ready', batch, head: headText(this.#store.head()), lost, broken: broken !== undefined });
    } catch (error) {
      this.#store.close();
      throw error;
    }
  }

  take(message: ToScribe): void {
    switch (message.kind) {
      case 'write':
        this.#write(message.batch);
        return;
      case 'retain':
        this.#retain(message.atMs);
        return;
      case 'close':
        this.#close(message.atMs);
    }
  }

  #begin(broken: NewRecord | undefined): number {
    const { run, version, startedAtMs, place } = this.#settings;
    clearUnfinished(place.anchorFile);
    const lost = this.#buryRuns();
    const started = newRecord('run-started', startedAtMs, { run, version });
    this.#store.append(broken === undefined ? [started] : [broken, started], startedAtMs, () => {
      this.#store.database
        .prepare('INSERT INTO run VALUES (?, ?, ?, ?, 0)')
        .run(run, thisProcess(), startedAtMs, startedAtMs);
    });
    return lost;
  }

  /** What dead runs left open ended at some time after their last sign of life, and before now. Returns how many live views that were. */
  #buryRuns(): number {
    const { database } = this.#store;
    let lost = 0;
    for (const row of database.prepare('SELECT id, process, started_ms, alive_ms FROM run').all()) {
      const run = textOf(row.id);
      if (this.#settings.runsHere.includes(run)) continue;
      const process = textOf(row.process);
      if (process !== thisProcess() && isRunning(process)) continue;
      lost += this.#buryRun(run, numberOf(row.started_ms), numberOf(row.alive_ms));
    }
    return lost;
  }

  #buryRun(run: string, startedAtMs: number, aliveAtMs: number): number {
    const { database } = this.#store;
    const goneByMs = this.#settings.startedAtMs;
    const some = database.prepare(
      'SELECT session, at_ms, figures FROM live WHERE run = ? ORDER BY started_seq LIMIT ?',
    );
    let lost = 0;
    for (;;) {
      const rows = some.all(run, limits.auditBatchRecordsMax);
      if (rows.length === 0) break;
      const records = rows.map(({ session, figures }) => {
        const body = { run, aliveAtMs, goneByMs, figures: figuresOf(textOf(figures)) };
        return newRecord('session-lost', goneByMs, body, { session: textOf(session) });
      });
      this.#store.append(records, goneByMs, () => this.#follow(records));
      lost += rows.length;
    }
    const ended = newRecord('run-lost', goneByMs, { run, startedAtMs, aliveAtMs, goneByMs, sessions: lost });
    this.#store.append([ended], goneByMs, () => database.prepare('DELETE FROM run WHERE id = ?').run(run));
    return lost;
  }

  #write({ number, records, alive }: Batch): void {
    const { database } = this.#store;
    const startedMs = performance.now();
    try {
      // A sign of life is worth no wait for the disk, and is not lost with the process.
      database.exec(`PRAGMA synchronous = ${records.length === 0 ? 'NORMAL' : 'FULL'}`);
      const besides = ({ seq }: Head) => {
        this.#follow(records, seq - records.length + 1);
        this.#live(number, alive);
      };
      this.#store.append(records, alive.atMs, besides, (head) =>
        this.#tell({ kind: 'written', number, head: headText(head), ms: performance.now() - startedMs }),
      );
    } catch (error) {
      this.#tell({ kind: 'failed', number, why: (error as Error).message });
    }
  }

  /** Keeps which live views have begun and not ended. */
  #follow(records: readonly NewRecord[], firstSeq = 0): void {
    const { database } = this.#store;
    for (const [index, { kind, session, atMs }] of records.entries()) {
      if (kind === 'session-started') {
        database
          .prepare("INSERT OR REPLACE INTO live VALUES (?, ?, ?, ?, '')")
          .run(session, this.#settings.run, firstSeq + index, atMs);
      } else if (kind === 'session-ended' || kind === 'session-lost') {
        database.prepare('DELETE FROM live WHERE session = ?').run(session);
      }
    }
  }

  #live(number: number, { atMs, figures }: SignOfLife): void {
    const { database } = this.#store;
    database.prepare('UPDATE run SET alive_ms = ?, batch = ? WHERE id = ?').run(atMs, number, this.#settings.run);
    const update = database.prepare('UPDATE live SET at_ms = ?, figures = ? WHERE session = ?');
    for (const [session, text] of figures) update.run(atMs, text, session);
  }

  #retain(atMs: number): void {
    const { namesMsMax, recordsMsMax } = this.#settings;
    try {
      if (recordsMsMax !== undefined) this.#store.prune(atMs - recordsMsMax, atMs);
      if (namesMsMax !== undefined) this.#store.dropNames(atMs - namesMsMax, atMs);
      this.#tell({ kind: 'retained', why: undefined });
    } catch (error) {
      this.#tell({ kind: 'retained', why: (error as Error).message });
    }
  }

  #close(atMs: number): void {
    const { run } = this.#settings;
    try {
      this.#store.append([newRecord('run-ended', atMs, { run })], atMs, () => {
        this.#store.database.prepare('DELETE FROM run WHERE id = ?').run(run);
      });
    } catch {
      // The next run finds this one without an end, and says so.
    }
    this.#store.close();
    this.#tell({ kind: 'closed' });
  }
}

function figuresOf(text: string): JsonObject | undefined {
  return text === '' ? undefined : JSON.parse(text);
}
