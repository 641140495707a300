import {
  asLatchkeyError,
  type Clock,
  LatchkeyError,
  limits,
  type RandomSource,
  rescued,
  type Soon,
  whenThere,
} from '../../base/index.ts';
import { ClientAddresses } from './client-address.ts';
import { KeepAlive } from './keep-alive.ts';
import { bareResponse, type ReadyResponse, readyResponse } from './ready-response.ts';
import { RequestHead } from './request-head.ts';
import { type ConnectionServer, type RawSocket, ServedConnection } from './served-connection.ts';
import type {
  DropReason,
  HttpRequest,
  RenewableSettings,
  TransportHandlers,
  TransportObserver,
  TransportRefusal,
  TransportSettings,
  UpgradeDecision,
} from './transport.ts';
import { checkOpeningHandshake, offersSubprotocol } from './upgrade.ts';

export interface TransportParts {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly observer: TransportObserver;
}

export type OpenUpgrade = Exclude<UpgradeDecision, { refuse: unknown }>;

/** Everything that both servers do alike: what is let in, what handlers are asked, and what becomes of their answers. */
export class ServerCore implements ConnectionServer {
  readonly clock: Clock;
  readonly #handlers: TransportHandlers;
  readonly #random: RandomSource;
  readonly #observer: TransportObserver;
  readonly #keepAlive: KeepAlive<ServedConnection>;
  #settings: TransportSettings;
  #clients: ClientAddresses;
  #tcpConnections = 0;
  #stopping = false;
  #lettingGo = false;

  constructor(handlers: TransportHandlers, settings: TransportSettings, parts: TransportParts) {
    this.#settings = settings;
    this.clock = parts.clock;
    this.#handlers = handlers;
    this.#random = parts.random;
    this.#observer = parts.observer;
    this.#clients = new ClientAddresses(settings.trustedProxies ?? []);
    this.#keepAlive = new KeepAlive(parts.clock, settings.keepAliveMs);
  }

  get settings(): TransportSettings {
    return this.#settings;
  }

  /** The WebSockets that are open. */
  get open(): Iterable<ServedConnection> {
    return this.#keepAlive.peers();
  }

  /** Reads other settings whole before the first is taken: what it gives puts them in force. Throws `settings-invalid`. */
  renewal({ tls, connectionsMax, trustedProxies }: RenewableSettings): () => void {
    const clients = new ClientAddresses(trustedProxies ?? []);
    return () => {
      this.#settings = { ...this.#settings, tls, connectionsMax, trustedProxies };
      this.#clients = clients;
    };
  }

  /** Whether each answer is the last one of its connection. */
  get lettingGo(): boolean {
    return this.#lettingGo || this.#stopping;
  }

  letGo(): void {
    this.#lettingGo = true;
  }

  /** Counts a TCP connection that came. False: there are so many that it is not even worth a refusal. */
  connected(): boolean {
    this.#observer.connections?.(++this.#tcpConnections);
    return this.#tcpConnections <= this.settings.connectionsMax + limits.connectionsRefusedAtOnceMax;
  }

  /** Whether whoever begins so may wait while others are served. */
  canWait(beginning: string): boolean {
    return this.#handlers.canWait?.(beginning) ?? false;
  }

  /** Counts a TCP connection that went. */
  disconnected(): void {
    this.#observer.connections?.(--this.#tcpConnections);
  }

  /**
   * Reads the head of a request that may come in, or throws `overloaded`, `request-malformed`, `headers-too-large`. `headers` has names in
   * lower case and values in turn.
   */
  admit(method: string, target: string, headers: readonly string[]): RequestHead {
    if (this.#stopping || this.#tcpConnections > this.settings.connectionsMax) throw this.#overloaded();
    return new RequestHead(method, target, headers);
  }

  /** The same for a request to open a WebSocket. */
  admitUpgrade(method: string, target: string, headers: readonly string[]): RequestHead {
    const head = this.admit(method, target, headers);
    checkOpeningHandshake(head);
    return head;
  }

  /** Whose request it is that came from that peer. */
  clientOf(head: RequestHead, peer: string): string {
    return this.#clients.of(peer, head.header('x-forwarded-for'));
  }

  /** What to write for a request that `admit` threw for. */
  refusal(thrown: unknown): ReadyResponse {
    const error = asLatchkeyError(thrown);
    if (isRefusal(error.code)) this.#observer.refused?.(error.code);
    else this.fault(thrown);
    return readyResponse(bareResponse(error));
  }

  /** Asks the handler. What it throws, and what cannot be written, becomes a bare 500. */
  async answer(request: HttpRequest): Promise<ReadyResponse> {
    try {
      return readyResponse(await this.#handlers.request(request));
    } catch (error) {
      return this.#failure(error);
    }
  }

  /** Asks the handler whether to open a WebSocket. */
  decide(request: HttpRequest, head: RequestHead): Soon<ReadyResponse | OpenUpgrade> {
    return rescued(
      () => whenThere(this.#handlers.upgrade(request), (decision) => this.#ready(decision, head)),
      (thrown) => this.#failure(thrown),
    );
  }

  /** What to write instead of opening a WebSocket, once the server stops. */
  stopped(): ReadyResponse | undefined {
    return this.#stopping ? this.refusal(this.#overloaded()) : undefined;
  }

  /** Tells of what was thrown where nothing should be, and nobody is left to answer. */
  fault(error: unknown): void {
    this.#observer.fault?.(error);
  }

  /** Begins to serve an open WebSocket. */
  serve(raw: RawSocket, remoteAddress: string): ServedConnection {
    const connection = new ServedConnection(raw, remoteAddress, this);
    this.heard(connection);
    return connection;
  }

  dropped(reason: DropReason): void {
    this.#observer.dropped?.(reason);
  }

  gone(connection: ServedConnection): void {
    this.#keepAlive.forget(connection);
  }

  heard(connection: ServedConnection): void {
    this.#keepAlive.heard(connection);
  }

  /** Refuses whatever is new and closes the open WebSockets. */
  stop(): void {
    this.#stopping = true;
    for (const connection of this.open) connection.close(1001, 'The relay is stopping.');
    this.#keepAlive.stop();
  }

  #ready(decision: UpgradeDecision, head: RequestHead): ReadyResponse | OpenUpgrade {
    if ('refuse' in decision) return readyResponse(decision.refuse);
    if (decision.subprotocol !== '' && !offersSubprotocol(head, decision.subprotocol)) {
      throw new TypeError('a subprotocol was chosen that the client did not offer');
    }
    return this.stopped() ?? decision;
  }

  #overloaded(): LatchkeyError {
    const { overloadRetrySecondsMin: min, overloadRetrySecondsMax: max } = limits;
    const retryAfterSeconds = Math.floor(min + this.#random.fraction() * (max + 1 - min));
    return new LatchkeyError('overloaded', undefined, { retryAfterSeconds });
  }

  #failure(error: unknown): ReadyResponse {
    this.fault(error);
    return readyResponse(bareResponse(new LatchkeyError('internal', undefined, { cause: error })));
  }
}

function isRefusal(code: string): code is TransportRefusal {
  return code === 'overloaded' || code === 'request-malformed' || code === 'headers-too-large';
}
