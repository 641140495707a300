import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { Client, Pool, type PoolClient } from 'pg';
import {
  type Clock,
  type DeviceId,
  LatchkeyError,
  limits,
  type RandomSource,
  type Redacted,
  type SubjectId,
} from '../base/index.ts';
import { demandGrant, type Grant, type GrantBook } from './grant-book.ts';
import { cancelQuestion } from './postgres-cancel.ts';
import { PostgresListener } from './postgres-listener.ts';
import { all, one, put, type Question, some, take } from './postgres-questions.ts';
import { answerOf, answersOf, grantsOf, type Row } from './postgres-rows.ts';
import type { OwnershipChange, OwnershipQuestion, OwnershipSource } from './source.ts';
import { codeOfError, SourceFailure, type SourceFault, type SourceObserver } from './source-observer.ts';
import { Turnstile } from './turnstile.ts';

export interface PostgresSettings {
  /** A host, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: Redacted<string> | undefined;
  /** Undefined: in clear. The server's certificate is checked in every other case, against `ca` (PEM) where there is one. */
  readonly tls: { readonly ca?: string | undefined } | undefined;
  /** Connections for questions, 1 to `limits.postgresConnectionsMax`; one more listens. */
  readonly connectionsMax: number;
}

export interface PostgresPowers {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly observer?: SourceObserver;
}

/**
 * A PostgreSQL database of the schema in `postgres-schema.ts`. What any process changes there is told here at its commit. While its
 * changes cannot be heard, its answers stand, and none is remembered.
 */
export interface PostgresSource extends OwnershipSource {
  revision(): string;
  changes(listener: (change: OwnershipChange) => void): () => void;
}

/** Opens nothing before it is needed: a database that is not there yet is one that is down. */
export function openPostgresSource(settings: PostgresSettings, powers: PostgresPowers): PostgresSource {
  const { clock, random, observer = {} } = powers;
  const database = new Database(settings, observer);
  const listeners = new Set<(change: OwnershipChange) => void>();
  const client = () => new Client(connectionOf(settings));
  const listener = new PostgresListener({ clock, random, client, observer }, (change) => {
    for (const each of listeners) each(change);
  });
  return {
    name: 'postgres',
    sharedAs: `postgres ${settings.database}`,
    revision() {
      const { revision } = listener;
      if (revision === undefined) throw new SourceFailure('not-listening');
      return revision;
    },
    changes(each) {
      listeners.add(each);
      return () => listeners.delete(each);
    },
    async ask({ subject, device }, signal) {
      return answerOf(await database.ask(one(subject, device), signal));
    },
    async devicesOf(subject, signal) {
      const answers = answersOf(await database.ask(all(subject, clock.now()), signal), subject);
      if (answers !== undefined) return answers;
      observer.alarm?.('source-crossed');
      throw new SourceFailure('malformed', 'crossed');
    },
    async close() {
      listener.close();
      await database.close();
    },
  };
}

/** The same database, to be written. Its errors are for the operator who writes. */
export function openPostgresBook(settings: PostgresSettings): GrantBook {
  const database = new Database(settings, {});
  const run = async (question: Question) => {
    try {
      return await database.ask(question, AbortSignal.timeout(limits.ownershipAnswerMsMax));
    } catch (thrown) {
      throw forOperator(thrown);
    }
  };
  return {
    async grant(grant: Grant) {
      await run(put(demandGrant(grant)));
    },
    async revoke(question: OwnershipQuestion) {
      return (await run(take(question))).length === 1;
    },
    async list(of: { readonly subject?: SubjectId; readonly device?: DeviceId } = {}) {
      return grantsOf(await run(some(of)));
    },
    close: () => database.close(),
  };
}

/** A bounded pool of connections, each of which is given up when anything goes wrong on it. */
class Database {
  readonly #settings: PostgresSettings;
  readonly #observer: SourceObserver;
  readonly #pool: Pool;
  /** Who waits for a connection waits here: the pool would take their waiting for a database that cannot be reached. */
  readonly #turnstile: Turnstile;
  #closed: Promise<void> | undefined;

  constructor(settings: PostgresSettings, observer: SourceObserver) {
    this.#settings = settings;
    this.#observer = observer;
    this.#turnstile = new Turnstile(settings.connectionsMax, limits.ownershipQuestionsInFlightMax);
    this.#pool = new Pool({
      ...connectionOf(settings),
      max: settings.connectionsMax,
      idleTimeoutMillis: limits.postgresIdleMsMax,
      allowExitOnIdle: true,
    });
    this.#pool.on('error', () => {});
    // A connection that breaks while it is lent out says so by the question that it breaks.
    this.#pool.on('connect', (client) => client.on('error', () => {}));
  }

  async ask(question: Question, signal: AbortSignal): Promise<Row[]> {
    signal.throwIfAborted();
    try {
      return await this.#turnstile.run(signal, async () => {
        signal.throwIfAborted();
        return await this.#on(await this.#lend(signal), question, signal);
      });
    } catch (thrown) {
      if (this.#closed !== undefined) throw thrown;
      const fault = signal.aborted ? 'late' : faultOf(thrown);
      this.#observer.fault?.(fault, codeOfError(thrown));
      throw signal.aborted ? signal.reason : new SourceFailure(fault, codeOfError(thrown), { cause: thrown });
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#pool.end();
    return this.#closed;
  }

  /** A connection that comes when nobody waits for it any more goes back. */
  async #lend(signal: AbortSignal): Promise<PoolClient> {
    const lent = this.#pool.connect();
    try {
      return await Promise.race([lent, whenAborted(signal)]);
    } catch (thrown) {
      lent.then(
        (client) => client.release(),
        () => {},
      );
      throw thrown;
    }
  }

  async #on(client: PoolClient, question: Question, signal: AbortSignal): Promise<Row[]> {
    try {
      const asked = client.query<Row>({ ...question, values: [...question.values] });
      const { rows } = await Promise.race([asked, whenAborted(signal)]);
      client.release();
      return rows;
    } catch (thrown) {
      if (signal.aborted) this.#takeBack(client);
      client.release(true);
      throw thrown;
    }
  }

  #takeBack(client: PoolClient): void {
    const { processID: processId, secretKey } = client as { processID?: unknown; secretKey?: unknown };
    if (typeof processId !== 'number' || typeof secretKey !== 'number') return;
    cancelQuestion({ ...this.#settings, tls: tlsOf(this.#settings) }, { processId, secretKey });
  }
}

function connectionOf(settings: PostgresSettings) {
  const { host, port, database, user, password } = settings;
  return {
    host,
    port,
    database,
    user,
    ...(password !== undefined && { password: password.reveal() }),
    ssl: tlsOf(settings) ?? false,
    application_name: 'latchkey',
    keepAlive: true,
    connectionTimeoutMillis: limits.postgresConnectMsMax,
    statement_timeout: limits.postgresStatementMsMax,
  };
}

/** The host is named twice: a certificate is compared with `localhost` where an address is named by nothing else. */
function tlsOf({ host, tls }: PostgresSettings): ConnectionOptions | undefined {
  if (tls === undefined) return undefined;
  const name = isIP(host) === 0 ? { servername: host } : {};
  return { rejectUnauthorized: true, host, ...name, ...(tls.ca !== undefined && { ca: tls.ca }) };
}

/** Rejects when the signal is aborted; whoever races against it leaves nothing behind. */
function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** SQLSTATE tells (PostgreSQL, appendix A): 28 and 42 that this relay may not or cannot ask so, 3D and 3F that something is not there. */
function faultOf(thrown: unknown): SourceFault {
  if (thrown instanceof SourceFailure) return thrown.fault;
  const code = codeOfError(thrown) ?? '';
  if (/^(?:28|42|3D|3F)[0-9A-Z]{3}$/.test(code)) return 'refused';
  if (code === '57014') return 'late';
  return /^(?:57P|08)/.test(code) || !/^[0-9A-Z]{5}$/.test(code) ? 'unreachable' : 'failed';
}

function forOperator(thrown: unknown): unknown {
  if (!(thrown instanceof SourceFailure)) return new LatchkeyError('source-unavailable', 'postgres', { cause: thrown });
  if (thrown.code === '42P01' || thrown.code === '3F000') {
    const detail = 'the database has no such schema: have `latchkey own schema` print it for psql';
    return new LatchkeyError('settings-invalid', detail, { cause: thrown });
  }
  const why = thrown.cause instanceof Error ? thrown.cause.message : thrown.message;
  return new LatchkeyError(thrown.fault === 'refused' ? 'settings-invalid' : 'source-unavailable', why, {
    cause: thrown,
  });
}
