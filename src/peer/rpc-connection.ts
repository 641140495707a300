import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { asLatchkeyError, type Clock, LatchkeyError, limits, type Redacted, type Timer } from '../base/index.ts';
import {
  errorObjectFor,
  errorText,
  firstMessageHeader,
  firstMessageTaken,
  headerText,
  parseRpc,
  type RpcError,
  type RpcId,
  type RpcMessage,
  requestText,
  resultText,
  subprotocol,
  ticketHeader,
} from '../protocol/index.ts';
import { refusalOf, refusalOfClose, refusalOfHttp, unreachable } from './refusal.ts';
import type { RelayTarget } from './relay-target.ts';

export interface RpcHandlers {
  /** Answers a request of the relay's; a `LatchkeyError` becomes its error. */
  request(method: string, params: unknown): Promise<object>;
  /** An `error` notification: it ends the session that it names. */
  failure(error: RpcError): void;
}

/** An open connection to a relay. */
export interface RpcConnection {
  /** Calls a method. Throws the relay's refusal, `relay-unreachable` when the connection ends, or `overloaded` past the bound of calls. */
  call(method: string, params: object): Promise<unknown>;
  /** Resolves, never rejects, with why the connection ended. */
  readonly ended: Promise<LatchkeyError>;
  close(): void;
}

/**
 * Opens a connection and shows `token` in its header. Throws what the relay refused it with, or `relay-unreachable`; also
 * when `signal` aborts before the connection is open.
 */
export async function openRpc(
  target: RelayTarget,
  token: string,
  handlers: RpcHandlers,
  clock: Clock,
  signal: AbortSignal,
): Promise<RpcConnection> {
  const { socket, connection } = begun(target, { authorization: `Bearer ${token}` }, handlers, clock);
  return openedIn(socket, connection, clock, signal);
}

/** What a camera brings along that opens a connection. */
export interface Opening {
  readonly token: string;
  /** A reconnect ticket, which is shown beside the token. */
  readonly ticket: Redacted<string> | undefined;
  /** What it calls first, once it is open. */
  readonly method: string;
  readonly params: object;
}

/**
 * The same with a first call, which travels with the request to open the connection, so that there is one way there and back less; a relay that does not take it so
 * gets it as the first message. `answer` is what the call came to, as with `call`.
 */
export async function openRpcWith(
  target: RelayTarget,
  { token, ticket, method, params }: Opening,
  handlers: RpcHandlers,
  clock: Clock,
  signal: AbortSignal,
): Promise<{ readonly connection: RpcConnection; readonly answer: Promise<unknown> }> {
  const message = headerText(requestText(firstId, method, params));
  const headers = {
    authorization: `Bearer ${token}`,
    ...(ticket === undefined ? {} : { [ticketHeader]: ticket.reveal() }),
    ...(message.length > limits.firstMessageCharactersMax ? {} : { [firstMessageHeader]: message }),
  };
  const { socket, connection } = begun(target, headers, handlers, clock);
  let taken = false;
  socket.once('upgrade', (response) => {
    taken = response.headers[firstMessageHeader] === firstMessageTaken;
  });
  // Before anything is heard on it: the answer may stand right behind the handshake.
  const answer = new Promise<unknown>((resolve) => {
    socket.once('open', () => resolve(connection.call(method, params, taken)));
  });
  answer.catch(() => {});
  return { connection: await openedIn(socket, connection, clock, signal), answer };
}

function begun(
  target: RelayTarget,
  headers: Readonly<Record<string, string>>,
  handlers: RpcHandlers,
  clock: Clock,
): { readonly socket: WebSocket; readonly connection: OpeningConnection } {
  const socket = new WebSocket(target.webSocket, subprotocol, {
    headers,
    maxPayload: limits.messageBytesMax,
    perMessageDeflate: false,
    ...(target.ca === undefined ? {} : { ca: target.ca }),
  });
  return { socket, connection: createConnection(socket, handlers, clock) };
}

async function openedIn(
  socket: WebSocket,
  connection: OpeningConnection,
  clock: Clock,
  signal: AbortSignal,
): Promise<RpcConnection> {
  await opened(socket, clock, signal);
  connection.watch();
  return connection;
}

async function opened(socket: WebSocket, clock: Clock, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => reject(new LatchkeyError('relay-unreachable', 'given up'));
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  const timer = clock.after(limits.upgradeMsMax, () => {
    reject(new LatchkeyError('relay-unreachable', 'no answer in time'));
  });
  socket.once('open', resolve);
  socket.once('error', (cause) => reject(unreachable(cause)));
  socket.once('unexpected-response', (_request, response) => {
    void bodyOf(response).then((body) => {
      reject(refusalOfHttp(response.statusCode ?? 0, response.headers['retry-after'], body, clock));
    });
  });
  try {
    await promise;
  } catch (error) {
    socket.terminate();
    throw error;
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', abort);
  }
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limits.problemBytesMax) break;
      chunks.push(chunk);
    }
  } catch {
    // What came so far is enough: a refusal without its words is still a refusal.
  }
  return Buffer.concat(chunks).toString('utf8');
}

interface PendingCall {
  resolve(result: unknown): void;
  reject(error: LatchkeyError): void;
  timer: Timer;
}

const firstId = 1;

interface OpeningConnection extends RpcConnection {
  watch(): void;
  /** `sent`: the relay has it already. */
  call(method: string, params: object, sent?: boolean): Promise<unknown>;
}

function createConnection(socket: WebSocket, handlers: RpcHandlers, clock: Clock): OpeningConnection {
  const calls = new Map<RpcId, PendingCall>();
  const end = Promise.withResolvers<LatchkeyError>();
  let lastFailure: LatchkeyError | undefined;
  let answering = 0;
  let nextId = firstId;
  let heard = true;
  let heartbeat: Timer | undefined;

  /** A connection that died without a word is noticed by its silence: ws answers the relay's pings, and we send our own. */
  function watch(): void {
    heartbeat = clock.after(limits.keepAliveMs, () => {
      if (!heard) {
        socket.terminate();
        return;
      }
      heard = false;
      if (socket.readyState === WebSocket.OPEN) socket.ping();
      watch();
    });
  }

  function send(text: string): void {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > limits.sendBufferBytesMax) socket.terminate();
    else socket.send(text);
  }

  async function answer(id: RpcId, method: string, params: unknown): Promise<void> {
    if (answering >= limits.callsInFlightPerConnectionMax) {
      send(errorText(id, errorObjectFor(new LatchkeyError('rate-exceeded'))));
      return;
    }
    answering += 1;
    try {
      send(resultText(id, await handlers.request(method, params)));
    } catch (thrown) {
      send(errorText(id, errorObjectFor(asLatchkeyError(thrown))));
    } finally {
      answering -= 1;
    }
  }

  function settle(id: RpcId, run: (call: PendingCall) => void): void {
    const call = calls.get(id);
    if (call === undefined) return;
    calls.delete(id);
    call.timer.cancel();
    run(call);
  }

  function take(message: RpcMessage): void {
    if (message.kind === 'request') void answer(message.id, message.method, message.params);
    if (message.kind === 'result') settle(message.id, (call) => call.resolve(message.result));
    if (message.kind !== 'error') return;
    const { id, error } = message;
    if (id !== undefined) settle(id, (call) => call.reject(refusalOf(error)));
    else if (error.session === undefined) lastFailure = refusalOf(error);
    else handlers.failure(error);
  }

  socket.on('message', (data: Buffer, isBinary) => {
    heard = true;
    try {
      if (!isBinary) take(parseRpc(data.toString('utf8')));
    } catch (thrown) {
      // A message that cannot be read harms its sender alone: it is not answered, and the connection lives on.
      asLatchkeyError(thrown);
    }
  });
  socket.on('ping', () => {
    heard = true;
  });
  socket.on('pong', () => {
    heard = true;
  });
  socket.on('error', () => {});
  socket.on('close', (code: number, reason: Buffer) => {
    heartbeat?.cancel();
    const cause = lastFailure ?? refusalOfClose(code, reason.toString('utf8'));
    for (const id of [...calls.keys()]) settle(id, (call) => call.reject(cause));
    end.resolve(cause);
  });

  return {
    watch,
    ended: end.promise,
    call(method, params, sent = false) {
      if (calls.size >= limits.callsInFlightPerConnectionMax) return Promise.reject(new LatchkeyError('overloaded'));
      if (socket.readyState !== WebSocket.OPEN) return Promise.reject(new LatchkeyError('relay-unreachable'));
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const id = nextId++;
      const timer = clock.after(limits.callMsMax, () => {
        settle(id, (call) => call.reject(new LatchkeyError('relay-unreachable', `no answer to ${method}`)));
      });
      calls.set(id, { resolve, reject, timer });
      if (!sent) send(requestText(id, method, params));
      return promise;
    },
    close() {
      heartbeat?.cancel();
      socket.close(1000);
      const timer = clock.after(limits.upgradeMsMax, () => socket.terminate());
      void end.promise.then(() => timer.cancel());
    },
  };
}
