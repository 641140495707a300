import type {
  Connection,
  HttpRequest,
  HttpResponse,
  Transport,
  TransportHandlers,
  TransportObserver,
  TransportParts,
  TransportSettings,
  UpgradeDecision,
} from '../../src/signaling/transport/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { RawClient } from '../support/raw-client.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { WebSocketClient } from '../support/web-socket-client.ts';

export type OpenTransport = (
  handlers: TransportHandlers,
  settings: TransportSettings,
  parts: TransportParts,
) => Promise<Transport>;

/** One promise that a transport makes. The claim throws when it is not kept. */
export interface TransportClaim {
  readonly name: string;
  /** It waits for a time of the library's own, of some ten seconds; meanwhile others can be tried. */
  readonly slow?: boolean;
  readonly claim: (open: OpenTransport) => Promise<void>;
}

export const stageSettings: TransportSettings = {
  host: '::',
  port: 0,
  tls: undefined,
  messageBytesMax: 4_096,
  sendBufferBytesMax: 65_536,
  connectionsMax: 100,
  keepAliveMs: 1_000,
};

/** An opening handshake by hand; the key is the one of RFC 6455 section 1.3. */
export const handshakeHeaders = [
  'Connection: keep-alive, Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

/** A text frame of up to 125 bytes as a client sends it, masked with zeros. */
export function maskedText(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}

/** What the server saw, in order, with a way to wait for it. */
export class Log<Entry> {
  readonly entries: Entry[] = [];
  #wake = Promise.withResolvers<void>();

  add(entry: Entry): void {
    this.entries.push(entry);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }

  /** Resolves to the first entry for which `match` holds, as soon as there is one. */
  async first(match: (entry: Entry) => boolean = () => true): Promise<Entry> {
    for (;;) {
      const found = this.entries.find(match);
      if (found !== undefined) return found;
      await this.#wake.promise;
    }
  }

  /** Resolves when there are `count` entries. */
  async count(count: number): Promise<void> {
    while (this.entries.length < count) await this.#wake.promise;
  }
}

export interface StageOptions {
  readonly canWait?: TransportHandlers['canWait'];
  readonly settings?: Partial<TransportSettings>;
  /** Takes the place of what logs, member by member. */
  readonly observer?: TransportObserver;
  request?(request: HttpRequest): Promise<HttpResponse>;
  upgrade?(request: HttpRequest): Promise<UpgradeDecision>;
  message?(text: string, connection: Connection): void;
  opened?(connection: Connection): void;
  ended?(code: number): void;
}

/** A transport on a port of its own with clients, a clock that stands still, and a log of everything. */
export class Stage implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly requests = new Log<HttpRequest>();
  readonly upgrades = new Log<HttpRequest>();
  readonly connections = new Log<Connection>();
  readonly messages = new Log<string>();
  readonly closed = new Log<number>();
  readonly faults = new Log<unknown>();
  readonly refused = new Log<string>();
  readonly dropped = new Log<string>();
  readonly open = new Log<number>();
  readonly #options: StageOptions;
  readonly #clients: RawClient[] = [];
  #transport: Transport | undefined;

  private constructor(options: StageOptions) {
    this.#options = options;
  }

  static async set(open: OpenTransport, options: StageOptions = {}): Promise<Stage> {
    const stage = new Stage(options);
    const handlers: TransportHandlers = {
      request: (request) => stage.#request(request),
      upgrade: (request) => stage.#upgrade(request),
      ...(options.canWait && { canWait: options.canWait }),
    };
    const observer: TransportObserver = {
      fault: (error) => stage.faults.add(error),
      refused: (reason) => stage.refused.add(reason),
      dropped: (reason) => stage.dropped.add(reason),
      connections: (count) => stage.open.add(count),
      ...options.observer,
    };
    const parts = { clock: stage.clock, random: seededRandom(1), observer };
    stage.#transport = await open(handlers, { ...stageSettings, ...options.settings }, parts);
    return stage;
  }

  get transport(): Transport {
    if (this.#transport === undefined) throw new Error('the stage is not set');
    return this.#transport;
  }

  /** Resolves when so many TCP connections are open. */
  async openBecomes(count: number): Promise<void> {
    while (this.open.entries.at(-1) !== count) await this.open.count(this.open.entries.length + 1);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.transport.port}`;
  }

  async client(): Promise<RawClient> {
    const client = await RawClient.connect(this.transport.port);
    this.#clients.push(client);
    return client;
  }

  /** A WebSocket on which the server's side is open as well. */
  async webSocket(path = '/', options: Parameters<typeof WebSocketClient.open>[2] = {}): Promise<WebSocketClient> {
    const before = this.connections.entries.length;
    const client = await WebSocketClient.open(this.url + path, [], options);
    await this.connections.count(before + 1);
    return client;
  }

  /** Whether a new client is served. */
  async serves(): Promise<boolean> {
    const client = await this.client();
    const { status } = await client.request('GET', '/alive').reply();
    client.destroy();
    return status === 200;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy();
    const closed = this.transport.close(0);
    this.clock.advance(0);
    await closed;
  }

  #request(request: HttpRequest): Promise<HttpResponse> {
    this.requests.add(request);
    return this.#options.request?.(request) ?? Promise.resolve({ status: 200, body: 'fine' });
  }

  #upgrade(request: HttpRequest): Promise<UpgradeDecision> {
    this.upgrades.add(request);
    return this.#options.upgrade?.(request) ?? Promise.resolve(this.accept());
  }

  /** A decision to open, with handlers that log. */
  accept(subprotocol = '', headers?: Readonly<Record<string, string>>): UpgradeDecision {
    return {
      subprotocol,
      headers,
      open: (connection) => {
        this.connections.add(connection);
        this.#options.opened?.(connection);
        return {
          message: (text) => {
            this.messages.add(text);
            this.#options.message?.(text, connection);
          },
          closed: (code) => {
            this.closed.add(code);
            this.#options.ended?.(code);
          },
        };
      },
    };
  }
}
