import { asLatchkeyError, type Clock, LatchkeyError, limits, rescued, type Soon, type Timer } from '../base/index.ts';
import {
  errorObjectFor,
  errorText,
  parseRpc,
  type RpcError,
  type RpcId,
  type RpcMessage,
  type RpcParams,
  requestText,
  resultText,
} from '../protocol/index.ts';
import type { SignalingObserver } from './observer.ts';
import { fullBucket, Rate } from './rate.ts';
import type { Connection } from './transport/transport.ts';

/** A request of the peer. It is answered once, at once or later; a notification is answered never. */
export interface IncomingRequest {
  readonly method: string;
  readonly params: RpcParams;
  result(value: object): void;
  /** Answers with an error of the table; what is not one is told to the observer and becomes `internal`. */
  error(thrown: unknown): void;
}

/** How a call to the peer ended. */
export type CallOutcome =
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'error'; readonly error: RpcError }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'busy' };

export interface RpcPeerHandlers {
  /** What it throws or rejects with becomes the answer. */
  request(request: IncomingRequest): Soon<void>;
  /** ONVIF's `error` notification. Throws nothing. */
  fault(error: RpcError): void;
  /** Called once, when the connection has ended or is about to. */
  gone(): void;
}

const messages = new Rate({ perSecond: limits.messagesPerSecondMax, burst: limits.messagesBurstMax });

interface Call {
  settled(outcome: CallOutcome): void;
  timer: Timer;
}

/**
 * JSON-RPC 2.0 in both directions over one WebSocket. Ids belong to this connection and to no other. Answers are given and
 * taken in the order in which they come, without a turn of the event loop between, so that what follows an answer finds
 * the state that the answer made.
 */
export class RpcPeer {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #observer: SignalingObserver;
  readonly #handlers: RpcPeerHandlers;
  /** Made with the first call: most cameras are idle, and there are many. */
  #calls: Map<RpcId, Call> | undefined;
  #nextId = 1;
  /** What it may still send at once. */
  #bucket = fullBucket;
  #answering = 0;
  #open = true;

  constructor(connection: Connection, clock: Clock, observer: SignalingObserver, handlers: RpcPeerHandlers) {
    this.#connection = connection;
    this.#clock = clock;
    this.#observer = observer;
    this.#handlers = handlers;
  }

  get open(): boolean {
    return this.#open;
  }

  /** Takes the message that came along before the connection was open: one more than come on it. Throws nothing. */
  begin(message: RpcMessage): void {
    this.#take(message);
  }

  /** Takes a message of the peer. Throws nothing, whatever it is. */
  receive(text: string): void {
    if (!this.#open) return;
    const bucket = messages.taken(this.#bucket, this.#clock.now());
    if (bucket === undefined) {
      this.end(new LatchkeyError('rate-exceeded'));
      return;
    }
    this.#bucket = bucket;
    let message: RpcMessage;
    try {
      message = parseRpc(text);
    } catch (thrown) {
      this.#refuse(null, thrown);
      return;
    }
    this.#take(message);
  }

  /**
   * Calls a method of the peer, and tells how it ended exactly once: at the latest after `msMax` milliseconds, or when the
   * connection is gone. `busy`: as many calls as are allowed wait already.
   */
  call(method: string, params: object, msMax: number, settled: (outcome: CallOutcome) => void): void {
    const calls = this.#calls ?? new Map<RpcId, Call>();
    if (!this.#open || calls.size >= limits.callsInFlightPerConnectionMax) {
      settled({ kind: this.#open ? 'busy' : 'gone' });
      return;
    }
    const id = this.#nextId++;
    const timer = this.#clock.after(msMax, () => this.#settle(id, { kind: 'timeout' }));
    calls.set(id, { settled, timer });
    this.#calls = calls;
    this.#connection.send(requestText(id, method, params));
  }

  /** Sends ONVIF's `error` notification. */
  tell(error: RpcError): void {
    if (this.#open) this.#connection.send(errorText(undefined, error));
  }

  /** Tells the peer an error and closes the connection with it. */
  end(error: LatchkeyError): void {
    if (!this.#open) return;
    this.#observer.refused?.(error.code, 'websocket');
    this.tell(errorObjectFor(error));
    this.close(error.entry.close ?? 1008, error.code);
  }

  close(code: number, reason: string): void {
    this.#connection.close(code, reason);
    this.gone();
  }

  /** The connection has ended: nothing is sent any more, and every call ends. Calling it twice does nothing. */
  gone(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#handlers.gone();
    for (const id of [...(this.#calls?.keys() ?? [])]) this.#settle(id, { kind: 'gone' });
  }

  #take(message: RpcMessage): void {
    if (message.kind === 'result') this.#settle(message.id, { kind: 'result', result: message.result });
    else if (message.kind !== 'error') this.#answer(this.#incoming(message));
    else if (message.id !== undefined) this.#settle(message.id, { kind: 'error', error: message.error });
    else this.#handlers.fault(message.error);
  }

  #answer(request: IncomingRequest): void {
    rescued<void, void>(
      () => {
        if (this.#answering > limits.callsInFlightPerConnectionMax) throw new LatchkeyError('rate-exceeded');
        return this.#handlers.request(request);
      },
      (thrown) => request.error(thrown),
    );
  }

  #incoming(message: RpcMessage & { kind: 'request' | 'notification' }): IncomingRequest {
    const { method, params } = message;
    const id = message.kind === 'request' ? message.id : undefined;
    let waits = true;
    this.#answering += 1;
    const answered = () => {
      const first = waits;
      if (first) this.#answering -= 1;
      waits = false;
      return first;
    };
    return {
      method,
      params,
      result: (value) => {
        if (answered() && id !== undefined && this.#open) this.#connection.send(resultText(id, value));
      },
      error: (thrown) => {
        if (answered()) this.#refuse(id, thrown);
      },
    };
  }

  /** Answers with an error. A notification has no answer, but whoever counts hears of it. */
  #refuse(id: RpcId | undefined | null, thrown: unknown): void {
    const error = asLatchkeyError(thrown);
    if (error.code === 'internal') this.#observer.internal?.(thrown);
    if (!this.#open) return;
    this.#observer.refused?.(error.code, 'websocket');
    if (id !== undefined) this.#connection.send(errorText(id, errorObjectFor(error)));
  }

  #settle(id: RpcId, outcome: CallOutcome): void {
    const call = this.#calls?.get(id);
    if (call === undefined) {
      this.#observer.ignored?.('unknown-answer');
      return;
    }
    this.#calls?.delete(id);
    call.timer.cancel();
    try {
      call.settled(outcome);
    } catch (thrown) {
      this.#observer.internal?.(thrown);
    }
  }
}
