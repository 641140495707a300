import { connect as connectTcp, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { type Clock, limits, type RandomSource, type Redacted, type Timer } from '../base/index.ts';
import { ReconnectWait } from './reconnect-wait.ts';
import { type ConnectionEnd, RedisConnection } from './redis-connection.ts';
import type { RespReply } from './resp.ts';
import type { SharedStore, SharedStoreObserver } from './shared-store.ts';

export interface RedisSettings {
  readonly host: string;
  readonly port: number;
  /** Absent: in the clear. `ca`: PEM of who may sign the server’s certificate; the system’s own list where it is absent. */
  readonly tls?: { readonly ca?: string };
  readonly username?: string;
  readonly password?: Redacted<string>;
}

export interface RedisPowers {
  readonly clock: Clock;
  readonly random: RandomSource;
}

/**
 * A store on Redis or Valkey, over one connection at a time. It connects by itself and never waits for that: while there is no
 * connection that has answered in time, nothing is there. The wait for the next connection doubles with every short-lived one.
 */
export function openRedisStore(
  settings: RedisSettings,
  powers: RedisPowers,
  observer: SharedStoreObserver,
): SharedStore {
  return new RedisStore(settings, powers, observer);
}

class RedisStore implements SharedStore {
  readonly #settings: RedisSettings;
  readonly #clock: Clock;
  readonly #random: RandomSource;
  readonly #observer: SharedStoreObserver;
  /** The connection that is on its way, or in use. */
  #connection: RedisConnection | undefined;
  /** Whether it may be used, and since when. */
  #readySinceMs: number | undefined;
  #timer: Timer | undefined;
  readonly #wait: ReconnectWait;
  #writes = 0;
  #closed = false;

  constructor(settings: RedisSettings, { clock, random }: RedisPowers, observer: SharedStoreObserver) {
    this.#settings = settings;
    this.#clock = clock;
    this.#random = random;
    this.#wait = new ReconnectWait(limits.sharedReconnectMsFirst, limits.sharedReconnectMsMax, random);
    this.#observer = observer;
    this.#connect();
  }

  async get(name: string): Promise<string | undefined> {
    const connection = this.#ready();
    const reply = await connection.ask(['GET', name]);
    if (reply.type === 'bulk') return reply.text;
    throw faultOf(connection, reply);
  }

  async set(name: string, sealed: string, lifeMs: number): Promise<void> {
    if (this.#writes >= limits.sharedWritesInFlightMax) throw new Error('too many answers are being written');
    const connection = this.#ready();
    this.#writes += 1;
    try {
      const reply = await connection.ask(['SET', name, sealed, 'PX', String(lifeMs)]);
      if (reply.type !== 'status' || reply.text !== 'OK') throw faultOf(connection, reply);
    } finally {
      this.#writes -= 1;
    }
  }

  renew(): void {
    this.#connection?.end('closed');
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#connection?.end('closed');
  }

  #ready(): RedisConnection {
    const connection = this.#connection;
    if (connection === undefined || this.#readySinceMs === undefined) throw new Error('the shared cache is not there');
    if (connection.waiting >= limits.sharedCommandsInFlightMax) throw new Error('too many questions are under way');
    return connection;
  }

  #connect(): void {
    const connection = new RedisConnection(openSocket(this.#settings), this.#clock, (why, code) =>
      this.#ended(why, code),
    );
    this.#connection = connection;
    this.#greet(connection).then(
      () => this.#isReady(connection),
      () => connection.end('lost'),
    );
  }

  /** Nobody’s question goes over a connection before it has given back a word that cannot be guessed. */
  async #greet(connection: RedisConnection): Promise<void> {
    const { username, password } = this.#settings;
    const word = this.#random.bytes(16).toString('base64url');
    const names = username === undefined ? [] : [username];
    const commands = [...(password === undefined ? [] : [['AUTH', ...names, password.reveal()]]), ['PING', word]];
    const asked = commands.map((command) => connection.ask(command, limits.sharedConnectMsMax));
    const replies = await Promise.all(asked);
    const echo = replies.at(-1);
    const error = replies.find((reply) => reply.type === 'error');
    if (error !== undefined) return connection.end(notLetIn.test(error.text ?? '') ? 'refused' : 'lost');
    if (echo?.type !== 'bulk' || echo.text !== word) connection.end('foreign');
  }

  #isReady(connection: RedisConnection): void {
    if (this.#connection !== connection) return;
    this.#readySinceMs = this.#clock.now();
    this.#observer.reached?.('connected', undefined);
  }

  #ended(why: ConnectionEnd, code: string | undefined): void {
    const lastedMs = this.#readySinceMs === undefined ? 0 : this.#clock.now() - this.#readySinceMs;
    this.#connection = undefined;
    this.#readySinceMs = undefined;
    if (this.#closed) return;
    if (lastedMs >= limits.sharedSteadyMs) this.#wait.reset();
    this.#timer = this.#clock.after(this.#wait.next(), () => this.#connect());
    if (why === 'foreign') this.#observer.foreign();
    else this.#observer.reached?.(why === 'closed' ? 'lost' : why, code);
  }
}

/** What a server says that will not change by waiting; it may also be loading, or without its master. */
const notLetIn = /^(?:NOAUTH|WRONGPASS|NOPERM|ERR)\b/;

/** The server may say that it cannot; anything else that is no answer to the question was meant for another. */
function faultOf(connection: RedisConnection, reply: RespReply): Error {
  if (reply.type === 'error') return new Error('the shared cache cannot answer');
  connection.end('foreign');
  return new Error('the shared cache gave the reply of another question');
}

function openSocket({ host, port, tls }: RedisSettings): Duplex {
  if (tls === undefined) return connectTcp({ host, port, noDelay: true });
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ host, port, ...servername, ...(tls.ca !== undefined && { ca: tls.ca }) });
}
