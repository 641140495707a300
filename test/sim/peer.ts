import type { IceCredentials, Side } from '../../src/relay/index.ts';
import { answerOf, checkOf, mediaOf, seen, serialOf } from './datagrams.ts';
import type { Address } from './network.ts';
import type { Node } from './node.ts';
import { ProcessClock } from './timeline.ts';
import type { View } from './view.ts';
import type { World } from './world.ts';

const uncheckedMs = 400;
const consentMs = 4_000;
const silentMsMax = 30_000;

/** One side of one live view on the network: it checks, answers checks, and sends what stands for its media. */
export class Peer {
  readonly number: number;
  readonly side: Side;
  readonly ice: IceCredentials;
  readonly node: Node;
  readonly #world: World;
  readonly #clock: ProcessClock;
  /** The view, where it is known whose description was read. */
  view: View;
  address: Address;
  session = '';
  #remote: IceCredentials | undefined;
  #serial = 0;
  /** When a check from the address that it has now was last answered: only then it may send there (RFC 8445 section 12.1). */
  #answeredMs = 0;
  #movedAt = 0;
  readonly #nominates: boolean;
  /** It never gives up. */
  readonly #patient: boolean;
  #runs = false;
  #stopped = false;

  constructor(world: World, view: View, side: Side, node: Node, nominates: boolean, ice = world.newCredentials()) {
    this.#world = world;
    this.#clock = new ProcessClock(world.timeline);
    this.number = world.peers.push(this) - 1;
    this.view = view;
    this.side = side;
    this.node = node;
    this.#nominates = nominates;
    this.#patient = world.dice.chance(0.5);
    this.ice = ice;
    this.address = world.network.lease(this);
    view.peers[side] = this;
  }

  get connected(): boolean {
    return this.#answeredMs > 0 && !this.#stopped;
  }

  get remote(): IceCredentials | undefined {
    return this.#remote;
  }

  start(remote: IceCredentials, session: string): void {
    if (this.#stopped) return;
    this.#remote = remote;
    this.session = session;
    if (this.#runs) return;
    this.#runs = true;
    this.#check();
    this.#clock.after(this.#world.dice.between(300, 1_200), () => this.#media());
  }

  /** Another network, while the answer to its last check is on its way: the address that it had is anybody’s then. */
  roam(): void {
    if (this.#stopped) return;
    if (this.#runs) this.#check(false);
    this.#world.timeline.after(40, () => this.#move());
  }

  #move(): void {
    if (this.#stopped) return;
    const { address } = this;
    this.address = this.#world.network.lease(this);
    this.#world.network.release(address, this);
    this.#answeredMs = 0;
    this.#movedAt = this.#serial;
    if (this.#runs) this.#check(false);
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#clock.stop();
    this.#world.network.release(this.address, this);
  }

  /** It hears of the end a little later than the rest of its device. */
  stopSoon(): void {
    if (!this.#stopped) this.#clock.after(this.#world.dice.between(0, 2_500), () => this.stop());
  }

  receive(bytes: Buffer): void {
    if (this.#stopped || this.#remote === undefined) return;
    const what = seen(bytes);
    const author = this.#world.peers[what.author];
    if (author?.view !== this.view || author.side === this.side) {
      this.#world.counts.strays += 1;
      return;
    }
    if (what.kind === 'media') this.#world.counts.media += 1;
    else if (what.kind === 'request') this.#send(answerOf(bytes, this.number, this.ice.password));
    else if (what.asker === this.number && serialOf(bytes) >= this.#movedAt) this.#answeredMs = this.#clock.now();
  }

  #check(again = true): void {
    const remote = this.#remote;
    if (remote === undefined) return;
    const nowMs = this.#clock.now();
    if (!this.#patient && this.#answeredMs > 0 && nowMs - this.#answeredMs > silentMsMax) {
      this.stop();
      return;
    }
    const username = `${remote.ufrag}:${this.ice.ufrag}`;
    const serial = this.#serial++;
    const recipe = { author: this.number, serial, username, password: remote.password, nominates: this.#nominates };
    this.#send(checkOf(recipe));
    if (this.#world.faults.strikes('forged-checks', 0.3)) this.#forge(recipe);
    if (again) {
      const waitMs = this.connected ? consentMs : uncheckedMs;
      this.#clock.after(this.#world.dice.between(waitMs * 0.8, waitMs * 1.2), () => this.#check());
    }
  }

  /** A check in the name of somebody else, whose user name anybody can read, under a password that is not theirs. */
  #forge(recipe: Parameters<typeof checkOf>[0]): void {
    const victim = this.#world.network.another(this);
    const victims = victim?.remote;
    if (victim === undefined || victims === undefined) return;
    const username = `${victims.ufrag}:${victim.ice.ufrag}`;
    if (username === recipe.username) return;
    this.#send(checkOf({ ...recipe, serial: this.#serial++, username, forged: true }));
  }

  #media(): void {
    const { view } = this;
    if (this.connected) {
      const name = this.side === 'camera' ? view.camera : view.person;
      this.#send(mediaOf(this.number, this.#serial++, `${name} ${this.session}`));
    }
    const [min, max] = this.side === 'camera' ? [400, 1_600] : [2_000, 6_000];
    this.#clock.after(this.#world.dice.between(min, max), () => this.#media());
  }

  #send(bytes: Buffer): void {
    this.#world.network.toNode(this.node, this.address, bytes, this);
  }
}
