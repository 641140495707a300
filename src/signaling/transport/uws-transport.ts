import type {
  TemplatedApp,
  HttpRequest as UwsRequest,
  HttpResponse as UwsResponse,
  us_listen_socket,
  us_socket_context_t,
} from 'uWebSockets.js';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { LatchkeyError, limits, type RandomSource, rescued, type Soon } from '../../base/index.ts';
import { deepenBacklog, newListener, openSockets } from './backlog.ts';
import { bellInThread } from './intake/bell.ts';
import { Intake } from './intake/intake.ts';
import { takeListeningSocket } from './intake/listening-socket.ts';
import { listenError, readTlsFiles } from './listening.ts';
import { noBody, RequestBody } from './request-body.ts';
import type { RequestHead } from './request-head.ts';
import { ServedRequest } from './served-request.ts';
import { type OpenUpgrade, ServerCore, type TransportParts } from './server-core.ts';
import type { HttpRequest, RenewableSettings, Transport, TransportHandlers, TransportSettings } from './transport.ts';
import { asksForWebSocket } from './upgrade.ts';
import { UwsSocket, type UwsUser, webSocketBehavior } from './uws-connection.ts';
import { type ExchangeWatch, UwsExchange } from './uws-exchange.ts';
import type { UwsModule } from './uws-module.ts';
import { UwsQuiet } from './uws-quiet.ts';

/** The port is not shared with other processes by SO_REUSEPORT (`LIBUS_LISTEN_EXCLUSIVE_PORT`). */
const exclusivePort = 1;

/** What one app accepts, another one serves: the binary has it, and its types leave it out. */
interface Acceptor {
  getDescriptor(): unknown;
  addChildAppDescriptor(descriptor: unknown): void;
  removeChildAppDescriptor(descriptor: unknown): void;
}

/** Serves a connection that was accepted elsewhere: the binary has it, and its types leave it out. */
interface Adopter {
  adoptSocket(descriptor: number): unknown;
}

/** `listen` in a form that the binary has and its types leave out. */
interface ExclusiveListen {
  listen(host: string, port: number, options: number, listening: (socket: us_listen_socket | false) => void): unknown;
}

/**
 * Opens a transport on uWebSockets.js. Throws `settings-invalid` when it cannot listen. The time that a client has for a
 * request's head is the library's own here, about half a minute, and not `limits.requestHeaderMsMax`.
 */
export async function openUwsTransport(
  module: UwsModule,
  handlers: TransportHandlers,
  settings: TransportSettings,
  parts: TransportParts,
): Promise<Transport> {
  const app = createApp(module, settings);
  const transport = new UwsTransport(module, app, new ServerCore(handlers, settings, parts));
  await transport.listen(parts.random);
  return transport;
}

class UwsTransport implements Transport {
  readonly name = 'uws';
  readonly #module: UwsModule;
  /** The first one listens, and the last one serves whoever comes; those between serve what came to them until it goes. */
  readonly #apps: TemplatedApp[] = [];
  readonly #core: ServerCore;
  readonly #unanswered = new Set<UwsExchange>();
  readonly #watch: ExchangeWatch;
  /** Whose request the library's last call handed over; undefined after a call of another kind. */
  #handedOver: UwsExchange | undefined;
  #quiet: UwsQuiet | undefined;
  /** What tells the certificate and the key in force from others. */
  #certificate: string;
  /** Who takes connections off the port: the library, or our own intake. */
  #listening: us_listen_socket | undefined;
  #intake: Intake | undefined;
  #port = 0;
  #closing: Promise<void> | undefined;
  #allAnswered: (() => void) | undefined;

  constructor(module: UwsModule, app: TemplatedApp, core: ServerCore) {
    this.#module = module;
    this.#core = core;
    this.#watch = {
      outlasts: (exchange) => void this.#unanswered.add(exchange),
      called: () => {
        this.#handedOver = undefined;
      },
      done: (exchange) => {
        this.#unanswered.delete(exchange);
        if (this.#unanswered.size === 0) this.#allAnswered?.();
      },
    };
    this.#serve(app);
    const { tls } = core.settings;
    this.#certificate = tls === undefined ? '' : certificateOf(tls);
  }

  #serve(app: TemplatedApp): void {
    app.filter((response, change) => this.#counted(response, Number(change)));
    app.ws<UwsUser>('/*', {
      ...webSocketBehavior(this.#core),
      upgrade: (response, request, context) => this.#take(response, request, context),
    });
    app.any('/*', (response, request) => this.#take(response, request, undefined));
    this.#apps.push(app);
  }

  get port(): number {
    return this.#port;
  }

  get held(): number {
    return this.#intake?.held ?? 0;
  }

  async listen(random: RandomSource): Promise<void> {
    const { settings } = this.#core;
    const before = openSockets();
    const socket = await new Promise<us_listen_socket | false>((resolve) => {
      (this.#apps[0] as unknown as ExclusiveListen).listen(settings.host, settings.port, exclusivePort, resolve);
    });
    if (socket === false) throw listenError(settings, await whyNotListening(settings));
    this.#listening = socket;
    this.#port = this.#module.us_socket_local_port(socket);
    const descriptor = newListener(this.#port, before);
    if (descriptor !== undefined) {
      await deepenBacklog(descriptor, limits.connectionsUnacceptedMax);
      if (settings.tls === undefined) await this.#takeIn(socket, descriptor);
    }
    this.#quiet = await UwsQuiet.open(this.#module, random);
  }

  /** Of what comes in clear it can be seen who can wait: we take connections ourselves, and hand each over to the library when it is its turn. */
  async #takeIn(listening: us_listen_socket, descriptor: number): Promise<void> {
    const socket = await takeListeningSocket(descriptor);
    if (socket === undefined) return;
    socket.deferSilent();
    const core = this.#core;
    const app = this.#apps[0] as unknown as Adopter;
    try {
      this.#intake = new Intake(
        { clock: core.clock, socket, hangBell: bellInThread, soon: setImmediate },
        {
          take: (connection) => void app.adoptSocket(connection),
          canWait: (beginning) => core.canWait(beginning),
          came: () => core.connected(),
          dropped: () => core.disconnected(),
          fault: (error) => core.fault(error),
        },
      );
    } catch (error) {
      socket.close();
      throw error;
    }
    this.#module.us_listen_socket_close(listening);
    this.#listening = undefined;
  }

  async renew(settings: RenewableSettings): Promise<void> {
    const inForce = this.#core.renewal(settings);
    const running = this.#core.settings;
    if (settings.tls !== undefined && running.tls !== undefined) {
      const certificate = certificateOf(settings.tls);
      if (certificate !== this.#certificate) this.#takeOver({ ...running, tls: settings.tls });
      this.#certificate = certificate;
    }
    inForce();
  }

  /**
   * The library reads a certificate once, for all connections of an app: another app has those that come from now on. The first one goes on
   * listening, and hands over whoever it accepts, so that nobody finds the port closed.
   */
  #takeOver(settings: TransportSettings): void {
    const next = createApp(this.#module, settings);
    const before = this.#apps.at(-1);
    this.#serve(next);
    const acceptor = this.#apps[0] as unknown as Acceptor;
    acceptor.addChildAppDescriptor((next as unknown as Acceptor).getDescriptor());
    if (before !== this.#apps[0]) acceptor.removeChildAppDescriptor((before as unknown as Acceptor).getDescriptor());
  }

  letGo(): void {
    this.#core.letGo();
  }

  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    if (this.#listening !== undefined) this.#module.us_listen_socket_close(this.#listening);
    const taken = this.#intake?.close();
    // The library does not tell when a socket that was closed has sent its last byte: those that lag get all the time.
    const lagging = [...this.#core.open].some((connection) => connection.waitingBytes > 0);
    this.#core.stop();
    if (lagging || this.#unanswered.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#core.clock.after(graceMs, resolve);
        this.#allAnswered = () => {
          if (lagging) return;
          timer.cancel();
          resolve();
        };
      });
    }
    // What was written inside one of the library's own calls leaves with the end of that call.
    await new Promise((resolve) => setImmediate(resolve));
    for (const app of this.#apps) app.close();
    this.#quiet?.close();
    await taken;
  }

  #counted(response: UwsResponse, change: number): void {
    this.#handedOver = undefined;
    if (change < 0) this.#core.disconnected();
    // Who comes by the intake was counted there.
    else if (this.#intake === undefined && !this.#core.connected()) response.close();
  }

  #take(response: UwsResponse, request: UwsRequest, context: us_socket_context_t | undefined): void {
    const exchange = new UwsExchange(response, request, this.#watch);
    this.#handedOver = exchange;
    const wantsWebSocket = asksForWebSocket(request.getHeader('upgrade'));
    rescued<void, void>(
      () => (wantsWebSocket ? this.#upgrade(exchange, context) : this.#request(exchange)),
      // What an exchange throws costs its own connection, and not the process.
      (error) => {
        exchange.abandon();
        this.#core.fault(error);
      },
    );
  }

  async #request(exchange: UwsExchange): Promise<void> {
    let head: RequestHead;
    try {
      head = this.#core.admit(exchange.method, exchange.target, exchange.headers);
    } catch (error) {
      exchange.answer(this.#core.refusal(error), true);
      return;
    }
    exchange.outlast();
    const body = this.#bodyOf(exchange, head);
    const answer = await this.#core.answer(this.#requestOf(exchange, head, body));
    exchange.answer(answer, this.#core.lettingGo || !body.complete);
  }

  /** In the library's own call where the decision is there at once. */
  #upgrade(exchange: UwsExchange, context: us_socket_context_t | undefined): Soon<void> {
    let head: RequestHead;
    try {
      head = this.#core.admitUpgrade(exchange.method, exchange.target, exchange.headers);
      if (exchange.closes) throw new LatchkeyError('request-malformed', 'opening handshake');
    } catch (error) {
      exchange.answer(this.#core.refusal(error), true);
      return;
    }
    assert(context, 'a sound opening handshake comes by the route for WebSockets');
    const request = this.#requestOf(exchange, head, noBody);
    const open = (opens: OpenUpgrade) => {
      const user = { socket: new UwsSocket(opens, request.remoteAddress) };
      exchange.upgrade(user, opens, head.header('sec-websocket-key') ?? '', context);
    };
    const decision = this.#core.decide(request, head);
    if (!(decision instanceof Promise)) {
      if ('open' in decision) open(decision);
      else exchange.answer(decision, true);
      return undefined;
    }
    exchange.outlast();
    return decision.then(async (later) => {
      await this.#clearOfOthers(exchange);
      const outcome = 'open' in later ? (this.#core.stopped() ?? later) : later;
      if ('open' in outcome) this.#quietly(() => open(outcome));
      else exchange.answer(outcome, true);
    });
  }

  /**
   * Resolves at once in the exchange's own call, and else outside of any. A WebSocket that opened in the call for another
   * request would be taken for that request's own by the library, which then ends the process.
   */
  async #clearOfOthers(exchange: UwsExchange): Promise<void> {
    if (this.#handedOver !== exchange) await new Promise((resolve) => setImmediate(resolve));
  }

  /** What is written outside of the library's own calls. */
  #quietly(write: () => void): void {
    if (this.#quiet === undefined) write();
    else this.#quiet.run(write);
  }

  #requestOf(exchange: UwsExchange, head: RequestHead, body: Pick<RequestBody, 'read'>): HttpRequest {
    const remoteAddress = this.#core.clientOf(head, exchange.remoteAddress);
    return new ServedRequest({ head, body, remoteAddress, client: exchange });
  }

  #bodyOf(exchange: UwsExchange, head: RequestHead): RequestBody {
    const { clock, settings } = this.#core;
    const body = new RequestBody({ clock, length: head.bodyLength, bytesMax: settings.messageBytesMax });
    if (!body.complete) {
      exchange.aborted.addEventListener('abort', () => body.abort());
      exchange.onData((chunk, isLast) => {
        body.push(chunk);
        if (isLast) body.end();
      });
    }
    return body;
  }
}

function certificateOf(tls: NonNullable<TransportSettings['tls']>): string {
  const { cert, key } = readTlsFiles(tls);
  return createHash('sha256').update(cert).update(key).digest('base64');
}

function createApp(module: UwsModule, settings: TransportSettings): TemplatedApp {
  if (settings.tls === undefined) return module.App();
  readTlsFiles(settings.tls);
  return module.SSLApp({ cert_file_name: settings.tls.certificateFile, key_file_name: settings.tls.keyFile });
}

/** The library says only that it failed. Trying the same once more in another way brings the reason. */
function whyNotListening(settings: TransportSettings): Promise<NodeJS.ErrnoException> {
  const { host, port } = settings;
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once('error', resolve);
    probe.listen({ host, port }, () => {
      probe.close(() => resolve(new Error(`${host} port ${port} cannot be listened on`)));
    });
  });
}
