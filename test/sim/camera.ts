import type { RpcError } from '../../src/protocol/index.ts';
import type { Message } from '../support/memory-transport.ts';
import { cameraAuthor, descriptionOf, fingerprintOf, readOf } from './descriptions.ts';
import type { Dice } from './dice.ts';
import type { Node } from './node.ts';
import { Peer } from './peer.ts';
import { forgedTicket, tokenOf } from './sim-identity.ts';
import type { OpenGrant } from './sim-pairing.ts';
import { type Call, Socket, type Ticket } from './socket.ts';
import type { World } from './world.ts';

/** A camera: it registers, comes back when it has lost its connection, and shows itself to whom the relay sends. */
export class Camera {
  readonly name: string;
  readonly node: Node;
  readonly #world: World;
  readonly #number: number;
  readonly #answers: boolean;
  readonly #checksGrants: boolean;
  readonly #fingerprint: string;
  readonly #peers = new Map<string, Peer>();
  #ticket: Ticket | undefined;
  /** Whether it says which live views it still has. */
  readonly #saysSessions: boolean;
  /** Chances of its registration going along with the request to open a connection, and of its coming late. */
  readonly #early: Dice;
  #socket: Socket | undefined;
  #on = false;

  constructor(world: World, name: string, node: Node, number: number) {
    const dice = world.dice.named(`camera/${number}`);
    this.#world = world;
    this.name = name;
    this.#number = number;
    this.node = node;
    this.#answers = dice.chance(0.7);
    this.#checksGrants = dice.chance(0.5);
    this.#saysSessions = dice.chance(0.5);
    this.#early = world.dice.named(`early/${number}`);
    this.#fingerprint = fingerprintOf(0x10000 + number);
  }

  get peers(): readonly Peer[] {
    return [...this.#peers.values()];
  }

  on(): void {
    if (this.#on) return;
    this.#on = true;
    this.#connect();
  }

  /** It loses its connection, and comes back. */
  drop(): void {
    this.#socket?.drop();
    const { dice } = this.#world;
    this.#lost(dice.between(300, dice.pick([4_000, 4_000, 80_000])));
  }

  off(): void {
    this.#on = false;
    if (this.#socket?.open && this.#world.dice.chance(0.5)) this.#socket.ask('unregister', {});
    const socket = this.#socket;
    this.#world.timeline.after(200, () => socket?.drop());
    this.#lost(0);
    this.#restart();
  }

  /** Asks for what is another camera's. */
  intrude(session: string): void {
    const socket = this.#socket;
    if (!socket?.registered) return;
    const foreign = { session, foreign: true };
    const method = this.#world.dice.pick(['trickle', 'leave', 'extend', 'invite']);
    const offer = descriptionOf(
      cameraAuthor(this.name, session),
      'offer',
      this.#world.newCredentials(),
      this.#fingerprint,
    );
    socket.ask(method, method === 'invite' ? { session, offer } : { session }, foreign);
  }

  #connect(): void {
    const { dice, timeline } = this.#world;
    if (!this.#on || this.#socket !== undefined) return;
    const ticket = dice.chance(0.6) ? this.#ticketToShow() : undefined;
    const alone = ticket !== undefined && dice.chance(0.5);
    const untilMs = alone ? ticket.tokenUntilMs : timeline.nowMs + dice.between(10_000, 200_000);
    const token = alone ? undefined : tokenOf('camera', this.name, untilMs, timeline.nowMs);
    const socket = new Socket(
      this.#world,
      this.node,
      'camera',
      {
        request: (message) => this.#asked(socket, message),
        notice: (error) => this.#noticed(error),
        closed: (code) => {
          if (this.#socket === socket)
            this.#lost(code === 4409 ? dice.between(5_000, 30_000) : dice.between(300, 5_000));
        },
      },
      this.#world.homes.addressOf(this.name, this.#number),
    );
    this.#socket = socket;
    const issuedMs = alone ? ticket.givenMs : timeline.nowMs;
    socket.shows({ person: this.name, untilMs: Math.max(untilMs, ticket?.tokenUntilMs ?? 0), issuedMs });
    const inHeader = alone || dice.chance(0.7);
    socket.ticketAlone = alone ? ticket : undefined;
    timeline.after(dice.between(1, 40), async () => {
      socket.openedMs = timeline.nowMs;
      const first = inHeader && this.#early.chance(0.5) ? this.#registration(socket, undefined) : undefined;
      const outcome = await this.node.upgrade(socket, inHeader ? token : undefined, { ticket: ticket?.text, first });
      if (outcome === 'refused') this.#ticket = undefined;
      if (this.#socket !== socket) {
        if (outcome === 'open') socket.drop();
      } else if (outcome === 'open') {
        if (first !== undefined) return;
        const register = () => {
          if (this.#socket === socket) this.#register(socket, inHeader ? undefined : token);
        };
        if (this.#early.chance(0.2)) timeline.after(this.#early.between(100, 12_000), register);
        else register();
      } else this.#lost(dice.between(500, 4_000));
    });
    timeline.after(Math.max(0, untilMs - timeline.nowMs - dice.between(1_000, 4_000)), () => this.#renew(socket));
  }

  #register(socket: Socket, authorization: string | undefined): void {
    socket.prepare(this.#registration(socket, authorization)).say();
  }

  #registration(socket: Socket, authorization: string | undefined): Call {
    const capabilities = this.#answers ? ['answer'] : [];
    const sessions = this.#saysSessions ? [...this.#peers.keys()].slice(-4) : undefined;
    const answered = ({ result }: Message) => {
      if (result?.sessions !== undefined) this.#keepOnly(result.sessions);
      const { ticket, ticketExpiresInSeconds: restSeconds = 0 } = result ?? {};
      if (ticket === undefined) return;
      const { nowMs } = this.#world.timeline;
      const untilMs = nowMs + (restSeconds + 1) * 1_000;
      this.#ticket = {
        text: ticket,
        isForged: false,
        of: this.name,
        givenMs: nowMs,
        untilMs,
        tokenUntilMs: socket.tokenUntilMs,
      };
      this.#world.count('tickets given');
    };
    const params = { name: `The ${this.name}`, capabilities, authorization, sessions };
    return { method: 'register', params, more: { sessions: socket.registered ? undefined : sessions, answered } };
  }

  /** The one that it has, be it over; where it makes something of it, one of another camera. */
  #ticketToShow(): Ticket | undefined {
    const { faults, dice, cameras } = this.#world;
    const ticket = this.#ticket;
    if (ticket === undefined) return undefined;
    const other = faults.strikes('forged-tickets', 0.5) ? dice.pick(cameras).name : this.name;
    this.#world.count('tickets shown');
    return other === this.name ? ticket : { ...ticket, text: forgedTicket(ticket.text, other), isForged: true };
  }

  #keepOnly(sessions: readonly string[]): void {
    for (const [session, peer] of this.#peers) {
      if (sessions.includes(session)) continue;
      peer.stopSoon();
      this.#peers.delete(session);
    }
  }

  /** Some ask for more time, and some let their time run out. */
  #renew(socket: Socket): void {
    const { dice, timeline } = this.#world;
    if (this.#socket !== socket || !socket.registered || dice.chance(0.3)) return;
    const untilMs = timeline.nowMs + dice.between(10_000, 100_000);
    socket.shows({ person: this.name, untilMs, issuedMs: timeline.nowMs });
    this.#register(socket, tokenOf('camera', this.name, untilMs, timeline.nowMs));
  }

  #lost(comesBackMs: number): void {
    this.#socket = undefined;
    if (this.#world.faults.strikes('restarting-cameras', 0.5)) this.#restart();
    this.#world.timeline.after(comesBackMs, () => this.#connect());
  }

  #restart(): void {
    this.#keepOnly([]);
  }

  #asked(socket: Socket, message: Message): void {
    const { dice, timeline, faults } = this.#world;
    const slow = faults.strikes('slow-cameras', 0.4) ? dice.between(200, 12_000) : dice.between(1, 60);
    if (message.method === 'extend') {
      socket.say({ id: message.id, result: { expiryTimeSeconds: 1 } });
      return;
    }
    if (faults.strikes('mute-cameras', 0.3)) return;
    timeline.after(slow, () => {
      if (message.method === 'invite') this.#invited(socket, message);
      else if (message.method === 'connect') this.#connected(socket, message);
    });
  }

  #invited(socket: Socket, { id, params = {} }: Message): void {
    const { session = '', offer = '', grant } = params;
    const { author, ice } = readOf(offer);
    if (!this.#accepts(session, grant)) {
      socket.say({ id, error: { code: 403, message: `Not you: ${grant}`, data: { reason: 'device-refused' } } });
      return;
    }
    const view = this.#world.views[Number(author.split('-')[1])];
    if (view === undefined) return;
    this.#peers.get(session)?.stopSoon();
    const peer = new Peer(this.#world, view, 'camera', this.node, false);
    this.#peers.set(session, peer);
    const answer = descriptionOf(cameraAuthor(this.name, author), 'answer', peer.ice, this.#fingerprint);
    peer.start(ice, session);
    socket.say({ id, result: { answer } });
    if (this.#world.faults.strikes('camera-answers-twice', 0.5)) socket.say({ id, result: { answer } });
  }

  #connected(socket: Socket, { id, params = {} }: Message): void {
    const { session = '' } = params;
    socket.say({ id, result: {} });
    this.#world.timeline.after(this.#world.dice.between(1, 60), () => {
      const ice = this.#world.newCredentials();
      const offer = descriptionOf(cameraAuthor(this.name, session), 'offer', ice, this.#fingerprint);
      const view = this.#world.checker.sessionOf(session);
      const answered = ({ result }: Message) => {
        if (result?.answer !== undefined) this.#answered(session, ice, result.answer, result.grant);
      };
      socket.ask('invite', { session, offer }, { session, view, answered });
    });
  }

  #answered(session: string, ice: Peer['ice'], answer: string, grant: string | undefined): void {
    const read = readOf(answer);
    const view = this.#world.views[Number(read.author.split('-')[1])];
    if (view === undefined || !this.#accepts(session, grant)) return;
    const peer = new Peer(this.#world, view, 'camera', this.node, true, ice);
    this.#peers.set(session, peer);
    peer.start(read.ice, session);
  }

  #accepts(session: string, grant: string | undefined): boolean {
    if (this.#world.faults.strikes('refusing-cameras', 0.3)) return false;
    if (!this.#checksGrants || grant === undefined) return true;
    const { device, session: granted }: OpenGrant = JSON.parse(grant);
    return device === this.name && granted === session;
  }

  #noticed({ session = '' }: RpcError): void {
    this.#peers.get(session)?.stopSoon();
    this.#peers.delete(session);
  }
}
