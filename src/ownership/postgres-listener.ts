import type { Client } from 'pg';
import { type Clock, deviceId, limits, type RandomSource, subjectId, type Timer, within } from '../base/index.ts';
import { postgresChannel, postgresSchemaVersion } from './postgres-schema.ts';
import { ReconnectWait } from './reconnect-wait.ts';
import type { OwnershipChange } from './source.ts';
import { codeOfError, SourceFailure, type SourceObserver } from './source-observer.ts';

export interface ListenerPowers {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** A connection for this alone, which is not open yet. */
  readonly client: () => Client;
  readonly observer: SourceObserver;
}

/** What the database says of itself: when it was started, and how often grants have changed. */
interface Mark {
  readonly started: string;
  readonly revision: number;
}

const lookText = `SELECT schema_version, revision, extract(epoch FROM pg_postmaster_start_time())::text AS started
  FROM latchkey.ownership_revision`;

/**
 * One connection that listens for changes of grants, and is made again whenever it breaks. It looks at the revision every
 * `limits.postgresLookMs` as well, so that a change which is not told is found, and a connection that is dead is noticed. After
 * every break, and where something was missed, everything may have changed.
 */
export class PostgresListener {
  readonly #powers: ListenerPowers;
  readonly #told: (change: OwnershipChange) => void;
  readonly #closing = Promise.withResolvers<never>();
  #mark: Mark | undefined;
  readonly #retry: ReconnectWait;
  #closed = false;

  constructor(powers: ListenerPowers, told: (change: OwnershipChange) => void) {
    this.#powers = powers;
    this.#told = told;
    this.#retry = new ReconnectWait(limits.postgresListenRetryMsFirst, limits.postgresListenRetryMsMax, powers.random);
    this.#closing.promise.catch(() => {});
    void this.#run();
  }

  /** Equal for equal grants, also to another relay, as long as the database runs. Undefined while nobody listens. */
  get revision(): string | undefined {
    return this.#mark === undefined ? undefined : `${this.#mark.started}.${this.#mark.revision}`;
  }

  close(): void {
    this.#closed = true;
    this.#mark = undefined;
    this.#closing.reject(new Error('the source is closed'));
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      try {
        await this.#listen();
      } catch (thrown) {
        this.#mark = undefined;
        if (this.#closed) return;
        this.#powers.observer.fault?.('not-listening', codeOfError(thrown));
        await this.#wait(this.#retry.next()).catch(() => {});
      }
    }
  }

  /** Never resolves: rejects when the connection is lost, or this is closed. */
  async #listen(): Promise<never> {
    const client = this.#powers.client();
    const lost = Promise.withResolvers<never>();
    lost.promise.catch(() => {});
    client.on('error', lost.reject);
    client.on('end', () => lost.reject(new SourceFailure('unreachable')));
    let heardMax = 0;
    client.on('notification', ({ payload }) => {
      heardMax = Math.max(heardMax, this.#heard(payload ?? ''));
    });
    const orLost = <T>(work: Promise<T>) => Promise.race([work, lost.promise, this.#closing.promise]);
    try {
      await orLost(client.connect());
      await orLost(this.#inTime(() => client.query(`LISTEN ${postgresChannel}`)));
      let looked = await orLost(this.#look(client));
      // What changed while it looked may be told before its answer is taken up here.
      this.#mark = { ...looked, revision: Math.max(looked.revision, heardMax) };
      this.#retry.reset();
      this.#told('everything');
      for (;;) {
        await orLost(this.#wait(limits.postgresLookMs));
        const [due, heard] = [looked.revision, this.#mark.revision];
        looked = await orLost(this.#look(client));
        this.#compare(due, heard, looked);
      }
    } finally {
      this.#mark = undefined;
      client.removeAllListeners('notification');
      // A connection that hangs is not waited for.
      client.end().catch(() => {});
    }
  }

  async #look(client: Client): Promise<Mark> {
    const { rows } = await this.#inTime(() => client.query(lookText));
    const [row] = rows as { schema_version?: unknown; revision?: unknown; started?: unknown }[];
    if (row?.schema_version !== postgresSchemaVersion) throw new SourceFailure('refused', 'schema_version');
    return { started: String(row.started), revision: Number(row.revision) };
  }

  #inTime<T>(ask: () => Promise<T>): Promise<T> {
    return within(this.#powers.clock, limits.postgresLookAnswerMsMax, ask);
  }

  /**
   * A revision that was there at one look, `due`, is told by the next, or it is not told at all. What was `heard` before this look is in it; a
   * later change may be heard before it and be not.
   */
  #compare(due: number, heard: number, looked: Mark): void {
    const mark = this.#mark;
    if (mark === undefined) return;
    if (looked.revision < heard || looked.started !== mark.started) throw new SourceFailure('unheard');
    if (mark.revision >= due) return;
    this.#powers.observer.fault?.('unheard', undefined);
    this.#mark = looked;
    this.#told('everything');
  }

  /** Tells of a change; before the first look, after which everything is told, it only says its revision. 0 where there is none. */
  #heard(payload: string): number {
    const [revision = '', subject = '', device = ''] = payload.split(' ');
    const number = Number(revision);
    const told = Number.isSafeInteger(number) ? number : 0;
    if (this.#mark === undefined) return told;
    if (told > this.#mark.revision) this.#mark = { ...this.#mark, revision: told };
    this.#told(changeOf(subject, device));
    return told;
  }

  #wait(ms: number): Promise<void> {
    let timer: Timer | undefined;
    const over = new Promise<void>((resolve) => {
      timer = this.#powers.clock.after(ms, resolve);
    });
    return Promise.race([over, this.#closing.promise]).finally(() => timer?.cancel());
  }
}

/** What cannot be read may be anybody's. */
function changeOf(subject: string, device: string): OwnershipChange {
  try {
    return { subject: subjectId(subject), device: deviceId(device) };
  } catch {
    return 'everything';
  }
}
