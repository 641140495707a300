import type { ErrorCode, Timer } from '../../base/index.ts';
import type { subprotocol, webSocketPath } from '../../protocol/index.ts';
import { bounds } from './bounds.ts';
import type { Powers } from './powers.ts';
import { ConnectionLost, RelayRefusal } from './refusal.ts';
import type { Refusal } from './states.ts';

/** What a session hears from its relay. */
export interface SessionHandlers {
  /** The camera makes the offer (ONVIF's own flow); gives the answer. */
  invite(offer: string): Promise<string>;
  /** The relay ended the session. Called once at most. */
  ended(reason: string | undefined, text: string | undefined, retryAfterSeconds: number | undefined): void;
  /** The connection to the relay is gone, and with it the session. Called once at most. */
  lost(): void;
}

const protocolName: typeof subprotocol = 'webrtc.onvif.org';
const path: typeof webSocketPath = '/webrtc';

/** The WebSocket's address of a relay that is named by its `http(s)` or `ws(s)` address. Throws a TypeError when it is no address. */
export function socketAddress(relay: string): string {
  const url = new URL(path, relay);
  url.protocol = url.protocol === 'https:' || url.protocol === 'wss:' ? 'wss:' : 'ws:';
  return url.href;
}

/** JSON-RPC 2.0 with one relay over one WebSocket (ONVIF WebRTC 26.06), which several live views share. */
export class RelayChannel {
  readonly #socket: WebSocket;
  readonly #powers: Powers;
  readonly #calls = new Map<number, Call>();
  readonly #sessions = new Map<string, SessionHandlers>();
  readonly #heldInvites = new Map<string, { id: unknown; offer: string }>();
  readonly #opened: Promise<void>;
  #closed = false;
  /** What the relay said of the whole connection last: why it closes, and when to come back. */
  #toldLast: Refusal | undefined;
  #moving = false;
  #nextId = 1;
  #idleSince: number;

  constructor(relay: string, powers: Powers) {
    this.#powers = powers;
    this.#idleSince = powers.now();
    this.#socket = new WebSocket(socketAddress(relay), [protocolName]);
    this.#opened = new Promise((resolve, reject) => {
      const late = powers.after(bounds.socketOpenMsMax, () => this.#end());
      this.#socket.addEventListener('open', () => {
        late.cancel();
        resolve();
      });
      this.#socket.addEventListener('close', ({ code }) => {
        late.cancel();
        this.#end(code);
        reject(this.#whyClosed(code, 'The relay cannot be reached.'));
      });
    });
    this.#opened.catch(() => {});
    this.#socket.addEventListener('message', ({ data }) => this.#receive(data));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The relay is about to end: what this channel has goes on, and whatever is new goes elsewhere. */
  get moving(): boolean {
    return this.#moving;
  }

  /** Since when no call and no session has needed this channel; undefined while one does. */
  get idleSince(): number | undefined {
    return this.#calls.size + this.#sessions.size === 0 ? this.#idleSince : undefined;
  }

  /** Sends a request, when the socket is open. Rejects with a `RelayRefusal`, or `ConnectionLost`. */
  async call(method: string, params: object): Promise<Record<string, unknown>> {
    await this.#opened;
    if (this.#closed) throw new ConnectionLost('The connection to the relay ended.');
    if (this.#calls.size >= bounds.callsInFlightMax) throw new ConnectionLost('Too many calls wait for the relay.');
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = this.#powers.after(bounds.callMsMax, () => {
        this.#settle(id)?.reject(new ConnectionLost('The relay did not answer in time.'));
      });
      this.#calls.set(id, { resolve, reject, timer });
      this.#send({ id, method, params });
    });
  }

  /** Hears what concerns a session, from now until `detach`. An invitation that came already is handed over at once. */
  attach(session: string, handlers: SessionHandlers): void {
    if (this.#closed) {
      handlers.lost();
      return;
    }
    this.#sessions.set(session, handlers);
    const held = this.#heldInvites.get(session);
    if (held === undefined) return;
    this.#heldInvites.delete(session);
    void this.#answerInvite(handlers, session, held.id, held.offer);
  }

  /** Forgets a session; with `leave`, tells the relay that this side is done with it. */
  detach(session: string, leave: boolean): void {
    if (!this.#sessions.delete(session)) return;
    this.#idleSince = this.#powers.now();
    if (leave && !this.#closed) this.call('leave', { session }).catch(() => {});
    else if (this.#moving && this.idleSince !== undefined) this.close();
  }

  close(): void {
    this.#end();
  }

  #send(message: object): void {
    if (!this.#closed) this.#socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
  }

  #end(code?: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    this.#heldInvites.clear();
    const error = this.#whyClosed(code, 'The connection to the relay ended.');
    for (const id of [...this.#calls.keys()]) this.#settle(id)?.reject(error);
    for (const session of sessions) session.lost();
  }

  /** A close frame has no room for a time to come back: the relay tells it in an error before. */
  #whyClosed(code: number | undefined, lost: string): Error {
    const refusal = code === serviceRestart ? moving : code === tryAgainLater ? full : undefined;
    if (refusal === undefined) return new ConnectionLost(lost);
    return new RelayRefusal(this.#toldLast?.rpcCode === refusal.rpcCode ? this.#toldLast : refusal);
  }

  #settle(id: number): Call | undefined {
    const call = this.#calls.get(id);
    call?.timer.cancel();
    this.#calls.delete(id);
    this.#idleSince = this.#powers.now();
    return call;
  }

  /** Whatever is not a message of this protocol, or concerns nothing that we asked for, is ignored. */
  #receive(data: unknown): void {
    const message = parsed(data);
    if (message === undefined) return;
    const { id, method, params, result, error } = message;
    if (isObject(error)) this.#receiveError(id, error);
    else if (method === 'invite' && isObject(params)) this.#receiveInvite(id, params);
    else if (typeof method === 'string') this.#refuseMethod(id);
    else if (typeof id === 'number' && isObject(result)) this.#settle(id)?.resolve(result);
  }

  #refuseMethod(id: unknown): void {
    if (id !== undefined) this.#send({ id, error: { code: -32601, message: 'There is no such method.' } });
  }

  #receiveError(id: unknown, error: Record<string, unknown>): void {
    const refusal = refusalOf(error);
    if (refusal.reason === moving.reason) this.#moving = true;
    if (typeof id === 'number') this.#settle(id)?.reject(new RelayRefusal(refusal));
    if (id !== undefined && id !== null) return;
    if (error.session === undefined) this.#toldLast = refusal;
    const handlers = typeof error.session === 'string' ? this.#sessions.get(error.session) : undefined;
    if (handlers === undefined) return;
    this.detach(String(error.session), false);
    handlers.ended(refusal.reason, refusal.text, refusal.retryAfterSeconds);
  }

  #receiveInvite(id: unknown, { session, offer }: Record<string, unknown>): void {
    if (typeof session !== 'string' || typeof offer !== 'string') return;
    const handlers = this.#sessions.get(session);
    if (handlers !== undefined) void this.#answerInvite(handlers, session, id, offer);
    else if (this.#heldInvites.size < bounds.invitesHeldMax) this.#heldInvites.set(session, { id, offer });
  }

  async #answerInvite(handlers: SessionHandlers, session: string, id: unknown, offer: string): Promise<void> {
    try {
      this.#send({ id, result: { answer: await handlers.invite(offer) } });
    } catch {
      this.#send({ id, error: { code: 400, message: 'The offer cannot be used.', session } });
    }
  }
}

interface Call {
  resolve(result: Record<string, unknown>): void;
  reject(error: Error): void;
  timer: Timer;
}

/** What RFC 6455's registry calls "Try Again Later": how a full relay closes. */
const tryAgainLater = 1013;
const full: Refusal = {
  rpcCode: 503,
  reason: 'overloaded' satisfies ErrorCode,
  text: 'The relay is full right now. Trying again…',
  retryAfterSeconds: undefined,
};

/** "Service Restart", of the same registry: how a relay closes that is about to end. */
const serviceRestart = 1012;
const moving: Refusal = {
  rpcCode: 503,
  reason: 'relay-moving' satisfies ErrorCode,
  text: 'The relay is about to restart. Going on elsewhere…',
  retryAfterSeconds: undefined,
};

function parsed(data: unknown): Record<string, unknown> | undefined {
  if (typeof data !== 'string' || data.length > bounds.messageCharactersMax) return undefined;
  try {
    const value: unknown = JSON.parse(data);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function refusalOf(error: Record<string, unknown>): Refusal {
  const data = isObject(error.data) ? error.data : {};
  return {
    rpcCode: typeof error.code === 'number' ? error.code : 0,
    reason: typeof data.reason === 'string' ? data.reason : undefined,
    text: typeof error.message === 'string' ? error.message : 'The relay refused.',
    retryAfterSeconds: typeof data.retryAfterSeconds === 'number' ? data.retryAfterSeconds : undefined,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
