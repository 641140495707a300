import type { IceServer, RpcError } from '../../src/protocol/index.ts';
import type {
  Connection,
  ConnectionHandlers,
  HttpRequest,
  HttpResponse,
  TransportHandlers,
} from '../../src/signaling/index.ts';

/** The members of any parameters or result of the protocol. */
export interface Fields {
  readonly id?: string;
  readonly session?: string;
  readonly offer?: string;
  readonly answer?: string;
  readonly grant?: string;
  readonly profile?: string;
  readonly expiryTimeSeconds?: number;
  readonly capabilities?: string[];
  readonly subprotocols?: string[];
  readonly iceServers?: IceServer[];
  readonly grantKeys?: object;
  readonly sessions?: string[];
  readonly ticket?: string;
  readonly ticketExpiresInSeconds?: number;
}

/** A message of the relay. */
export interface Message {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Fields;
  readonly result?: Fields;
  readonly error?: RpcError;
}

/** The client's end of a WebSocket that has no network. */
export class MemorySocket implements Connection {
  readonly remoteAddress = '192.0.2.9';
  readonly received: Message[] = [];
  closed: { code: number; reason: string } | undefined;
  /** What the handshake had beside its own headers. */
  handshake: Readonly<Record<string, string>> = {};
  #handlers: ConnectionHandlers | undefined;
  #asked = 0;

  attach(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
  }

  send(text: string): boolean {
    if (this.closed !== undefined) return false;
    this.received.push(JSON.parse(text));
    return true;
  }

  close(code: number, reason: string): void {
    if (this.closed !== undefined) return;
    this.closed = { code, reason };
    queueMicrotask(() => this.#handlers?.closed(code));
  }

  /** The connection is lost. */
  drop(): void {
    this.close(1006, '');
  }

  /** Sends any text. */
  say(text: string): void {
    if (this.closed === undefined) this.#handlers?.message(text);
  }

  /** Sends a request and gives its id. */
  ask(method: string, params: object = {}): string {
    const id = `q${++this.#asked}`;
    this.say(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return id;
  }

  notify(method: string, params: object): void {
    this.say(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  /** Sends ONVIF's `error` notification. */
  fault(error: RpcError): void {
    this.say(JSON.stringify({ jsonrpc: '2.0', error }));
  }

  answer(request: Message, result: object): void {
    this.say(JSON.stringify({ jsonrpc: '2.0', id: request.id, result }));
  }

  refuse(request: Message, error: RpcError): void {
    this.say(JSON.stringify({ jsonrpc: '2.0', id: request.id, error }));
  }

  /** The relay's answer to the request of that id. */
  reply(id: string): Message | undefined {
    return this.received.find((message) => message.id === id && message.method === undefined);
  }

  /** The relay's requests for a method, in order. */
  requests(method: string): Message[] {
    return this.received.filter((message) => message.method === method);
  }

  /** The latest request for a method; fails where there is none. */
  request(method: string): Message & { params: Fields } {
    const last = this.requests(method).at(-1);
    if (last?.params === undefined) throw new Error(`no ${method} came`);
    return { ...last, params: last.params };
  }

  /** The reasons of the `error` notifications, in order. */
  notices(): (string | undefined)[] {
    return this.received.filter(isNotice).map((message) => message.error?.data?.reason);
  }
}

function isNotice(message: Message): boolean {
  return message.error !== undefined && message.id === undefined;
}

export interface MemoryRequest {
  readonly method?: string;
  readonly path: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly aborted?: AbortSignal;
  readonly remoteAddress?: string;
}

export function memoryRequest(request: MemoryRequest): HttpRequest {
  return {
    method: request.method ?? 'GET',
    path: request.path,
    query: request.query ?? '',
    remoteAddress: request.remoteAddress ?? '192.0.2.9',
    aborted: request.aborted ?? new AbortController().signal,
    header: (name) => request.headers?.[name],
    body: async () => Buffer.from(request.body ?? ''),
  };
}

/** Asks to upgrade, as a transport does: a socket, or the refusal. */
export async function memoryUpgrade(
  handlers: TransportHandlers,
  request: MemoryRequest,
): Promise<MemorySocket | HttpResponse> {
  const decision = await handlers.upgrade(memoryRequest(request));
  if ('refuse' in decision) return decision.refuse;
  const socket = new MemorySocket();
  socket.handshake = decision.headers ?? {};
  socket.attach(decision.open(socket));
  return socket;
}
