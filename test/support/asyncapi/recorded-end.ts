import { subprotocol, webSocketPath } from '../../../src/protocol/index.ts';
import { WebSocketClient } from '../web-socket-client.ts';
import type { End } from './methods.ts';
import type { Said } from './validator.ts';

/** One message of a connection; `asked`: of an answer, the method that it answers. */
export type Recorded = Said & { readonly asked: string | undefined };

interface Message {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly data?: { readonly reason?: string } };
}

/** What this end makes of a request of the relay: a result, or an error. */
export type Answer = (params: Record<string, unknown>) => { result: object } | { error: object };

/** A camera or a viewer by hand, which writes down all that is said on its connection. */
export class RecordedEnd {
  readonly client: WebSocketClient;
  readonly #end: End;
  readonly #record: Recorded[];
  readonly #answers: Readonly<Record<string, Answer>>;
  readonly #waiting = new Map<unknown, { method: string; resolve(message: Message): void }>();
  readonly #told: Message[] = [];
  #wake = Promise.withResolvers<void>();
  #nextId = 1;

  private constructor(
    client: WebSocketClient,
    end: End,
    record: Recorded[],
    answers: Readonly<Record<string, Answer>>,
  ) {
    this.client = client;
    this.#end = end;
    this.#record = record;
    this.#answers = answers;
    void this.#listen();
  }

  static async open(
    url: string,
    end: End,
    {
      record,
      token,
      answers = {},
      headers: more = {},
    }: {
      record: Recorded[];
      token?: string;
      answers?: Readonly<Record<string, Answer>>;
      headers?: Readonly<Record<string, string>>;
    },
  ): Promise<RecordedEnd> {
    const headers = { ...more, ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    const address = `${url.replace('http', 'ws')}${webSocketPath}`;
    return new RecordedEnd(await WebSocketClient.open(address, [subprotocol], { headers }), end, record, answers);
  }

  /** Asks the relay, and resolves with its answer, whichever it is. */
  ask(method: string, params: object = {}): Promise<Message> {
    const id = this.#nextId++;
    const answered = new Promise<Message>((resolve) => this.#waiting.set(id, { method, resolve }));
    this.say({ jsonrpc: '2.0', id, method, params });
    return answered;
  }

  say(message: object, asked?: string): void {
    const text = JSON.stringify(message);
    this.#record.push({ end: this.#end, by: 'end', text, asked });
    this.client.socket.send(text);
  }

  /** Says what is no message; it is not written down. */
  sayNonsense(text: string): void {
    this.client.socket.send(text);
  }

  /** The next notification, or answer to nothing that was asked. */
  async told(): Promise<Message> {
    for (;;) {
      const message = this.#told.shift();
      if (message !== undefined) return message;
      await this.#wake.promise;
    }
  }

  async #listen(): Promise<void> {
    for (;;) {
      const text = await this.client.next().catch(() => undefined);
      if (text === undefined) return;
      this.#take(text, JSON.parse(text) as Message);
    }
  }

  #take(text: string, message: Message): void {
    const call = message.method === undefined ? this.#waiting.get(message.id) : undefined;
    this.#record.push({ end: this.#end, by: 'relay', text, asked: call?.method });
    if (call !== undefined) call.resolve(message);
    else if (message.method !== undefined) this.#answer(message);
    else {
      this.#told.push(message);
      this.#wake.resolve();
      this.#wake = Promise.withResolvers<void>();
    }
  }

  #answer({ id, method = '', params = {} }: Message): void {
    const answer = this.#answers[method];
    if (answer === undefined) throw new Error(`nobody expected ${method}`);
    this.say({ jsonrpc: '2.0', id, ...answer(params) }, method);
  }
}
