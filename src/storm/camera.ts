import { type Clock, limits, type RandomSource, type Redacted, type Timer } from '../base/index.ts';
import { type Backoff, createBackoff } from '../peer/index.ts';
import { firstMessageHeader, ticketHeader } from '../protocol/index.ts';
import { type Aim, sourceOf } from './aim.ts';
import { type Crossings, grantFault, offerFault } from './crossings.ts';
import { type Ending, endingText } from './ending.ts';
import { describedBy, type Mark, markIn, secretsOf } from './marks.ts';
import { failureText, type Message, numberOf, readMessage, textOf } from './messages.ts';
import type { Owners } from './owners.ts';
import { StormSocket } from './socket.ts';

/** What all cameras of a fleet share. */
export interface CameraWorld {
  readonly aim: Aim;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** The key of this run's marks. */
  readonly key: Uint8Array;
  readonly crossings: Crossings;
  readonly owners: Pick<Owners, 'maySee'>;
  readonly usesTickets: boolean;
  readonly honoursRetryAfter: boolean;
  registered(camera: SimulatedCamera): void;
  /** It was registered and is no longer, or was on its way. `again`: it wants to come back, `waitMs` from now. */
  away(camera: SimulatedCamera, was: 'registered' | 'coming', why: string, waitMs: number): void;
  /** It took an offer that is its own, and has answered it. */
  served?(taken: Taken): void;
  /** A ticket was shown, or given. */
  ticket(what: 'shown' | 'given'): void;
}

/** An offer that a camera took, as it came from the relay. */
export interface Taken {
  readonly device: string;
  readonly session: string;
  readonly mark: Mark;
  readonly offer: string;
}

interface Ticket {
  readonly text: string;
  readonly untilMs: number;
}

const registerRequest = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'register',
  params: { capabilities: ['answer'] },
});

/** A camera as the relay sees one: it registers, answers the offers that are its own, and comes back when it was cut off. */
export class SimulatedCamera {
  readonly device: string;
  readonly #world: CameraWorld;
  readonly #token: Redacted<string>;
  readonly #source: string | undefined;
  readonly #backoff: Backoff;
  /** Sessions that it answered for, each with the offer that it was; they may go on with its next connection. */
  readonly #sessions = new Map<string, Mark>();
  #socket: StormSocket | undefined;
  #state: 'away' | 'coming' | 'registered' = 'away';
  #registerBy: Timer | undefined;
  #ticket: Ticket | undefined;
  #retryAfterSeconds: number | undefined;
  #refused: string | undefined;

  constructor(world: CameraWorld, index: number, device: string, token: Redacted<string>) {
    this.device = device;
    this.#world = world;
    this.#token = token;
    this.#source = sourceOf(world.aim, index);
    this.#backoff = createBackoff(limits.reconnectMsFirst, limits.reconnectMsMax, world.random);
  }

  get registered(): boolean {
    return this.#state === 'registered';
  }

  connect(): void {
    if (this.#state !== 'away') return;
    this.#state = 'coming';
    this.#retryAfterSeconds = undefined;
    this.#refused = undefined;
    const socket: StormSocket = new StormSocket(this.#world.aim, this.#source, this.#headers(), this.#world, {
      open: (tookFirst) => {
        if (!tookFirst) socket.send(registerRequest);
        this.#registerBy = this.#world.clock.after(limits.callMsMax, () => {
          this.#refused = 'no answer to register in time';
          socket.drop();
        });
      },
      message: (text) => {
        if (this.#socket === socket) this.#take(text);
      },
      ended: (ending) => {
        if (this.#socket === socket) this.#ended(ending);
      },
    });
    this.#socket = socket;
  }

  /** Cut off without a word. It stays away until `connect`. */
  drop(): void {
    this.#leave((socket) => socket.drop());
  }

  /** Leaves politely. */
  close(): void {
    this.#leave((socket) => socket.close());
  }

  #leave(how: (socket: StormSocket) => void): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#reset();
    if (socket !== undefined) how(socket);
  }

  #reset(): void {
    this.#state = 'away';
    this.#registerBy?.cancel();
  }

  #headers(): string {
    const token = `Authorization: Bearer ${this.#token.reveal()}\r\n`;
    // A camera that knows nothing of tickets knows nothing of this either.
    if (!this.#world.usesTickets) return token;
    const first = `${firstMessageHeader}: ${registerRequest}\r\n`;
    const ticket = this.#ticket;
    if (ticket === undefined || ticket.untilMs <= this.#world.clock.now()) return token + first;
    this.#world.ticket('shown');
    return `${token}${ticketHeader}: ${ticket.text}\r\n${first}`;
  }

  #ended(ending: Ending): void {
    const was = this.#state === 'registered' ? 'registered' : 'coming';
    this.#socket = undefined;
    this.#reset();
    const asked = ending.kind === 'http' ? ending.retryAfterSeconds : this.#retryAfterSeconds;
    const waitMs = this.#backoff.next(this.#world.honoursRetryAfter ? asked : undefined);
    const closed = ending.kind === 'left' ? this.#refused : undefined;
    this.#world.away(this, was, closed ?? endingText(ending), waitMs);
  }

  #take(text: string): void {
    const message = readMessage(text);
    if (message === undefined) return;
    if (message.error !== undefined) this.#failed(message, message.error);
    else if (message.method === 'invite') this.#invited(message);
    else if (message.method === 'extend') this.#extended(message);
    else if (message.method !== undefined)
      this.#answer(message.id, { error: { code: -32601, message: 'No such method.' } });
    else if (message.result !== undefined && message.id === 1) this.#registered(message.result);
  }

  #registered(result: Readonly<Record<string, unknown>>): void {
    const isOwn = result.id === this.device;
    if (!isOwn)
      this.#world.crossings.add(this.device, `registered as ${String(result.id)} (or its token names another device)`);
    if (this.#state !== 'coming') return;
    if (!isOwn) {
      this.#refused = 'registered as another device';
      this.#socket?.drop();
      return;
    }
    this.#registerBy?.cancel();
    this.#state = 'registered';
    this.#backoff.reset();
    this.#keepTicket(result);
    this.#world.registered(this);
  }

  #keepTicket({ ticket, ticketExpiresInSeconds }: Readonly<Record<string, unknown>>): void {
    const text = textOf(ticket);
    if (!this.#world.usesTickets || text === undefined || !/^[\x21-\x7e]{1,4096}$/.test(text)) return;
    const seconds = numberOf(ticketExpiresInSeconds) ?? 0;
    this.#ticket = { text, untilMs: this.#world.clock.now() + seconds * 1000 };
    this.#world.ticket('given');
  }

  #failed(message: Message, error: NonNullable<Message['error']>): void {
    this.#retryAfterSeconds = error.retryAfterSeconds ?? this.#retryAfterSeconds;
    if (error.session !== undefined) {
      if (!this.#sessions.delete(error.session))
        this.#world.crossings.add(this.device, 'word of a session of another camera');
    } else if (message.id === 1 && this.#state === 'coming') {
      this.#refused = failureText(error);
      this.#socket?.drop();
    }
  }

  #invited({ id, params }: Message): void {
    const { crossings, key, owners } = this.#world;
    const [offer, session, grant] = [textOf(params.offer) ?? '', textOf(params.session) ?? '', textOf(params.grant)];
    const mark = markIn(offer, key);
    const fault = offerFault(mark, this.device, owners);
    if (mark === undefined || fault !== undefined) {
      crossings.add(this.device, fault ?? 'an offer');
      this.#answer(id, { error: { code: 403, message: 'This offer is for another camera, or of a stranger.' } });
      return;
    }
    this.#readGrant(grant, mark, session);
    this.#sessions.set(session, mark);
    if (this.#sessions.size > limits.endedSessionsRememberedMax) this.#forgetOldest();
    this.#answer(id, { result: { answer: describedBy({ ...mark, kind: 'answer' }, key) } });
    this.#world.served?.({ device: this.device, session, mark, offer });
  }

  #extended({ id, params }: Message): void {
    const session = textOf(params.session) ?? '';
    const mark = this.#sessions.get(session);
    if (mark === undefined) this.#world.crossings.add(this.device, 'an extension of a session of another camera');
    else this.#readGrant(textOf(params.grant), mark, session);
    this.#answer(id, { result: { expiryTimeSeconds: 0 } });
  }

  #readGrant(grant: string | undefined, mark: Mark, session: string): void {
    const { crossings, key } = this.#world;
    const wrong = grant === undefined ? undefined : grantFault(grant, mark, session, secretsOf(mark, key).fingerprint);
    if (wrong !== undefined) crossings.add(this.device, wrong);
  }

  #forgetOldest(): void {
    for (const session of this.#sessions.keys()) {
      this.#sessions.delete(session);
      return;
    }
  }

  #answer(id: unknown, answer: object): void {
    if (id !== undefined && id !== null) this.#socket?.send(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
  }
}
