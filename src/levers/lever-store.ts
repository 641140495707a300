import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type DeviceId, deviceId, isSameFile, LatchkeyError, limits, makeFile, subjectId } from '../base/index.ts';
import type { RevocationLine } from '../identity/index.ts';
import { migrate } from './lever-schema.ts';
import { hasMark, lostLevers, setMark } from './lost-levers.ts';
import { type Feature, features, readPosition, type SwitchPosition } from './switch-position.ts';

/** What was thrown before. Times are in milliseconds since the Unix epoch. */
export interface KeptLevers {
  /** In the order of their times. */
  readonly lines: readonly RevocationLine[];
  readonly everybodysMs: number;
  /** Up to when lines were forgotten. */
  readonly forgottenMs: number;
  /** The longest that tokens were let live, in milliseconds. */
  readonly tokenAgeMs: number;
  readonly quarantined: ReadonlyMap<DeviceId, number>;
  readonly switches: ReadonlyMap<Feature, SwitchPosition>;
}

/** Times of the table of revocations, in milliseconds since the Unix epoch. */
export interface RevocationTimes {
  readonly everybodysMs: number;
  readonly forgottenMs: number;
  readonly spentMs: number;
  readonly tokenAgeMs: number;
}

/** Where levers are kept. What returns is on the disk; what throws has changed nothing there. */
export interface LeverStore {
  load(): KeptLevers;
  /**
   * Keeps one line, where there is one, what is void of everybody's, and up to when lines were forgotten; lines from `spentMs` and before are of no
   * use any more.
   */
  revoked(line: RevocationLine | undefined, of: RevocationTimes): void;
  quarantined(device: DeviceId, atMs: number): void;
  released(device: DeviceId): void;
  switched(feature: Feature, position: SwitchPosition): void;
  close(): void;
}

/**
 * Opens the database, and makes it with mode 0600 where there never was one. Throws `settings-invalid` when it cannot be used, and where there
 * was one and there is none now: what had been taken back would be good again, and nobody would know.
 */
export function openLeverStore(file: string, linesMax: number = limits.revocationsMax): LeverStore {
  const inMemory = file === ':memory:';
  const wasHere = !inMemory && hasMark(file);
  let database: DatabaseSync | undefined;
  try {
    if (wasHere && !existsSync(file)) throw lostLevers();
    if (!inMemory) makeFile(file);
    database = new DatabaseSync(file, { timeout: limits.sqliteBusyMsMax });
    // With a log of its own, FULL is what makes each change last from the moment that it is acknowledged.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    migrate(database, () => {
      if (wasHere) throw lostLevers();
    });
    if (!inMemory && !wasHere) setMark(file);
    return new SqliteLeverStore(database, file, linesMax);
  } catch (error) {
    database?.close();
    throw unusable(file, error);
  }
}

/** Levers that are thrown to see what they would do. */
export function keptNowhere(kept: KeptLevers): LeverStore {
  return { load: () => kept, revoked() {}, quarantined() {}, released() {}, switched() {}, close() {} };
}

class SqliteLeverStore implements LeverStore {
  readonly #database: DatabaseSync;
  readonly #file: string;
  readonly #linesMax: number;
  readonly #isSameFile: () => boolean;

  constructor(database: DatabaseSync, file: string, linesMax: number) {
    this.#database = database;
    this.#file = file;
    this.#linesMax = linesMax;
    this.#isSameFile = isSameFile(file);
  }

  load(): KeptLevers {
    try {
      return this.#load();
    } catch (error) {
      throw unusable(this.#file, error);
    }
  }

  #load(): KeptLevers {
    const rows = (sql: string) => this.#database.prepare(sql).all();
    const bearers = rows('SELECT bearer, issued_before_ms AS ms FROM revoked_bearer ORDER BY ms, bearer').map(
      ({ bearer, ms }) => ({ of: 'bearer', bearer: subjectId(String(bearer)), issuedBeforeMs: Number(ms) }) as const,
    );
    const tokens = rows('SELECT token_id, issued_before_ms AS ms FROM revoked_token ORDER BY ms, token_id').map(
      ({ token_id, ms }) => ({ of: 'token', tokenId: String(token_id), issuedBeforeMs: Number(ms) }) as const,
    );
    const [everybody] = rows('SELECT issued_before_ms AS ms FROM revoked_all');
    const [forgotten] = rows('SELECT issued_before_ms AS ms, token_age_ms AS age FROM forgotten');
    const quarantined = rows('SELECT device, at_ms FROM quarantined ORDER BY at_ms, device').map(
      ({ device, at_ms }) => [deviceId(String(device)), Number(at_ms)] as const,
    );
    const switches = rows('SELECT feature, position FROM switched').flatMap(({ feature, position }) => {
      const known = features.find((each) => each === feature);
      return known === undefined ? [] : [[known, readPosition(String(position))] as const];
    });
    return {
      lines: [...bearers, ...tokens],
      everybodysMs: Number(everybody?.ms ?? 0),
      forgottenMs: Number(forgotten?.ms ?? 0),
      tokenAgeMs: Number(forgotten?.age ?? 0),
      quarantined: new Map(quarantined),
      switches: new Map(switches),
    };
  }

  revoked(line: RevocationLine | undefined, times: RevocationTimes): void {
    this.#demandFile();
    const database = this.#database;
    database.exec('BEGIN IMMEDIATE');
    try {
      if (line !== undefined) this.#put(line);
      this.#putTimes(times);
      const { everybodysMs, spentMs } = times;
      database.prepare('DELETE FROM revoked_bearer WHERE issued_before_ms <= ?').run(Math.max(everybodysMs, spentMs));
      database.prepare('DELETE FROM revoked_token WHERE issued_before_ms <= ?').run(spentMs);
      this.#dropBeyondBound();
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }

  /** The table in memory has no more lines of tokens either, and says the oldest of everybody. They are sorted only where there are too many. */
  #dropBeyondBound(): void {
    const database = this.#database;
    const lines = Number(database.prepare('SELECT count(*) AS lines FROM revoked_token').get()?.lines);
    if (lines <= this.#linesMax) return;
    const oldest = 'SELECT token_id FROM revoked_token ORDER BY issued_before_ms, token_id DESC LIMIT ?';
    database.prepare(`DELETE FROM revoked_token WHERE token_id IN (${oldest})`).run(lines - this.#linesMax);
  }

  /** What was forgotten, and how long tokens were let live, is never less than before: also by a clock that is behind. */
  #putTimes({ everybodysMs, forgottenMs, tokenAgeMs }: RevocationTimes): void {
    this.#database
      .prepare(
        'INSERT INTO revoked_all VALUES (1, ?) ON CONFLICT DO UPDATE SET issued_before_ms = excluded.issued_before_ms',
      )
      .run(everybodysMs);
    this.#database
      .prepare(
        `INSERT INTO forgotten VALUES (1, ?, ?) ON CONFLICT DO UPDATE SET
         issued_before_ms = max(issued_before_ms, excluded.issued_before_ms),
         token_age_ms = max(token_age_ms, excluded.token_age_ms)`,
      )
      .run(forgottenMs, tokenAgeMs);
  }

  #put(line: RevocationLine): void {
    const update = 'ON CONFLICT DO UPDATE SET issued_before_ms = max(issued_before_ms, excluded.issued_before_ms)';
    const [table, name] =
      line.of === 'bearer' ? (['revoked_bearer', line.bearer] as const) : (['revoked_token', line.tokenId] as const);
    this.#database.prepare(`INSERT INTO ${table} VALUES (?, ?) ${update}`).run(name, line.issuedBeforeMs);
  }

  quarantined(device: DeviceId, atMs: number): void {
    this.#demandFile();
    this.#database.prepare('INSERT INTO quarantined VALUES (?, ?) ON CONFLICT DO NOTHING').run(device, atMs);
  }

  released(device: DeviceId): void {
    this.#demandFile();
    this.#database.prepare('DELETE FROM quarantined WHERE device = ?').run(device);
  }

  switched(feature: Feature, position: SwitchPosition): void {
    this.#demandFile();
    this.#database
      .prepare('INSERT INTO switched VALUES (?, ?) ON CONFLICT DO UPDATE SET position = excluded.position')
      .run(feature, JSON.stringify(position));
  }

  /** What is written into a file that has no name any more is gone with the process. */
  #demandFile(): void {
    if (this.#isSameFile()) return;
    throw new Error(`${this.#file} is gone, or is another file than the one that was opened`);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

function unusable(file: string, error: unknown): LatchkeyError {
  const why = error instanceof LatchkeyError ? (error.detail ?? error.code) : (error as Error).message;
  return new LatchkeyError('settings-invalid', `${file}: ${why}`, { cause: error });
}
