import type { Timer } from '../../src/base/index.ts';
import type { RpcError } from '../../src/protocol/index.ts';
import type { Connection, ConnectionHandlers } from '../../src/signaling/index.ts';
import type { Message } from '../support/memory-transport.ts';
import type { Node } from './node.ts';
import type { View } from './view.ts';
import type { World } from './world.ts';

/** A request of a client, until it is answered. */
export interface Asked {
  readonly id: string;
  readonly method: string;
  readonly view?: View | undefined;
  /** The session that it names, where it names one. */
  readonly session?: string | undefined;
  /** It must not be granted: it names what is not the client's own. */
  readonly foreign?: boolean;
  /** The live views that a camera says it still has. */
  readonly sessions?: readonly string[] | undefined;
  readonly term?: View['terms'][number];
  readonly answered?: (message: Message) => void;
}

/** A request that a client may send. */
export interface Call {
  readonly method: string;
  readonly params: object;
  readonly more: Omit<Asked, 'id' | 'method'>;
}

/** A ticket that a camera has, or what it has made of one. */
export interface Ticket {
  readonly text: string;
  /** Another camera stands in it than the one that it was given to. */
  readonly isForged: boolean;
  /** Whom it was given to. */
  readonly of: string;
  readonly givenMs: number;
  readonly untilMs: number;
  /** The end of the token behind it. */
  readonly tokenUntilMs: number;
}

export interface ClientHandlers {
  request(message: Message): void;
  notice(error: RpcError): void;
  closed(code: number, reason: string): void;
}

/** A WebSocket, both of its ends, and the network between: in order, late, and at times gone for one end alone. */
export class Socket implements Connection {
  readonly remoteAddress: string;
  readonly number: number;
  readonly node: Node;
  readonly kind: 'viewer' | 'camera';
  /** Whom the first token that it shows names. */
  owner = '';
  /** The end of the last token that it has shown; 0 before. */
  tokenUntilMs = 0;
  /** When the youngest token was issued that it has shown. */
  issuedMs: number | undefined;
  registered = false;
  /** The node has closed it, or knows that it is gone. */
  overAtNode = false;
  overAtClient = false;
  readonly views = new Set<View>();
  /** What it was opened with, when that is a ticket and nothing else. */
  ticketAlone: Ticket | undefined;
  openedMs = 0;
  /** What the node has not answered. */
  readonly asked = new Map<string, Asked>();
  readonly #world: World;
  readonly #client: ClientHandlers;
  #server: ConnectionHandlers | undefined;
  #toNodeMs = 0;
  #toClientMs = 0;
  #serial = 0;
  #gone: Timer | undefined;

  constructor(world: World, node: Node, kind: 'viewer' | 'camera', client: ClientHandlers, address: string) {
    this.#world = world;
    this.remoteAddress = address;
    this.number = world.sockets.push(this) - 1;
    this.node = node;
    this.kind = kind;
    this.#client = client;
  }

  get proved(): boolean {
    return this.owner !== '';
  }

  /** It is whose the first token says that it shows; another's changes nothing. */
  shows({
    person,
    untilMs,
    issuedMs,
  }: {
    readonly person: string;
    readonly untilMs: number;
    readonly issuedMs: number;
  }): void {
    if (!this.proved) this.owner = person;
    if (this.owner !== person) return;
    this.tokenUntilMs = Math.max(this.tokenUntilMs, untilMs);
    this.issuedMs = Math.max(this.issuedMs ?? 0, issuedMs);
  }

  attach(handlers: ConnectionHandlers): void {
    this.#server = handlers;
  }

  get open(): boolean {
    return !this.overAtNode && !this.overAtClient && this.#server !== undefined;
  }

  /** The node's end. */
  send(text: string): boolean {
    if (this.overAtNode || !this.node.runs) return false;
    const message: Message = JSON.parse(text);
    const asked = this.#world.checker.text(this, message, text);
    this.#toClientMs = this.#world.timeline.nowMs + this.#delay(this.#toClientMs);
    this.#at(this.#toClientMs, () => this.#arrived(message, asked));
    return true;
  }

  close(code: number, reason: string): void {
    if (this.overAtNode) return;
    this.overAtNode = true;
    this.#toClientMs = this.#world.timeline.nowMs + this.#delay(this.#toClientMs);
    this.#at(this.#toClientMs, () => this.#closedForClient(code, reason));
    this.#at(this.#world.timeline.nowMs, () => {
      this.#server?.closed(code);
      this.#world.checker.gone(this);
    });
  }

  /** The client's end. */
  say(message: object): void {
    if (this.overAtClient) return;
    const text = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.#world.note(() => `connection ${this.number} (${this.owner}): ${text.slice(0, 110)}`);
    this.#toNodeMs = this.#world.timeline.nowMs + this.#delay(this.#toNodeMs);
    this.#at(this.#toNodeMs, () =>
      this.node.whenFree(() => {
        if (this.overAtNode || !this.node.runs) return;
        this.node.heard(this.remoteAddress, text);
        this.#server?.message(text);
      }),
    );
  }

  ask(method: string, params: object, more: Call['more'] = {}): void {
    this.prepare({ method, params, more }).say();
  }

  /** A request that has not left yet: it leaves by `say`, or otherwise, and then `begin` is when it has. */
  prepare({ method, params, more }: Call): { readonly text: string; begin(): void; say(): void } {
    const id = `s${this.number}q${this.#serial++}`;
    const message = { id, method, params };
    const begin = () => {
      const asked: Asked = { id, method, ...more };
      this.asked.set(id, asked);
      this.#world.checker.awaitAnswer(this, asked);
    };
    const say = () => {
      begin();
      this.say(message);
    };
    return { text: JSON.stringify({ jsonrpc: '2.0', ...message }), begin, say };
  }

  /** The client's end is gone; the node hears of it, sooner or later. Returns whether it will be later. */
  drop(): boolean {
    if (this.overAtClient) return false;
    this.overAtClient = true;
    const half = this.#world.faults.strikes('half-open', 0.5);
    const delay = half
      ? this.#world.dice.between(2_000, this.#world.dice.pick([10_000, 90_000]))
      : this.#delay(this.#toNodeMs);
    this.#gone = this.#world.timeline.after(delay, () => this.node.whenFree(() => this.#lost()));
    return half;
  }

  /** The node is gone at once. */
  cut(): void {
    this.overAtNode = true;
    this.#gone?.cancel();
    this.#world.checker.gone(this);
    this.#at(this.#world.timeline.nowMs + this.#delay(0), () => this.#closedForClient(1006, ''));
  }

  #lost(): void {
    if (this.overAtNode) return;
    this.overAtNode = true;
    this.#server?.closed(1006);
    this.#world.checker.gone(this);
  }

  #closedForClient(code: number, reason: string): void {
    if (this.overAtClient) return;
    this.overAtClient = true;
    this.#client.closed(code, reason);
  }

  #arrived(message: Message, asked: Asked | undefined): void {
    if (this.overAtClient) return;
    if (message.method !== undefined) this.#client.request(message);
    else if (asked !== undefined) asked.answered?.(message);
    else if (message.error !== undefined) this.#client.notice(message.error);
  }

  /** What is sent later arrives later. */
  #delay(lastMs: number): number {
    const restMs = lastMs - this.#world.timeline.nowMs;
    return Math.max(restMs, this.#world.dice.between(1, 40));
  }

  #at(atMs: number, run: () => void): void {
    this.#world.timeline.after(Math.max(0, atMs - this.#world.timeline.nowMs), run);
  }
}
