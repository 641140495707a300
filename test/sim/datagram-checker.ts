import { LatchkeyError, limits } from '../../src/base/index.ts';
import type { Side } from '../../src/relay/index.ts';
import { isForged, seen } from './datagrams.ts';
import type { Address } from './network.ts';
import type { Node } from './node.ts';
import type { Peer } from './peer.ts';
import { isUnreliable } from './sim-ownership.ts';
import type { Term, View } from './view.ts';
import type { World } from './world.ts';

/** What a wire without a sign of one side may still carry. */
const silentMsMax = 30_000;
/** How long after a change a source that answers has told of it and has been asked again. */
const toldMsMax = 1_200;
/** How much longer it takes at most where it does not answer. */
const unansweredMsMax = limits.reproofMsMax + limits.reproofRetryMsMax + limits.ownershipAnswerMsMax;

/** Who proved an address, in the order in which that happened. */
interface Claims {
  readonly proved: Map<Peer, number>;
  /** Whose it is, since a check of theirs from there was passed on. */
  owner: { readonly peer: Peer; readonly order: number } | undefined;
}

/** The half of the checker that stands at the UDP ports. */
export class DatagramChecker {
  protected readonly world: World;
  readonly #claims = new Map<string, Claims>();
  #order = 0;
  #input: { readonly claims: Claims; readonly peer: Peer } | undefined;

  constructor(world: World) {
    this.world = world;
  }

  /** Keeps the first that was wrong. */
  violated(what: string): void {
    this.world.violation ??= what;
  }

  internal(error: unknown): void {
    const { faults, forgivesCameras } = this.world;
    const expected = faults.on('forged-pairs') || faults.on('crossed-sessions') || forgivesCameras;
    const cause = error instanceof LatchkeyError ? error.cause : error;
    if (!expected || !(cause instanceof TypeError)) this.violated(`an internal error: ${(cause as Error)?.stack}`);
  }

  /** Whether a live pair can name the two, by any answer that it may rest on. */
  lawful(view: View): boolean {
    return view.terms.some((term) => this.fits(view, term)) && !this.#shouldHaveEnded(view);
  }

  fits(view: View, term: Term): boolean {
    const { person, camera } = view;
    const { sinceMs, tokenUntilMs } = term;
    const { truth, timeline } = this.world;
    const { nowMs } = timeline;
    if (truth.thrown.opposes(view, term, truth.everOwned(person, camera))) return false;
    return nowMs < tokenUntilMs && this.world.truth.allowed(person, camera, sinceMs, nowMs);
  }

  /**
   * Whether a source that tells of changes has told for long enough of one that ends it. One that may be slow to answer is waited for, and
   * only for a view that was there before.
   */
  #shouldHaveEnded({ person, camera, boundMs }: View): boolean {
    const { plan, faults, truth, timeline } = this.world;
    if (!plan.tellsChanges || faults.on('previous-answers') || faults.on('crossed-sessions')) return false;
    const lostMs = truth.lostMs(person, camera, timeline.nowMs);
    if (lostMs === undefined) return false;
    const latestMs = lostMs + toldMsMax + this.world.lateMsMax;
    if (!isUnreliable(faults)) return timeline.nowMs > latestMs;
    return boundMs !== undefined && boundMs < lostMs && timeline.nowMs > latestMs + unansweredMsMax;
  }

  /** A datagram reaches a node. It proves an address only if whoever sent it wrote it. */
  arriving(node: Node, from: Address, bytes: Buffer, sender: Peer): void {
    const what = seen(bytes);
    if (what.kind === 'media' || what.author !== sender.number || isForged(bytes)) return;
    sender.view.heardMs[sender.side] = this.world.timeline.nowMs;
    if (what.kind !== 'request') return;
    const claims = this.#claimsOf(node, from.key);
    claims.proved.set(sender, ++this.#order);
    this.#input = { claims, peer: sender };
  }

  /** Returns whether it was a check that was passed on. */
  arrived(): boolean {
    const input = this.#input;
    this.#input = undefined;
    return input !== undefined && input.claims.owner?.order === this.#order;
  }

  /** A datagram leaves a node. */
  datagram(node: Node, to: number, bytes: Buffer): void {
    const what = seen(bytes);
    const author = this.world.peers[what.author];
    if (author === undefined) {
      this.violated('a datagram of nobody');
      return;
    }
    const { view } = author;
    const input = this.#input;
    if (what.kind === 'request' && input?.peer === author) input.claims.owner = { peer: author, order: this.#order };
    if (view.ended) this.violated(`a datagram of ${this.#name(view)} after its end`);
    else if (!this.lawful(view)) this.violated(`a datagram of ${this.#name(view)}, which no live pair names`);
    else if (view.awayUntilMs !== undefined && view.awayUntilMs < this.world.timeline.nowMs)
      this.violated(`a datagram of ${this.#name(view)}, whose camera has not come back`);
    else if (!this.#isHeard(view)) this.violated(`a datagram of ${this.#name(view)}, whose other side is long gone`);
    else this.#demandAddress(node, to, author, author.side === 'viewer' ? 'camera' : 'viewer');
    if (what.kind === 'response' && this.world.peers[what.asker]?.view !== view)
      this.violated('an answer to a check of another live view');
    if (what.kind === 'media' && !node.hasOnRecord(view.session ?? ''))
      this.violated(`media of ${this.#name(view)}, which is not on record`);
    if (what.kind === 'media') this.#demandMark(view, author.side, what.mark);
  }

  #demandAddress(node: Node, to: number, author: Peer, side: Side): void {
    const claims = this.#claimsOf(node, to);
    let order = 0;
    for (const [peer, at] of claims.proved) {
      if (peer.view === author.view && peer.side === side) order = Math.max(order, at);
    }
    if (order === 0) {
      const holder = this.world.network.holder(to);
      const whose = holder === undefined ? 'nobody' : this.#name(holder.view);
      this.violated(`a datagram of ${this.#name(author.view)} goes where its ${side} never was, to ${whose}`);
    } else if (claims.owner !== undefined && claims.owner.order > order)
      this.violated(
        `a datagram of ${this.#name(author.view)} goes to an address of ${this.#name(claims.owner.peer.view)}`,
      );
  }

  #demandMark(view: View, side: Side, mark: string): void {
    const right = `${side === 'camera' ? view.camera : view.person} ${view.session}`;
    if (mark !== right) this.violated(`media of ${mark} in place of ${right}`);
  }

  #isHeard({ heardMs }: View): boolean {
    return this.world.timeline.nowMs - Math.min(heardMs.viewer, heardMs.camera) <= silentMsMax;
  }

  #claimsOf(node: Node, key: number): Claims {
    const name = `${node.number}/${key}`;
    let claims = this.#claims.get(name);
    if (claims === undefined) {
      claims = { proved: new Map(), owner: undefined };
      this.#claims.set(name, claims);
    }
    return claims;
  }

  #name(view: View): string {
    return `view ${view.number} (${view.person} of ${view.camera})`;
  }
}
