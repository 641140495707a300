import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';
import { WebSocketServer } from 'ws';
import { LatchkeyError, limits } from '../../base/index.ts';
import { listenError, readTlsFiles } from './listening.ts';
import type { ReadyResponse } from './ready-response.ts';
import { addressFromText } from './remote-address.ts';
import { noBody, RequestBody } from './request-body.ts';
import type { RequestHead } from './request-head.ts';
import { ServedRequest } from './served-request.ts';
import { type OpenUpgrade, ServerCore, type TransportParts } from './server-core.ts';
import type { HttpRequest, RenewableSettings, Transport, TransportHandlers, TransportSettings } from './transport.ts';
import { asksForWebSocket } from './upgrade.ts';
import { serveWebSocket, webSocketOptions } from './ws-connection.ts';
import { createHttpServer } from './ws-http-server.ts';

/** Opens a transport on Node's own HTTP server and ws. Throws `settings-invalid` when it cannot listen. */
export async function openWsTransport(
  handlers: TransportHandlers,
  settings: TransportSettings,
  parts: TransportParts,
): Promise<Transport> {
  const server = createHttpServer(settings);
  const core = new ServerCore(handlers, settings, parts);
  const transport = new WsTransport(server, core);
  await new Promise<void>((resolve, reject) => {
    const failed = (error: Error) => reject(listenError(settings, error));
    server.once('error', failed);
    server.listen({ host: settings.host, port: settings.port, backlog: limits.connectionsUnacceptedMax }, () => {
      server.off('error', failed);
      // Linux reports a new connection's own network errors when it is accepted: no reason to leave the others.
      server.on('error', (error) => core.fault(error));
      resolve();
    });
  });
  return transport;
}

class WsTransport implements Transport {
  readonly name = 'ws';
  /** Node serves whoever is next. */
  readonly held = 0;
  readonly #core: ServerCore;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Those whose last request has not been answered yet. */
  readonly #busy = new WeakSet<Duplex>();
  readonly #decisions = new WeakMap<IncomingMessage, OpenUpgrade>();
  readonly #clients = new WeakMap<IncomingMessage, string>();
  readonly #webSockets: WebSocketServer;
  #closing: Promise<void> | undefined;

  constructor(server: Server, core: ServerCore) {
    this.#core = core;
    this.#server = server;
    this.#webSockets = new WebSocketServer(
      webSocketOptions(core.settings, (request) => this.#decisions.get(request)?.subprotocol || false),
    );
    this.#webSockets.on('headers', (lines, request) => {
      const { headers = {} } = this.#decisions.get(request) ?? {};
      lines.push(...Object.entries(headers).map(([name, value]) => `${name}: ${value}`));
    });
    server.on('connection', (socket) => this.#connected(socket));
    const request = (message: IncomingMessage, response: ServerResponse) =>
      this.#watch(message.socket, this.#request(message, response));
    server.on('request', request);
    server.on('checkExpectation', request);
    server.on('upgrade', (message, socket, early) => this.#watch(socket, this.#upgrade(message, socket, early)));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  async renew(settings: RenewableSettings): Promise<void> {
    const inForce = this.#core.renewal(settings);
    const files = settings.tls === undefined ? undefined : readTlsFiles(settings.tls);
    if (files !== undefined && this.#server instanceof TlsServer) this.#server.setSecureContext(files);
    inForce();
  }

  letGo(): void {
    this.#core.letGo();
  }

  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#core.stop();
    const timer = this.#core.clock.after(graceMs, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    await closed;
    timer.cancel();
  }

  #connected(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#core.disconnected();
    });
    if (!this.#core.connected()) socket.destroy();
  }

  /** What an exchange throws costs its own connection, and not the process. */
  #watch(socket: Duplex, exchange: Promise<void>): void {
    exchange.catch((error: unknown) => {
      socket.destroy();
      this.#core.fault(error);
    });
  }

  async #request(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = message;
    // Requests that do not wait for their answers would be as many at once as one connection likes.
    if (this.#busy.has(socket)) {
      socket.destroy();
      return;
    }
    this.#busy.add(socket);
    response.once('finish', () => this.#busy.delete(socket));
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    let head: RequestHead;
    try {
      // Node takes it for no upgrade where `Connection` does not say so; whoever asked wants to hear of it.
      const wantsWebSocket = asksForWebSocket(message.headers.upgrade);
      const { method = '', url = '' } = message;
      head = wantsWebSocket ? this.#admitUpgrade(message) : this.#core.admit(method, url, headersOf(message));
    } catch (error) {
      write(response, this.#core.refusal(error), true);
      return;
    }
    const body = bodyOf(message, head, this.#core);
    const answer = await this.#core.answer(this.#requestOf(message, head, body, gone.signal));
    write(response, answer, this.#core.lettingGo || !body.complete);
  }

  async #upgrade(message: IncomingMessage, socket: Duplex, early: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    const gone = new AbortController();
    const leave = () => {
      gone.abort();
      socket.destroy();
    };
    // A request that was not answered yet still owns the connection, and its answer would end up in the WebSocket.
    if (this.#busy.has(socket)) return leave();
    // A client has nothing to say before the handshake is over (RFC 6455 section 4.1); reading on shows when it leaves.
    if (early.length > 0) return leave();
    const ends = ['data', 'end', 'close'] as const;
    for (const event of ends) socket.on(event, leave);
    const decision = await this.#decide(message, gone.signal);
    for (const event of ends) socket.off(event, leave);
    if ('open' in decision) this.#open(message, socket, decision);
    else refuse(message, socket, decision);
  }

  async #decide(message: IncomingMessage, gone: AbortSignal): Promise<ReadyResponse | OpenUpgrade> {
    try {
      const head = this.#admitUpgrade(message);
      const request = this.#requestOf(message, head, noBody, gone);
      this.#clients.set(message, request.remoteAddress);
      return await this.#core.decide(request, head);
    } catch (error) {
      return this.#core.refusal(error);
    }
  }

  #admitUpgrade(message: IncomingMessage): RequestHead {
    const { method = '', url = '', httpVersion } = message;
    const head = this.#core.admitUpgrade(method, url, headersOf(message));
    if (httpVersion !== '1.1') throw new LatchkeyError('request-malformed', 'opening handshake');
    return head;
  }

  #open(message: IncomingMessage, socket: Duplex, decision: OpenUpgrade): void {
    this.#decisions.set(message, decision);
    this.#webSockets.handleUpgrade(message, socket, Buffer.alloc(0), (webSocket) => {
      this.#decisions.delete(message);
      serveWebSocket(this.#core, webSocket, this.#clients.get(message) ?? '', decision);
    });
  }

  #requestOf(
    message: IncomingMessage,
    head: RequestHead,
    body: Pick<RequestBody, 'read'>,
    aborted: AbortSignal,
  ): HttpRequest {
    const remoteAddress = this.#core.clientOf(head, addressFromText(message.socket.remoteAddress));
    return new ServedRequest({ head, body, remoteAddress, client: { aborted } });
  }
}

/** Names in lower case and values in turn. */
function headersOf({ rawHeaders }: IncomingMessage): string[] {
  return rawHeaders.map((text, index) => (index % 2 === 0 ? text.toLowerCase() : text));
}

function bodyOf(message: IncomingMessage, head: RequestHead, core: ServerCore): RequestBody {
  const body: RequestBody = new RequestBody({
    clock: core.clock,
    length: head.bodyLength,
    bytesMax: core.settings.messageBytesMax,
    start: () => message.on('data', (chunk: Buffer) => body.push(chunk)),
  });
  message.once('end', () => body.end());
  message.once('close', () => body.abort());
  return body;
}

function write(response: ServerResponse, ready: ReadyResponse, last: boolean): void {
  if (response.destroyed) return;
  for (const [name, value] of ready.headers) response.setHeader(name, value);
  if (!ready.bodiless) response.setHeader('Content-Length', ready.body.byteLength);
  if (last) response.setHeader('Connection', 'close');
  response.writeHead(ready.status, ready.statusText);
  response.end(ready.bodiless ? undefined : ready.body);
}

/** Answers a request to upgrade like every other request, and ends the connection. */
function refuse(message: IncomingMessage, socket: Duplex, ready: ReadyResponse): void {
  const response = new ServerResponse(message);
  response.assignSocket(socket as Socket);
  response.once('finish', () => (socket as Socket).destroySoon());
  write(response, ready, true);
}
