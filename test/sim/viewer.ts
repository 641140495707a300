import type { RpcError } from '../../src/protocol/index.ts';
import type { Message } from '../support/memory-transport.ts';
import { descriptionOf, fingerprintOf, readOf, viewerAuthor } from './descriptions.ts';
import type { Dice } from './dice.ts';
import type { Node } from './node.ts';
import { Peer } from './peer.ts';
import { tokenOf } from './sim-identity.ts';
import { Socket } from './socket.ts';
import type { Term, View } from './view.ts';
import { WhepViewer } from './whep-viewer.ts';
import type { World } from './world.ts';

/** What a viewer shows of itself with one request. */
export interface Shown {
  readonly person: string;
  readonly token: string;
  readonly untilMs: number;
  readonly issuedMs: number;
}

/** A person with a phone: watches, roams, asks for more time, and at times for what is not theirs. */
export class Viewer {
  readonly name: string;
  /** Where their requests come from. */
  readonly address: string;
  readonly whep: WhepViewer;
  readonly #world: World;
  readonly #sockets = new Set<Socket>();
  readonly #keeping: Dice;
  #gone = false;
  #kept: Shown | undefined;

  constructor(world: World, name: string, number: number) {
    this.#world = world;
    this.name = name;
    this.address = world.homes.addressOf(name, number);
    this.#keeping = world.dice.named(`kept/${name}`);
    this.whep = new WhepViewer(world, this);
  }

  /** The last token of their own that they have shown. */
  get lastToken(): string | undefined {
    return this.#kept?.token;
  }

  /** Live views that have not ended, as far as the phone knows. */
  get views(): View[] {
    const own = [...this.#sockets].flatMap((socket) => (socket.open ? [...socket.views] : []));
    return own.filter((view) => view.opened && view.session !== undefined);
  }

  get sockets(): readonly Socket[] {
    return [...this.#sockets].filter((socket) => socket.open);
  }

  watch(camera: string, node: Node): void {
    const { dice } = this.#world;
    if (this.#gone) return;
    const kind = dice.pick(['offer', 'offer', 'offer', 'whep', 'onvif'] as const);
    if (kind === 'whep') {
      void this.whep.watch(camera, node);
      return;
    }
    const open = this.sockets.find((socket) => socket.node === node);
    if (open !== undefined)
      this.#connect(open, camera, kind, !open.proved || dice.chance(0.5) ? this.show() : undefined);
    else this.#open(node, (socket, shown) => this.#connect(socket, camera, kind, shown));
  }

  leave(): void {
    const view = this.#pickView();
    if (view?.socket === undefined) return;
    view.socket.ask('leave', { session: view.session });
    view.peers.viewer?.stopSoon();
  }

  extend(): void {
    const view = this.#pickView();
    if (view?.socket === undefined) return;
    const shown = this.#world.dice.chance(0.8) ? this.show() : undefined;
    const foreign = shown !== undefined && shown.person !== view.person;
    const term = this.#term(view.socket, shown);
    if (!foreign) view.terms.push(term);
    const authorization = shown?.token;
    if (shown !== undefined) view.socket.shows(shown);
    view.socket.ask('extend', { session: view.session, authorization }, { view, session: view.session, foreign, term });
  }

  restart(): void {
    const view = this.#pickView();
    if (view?.socket === undefined || view.via !== 'offer') return;
    const { socket, session } = view;
    const older = view.peers.viewer;
    const peer = new Peer(this.#world, view, 'viewer', view.node, true);
    const foreign = this.#world.faults.strikes('new-certificates', 0.6);
    const fingerprint = foreign ? fingerprintOf(0x20000 + view.number) : view.fingerprint;
    const offer = descriptionOf(viewerAuthor(view.number), 'offer', peer.ice, fingerprint);
    const answered = ({ result }: Message) => {
      if (result?.answer === undefined) {
        peer.stop();
        return;
      }
      peer.start(readOf(result.answer).ice, session ?? '');
      older?.stopSoon();
    };
    socket.ask('invite', { session, offer }, { view, session, foreign, term: this.#term(socket, undefined), answered });
  }

  roam(): void {
    const views = [...this.views, ...this.whep.views];
    if (views.length > 0) this.#world.dice.pick(views).peers.viewer?.roam();
  }

  drop(): void {
    for (const socket of this.sockets) this.#drop(socket);
  }

  /** Goes for good. */
  off(): void {
    this.#gone = true;
    this.drop();
    this.#sockets.clear();
    this.whep.off();
  }

  /** A connection that says nothing. */
  beSilent(node: Node): void {
    this.#open(node, (socket) => this.#world.checker.awaitRegister(socket), false);
  }

  async list(node: Node): Promise<void> {
    const askedMs = this.#world.timeline.nowMs;
    const shown = this.show(false);
    const headers = { authorization: `Bearer ${shown.token}` };
    const response = await node.request({ path: '/devices', headers, remoteAddress: this.address });
    if (response !== undefined) this.#world.checker.listing(this.name, askedMs, response, shown);
  }

  /** Asks for what is somebody else's. */
  intrude(view: View): void {
    const { session } = view;
    const socket = this.sockets.find(({ owner }) => owner !== view.person);
    if (socket === undefined || session === undefined || !socket.proved) return;
    const method = this.#world.dice.pick(['trickle', 'leave', 'extend', 'invite']);
    const foreign = { session, foreign: true };
    const ice = this.#world.newCredentials();
    const offer = descriptionOf(viewerAuthor(view.number), 'offer', ice, view.fingerprint);
    socket.ask(method, method === 'invite' ? { session, offer } : { session }, foreign);
  }

  /** A token of this person; where an app mixes tokens up, at times of another. */
  show(mixed = true): Shown {
    const { dice, timeline, faults, viewers } = this.#world;
    const untilMs = timeline.nowMs + dice.between(5_000, dice.pick([60_000, 200_000]));
    const person = mixed && faults.strikes('mixed-tokens', 0.4) ? dice.pick(viewers).name : this.name;
    const issuedMs = timeline.nowMs;
    return this.keep({ person, untilMs, issuedMs, token: tokenOf('viewer', person, untilMs, issuedMs) });
  }

  /** Where people keep their tokens, they show the last one again for as long as it lasts. */
  keep(fresh: Shown): Shown {
    if (fresh.person !== this.name) return fresh;
    const { plan, timeline } = this.#world;
    const again = plan.keepsTokens && this.#keeping.chance(0.5);
    if (!again || this.#kept === undefined || this.#kept.untilMs <= timeline.nowMs) this.#kept = fresh;
    return this.#kept;
  }

  #open(node: Node, then: (socket: Socket, shown: Shown | undefined) => void, inHeader?: boolean): void {
    const { dice, timeline } = this.#world;
    const shown = this.show();
    const header = inHeader ?? dice.chance(0.7);
    const socket = new Socket(
      this.#world,
      node,
      'viewer',
      {
        request: (message) => this.#asked(socket, message),
        notice: (error) => this.#noticed(error),
        closed: () => this.#closed(socket),
      },
      this.address,
    );
    if (header) socket.shows(shown);
    this.#sockets.add(socket);
    timeline.after(dice.between(1, 40), async () => {
      const outcome = await node.upgrade(socket, header ? shown.token : undefined);
      if (outcome !== 'open') this.#sockets.delete(socket);
      else if (!this.#sockets.has(socket)) socket.drop();
      else then(socket, header ? undefined : shown);
    });
  }

  #connect(socket: Socket, camera: string, via: 'offer' | 'onvif', shown: Shown | undefined): void {
    if (shown !== undefined) socket.shows(shown);
    const term = this.#term(socket, shown);
    const view = this.#world.newView({
      via,
      person: shown?.person ?? socket.owner,
      camera,
      node: socket.node,
      socket,
      term,
    });
    const peer = new Peer(this.#world, view, 'viewer', socket.node, via === 'offer');
    const offer = descriptionOf(viewerAuthor(view.number), 'offer', peer.ice, view.fingerprint);
    const params = { peer: camera, authorization: shown?.token, ...(via === 'offer' ? { offer } : {}) };
    const answered = ({ result }: Message) => {
      if (result === undefined) {
        peer.stop();
        return;
      }
      view.opened = true;
      this.#world.count(`opened ${via}`);
      if (result.answer !== undefined) peer.start(readOf(result.answer).ice, result.session ?? '');
    };
    socket.views.add(view);
    socket.ask('connect', params, { view, answered });
  }

  #asked(socket: Socket, { id, method, params = {} }: Message): void {
    const { dice, timeline, faults } = this.#world;
    const view = [...socket.views].find(({ session }) => session === params.session);
    const peer = view?.peers.viewer;
    if (method !== 'invite' || view === undefined || peer === undefined || faults.strikes('mute-viewers', 0.3)) return;
    const { ice } = readOf(params.offer ?? '');
    timeline.after(dice.between(1, 80), () => {
      const answer = descriptionOf(viewerAuthor(view.number), 'answer', peer.ice, view.fingerprint);
      peer.start(ice, view.session ?? '');
      socket.say({ id, result: { answer } });
    });
  }

  #noticed({ session }: RpcError): void {
    for (const socket of this.#sockets) {
      for (const view of socket.views) if (session !== undefined && view.session === session) this.#over(view);
    }
  }

  /** Where its network is gone without a word, so are its addresses. */
  #drop(socket: Socket): void {
    const half = socket.drop();
    if (half) for (const view of socket.views) view.peers.viewer?.stop();
    this.#closed(socket);
  }

  #closed(socket: Socket): void {
    this.#sockets.delete(socket);
    for (const view of socket.views) this.#over(view);
  }

  #over(view: View): void {
    view.opened = false;
    view.peers.viewer?.stopSoon();
  }

  #term(socket: Socket, shown: Shown | undefined): Term {
    if (shown === undefined) return this.#world.term(socket.tokenUntilMs, socket.issuedMs, undefined);
    return this.#world.term(shown.untilMs, shown.issuedMs, shown.token);
  }

  #pickView(): View | undefined {
    const { views } = this;
    return views.length === 0 ? undefined : this.#world.dice.pick(views);
  }
}
