import { limits } from '../../src/base/index.ts';
import type { HttpResponse } from '../../src/signaling/index.ts';
import type { Fields, Message } from '../support/memory-transport.ts';
import { DatagramChecker } from './datagram-checker.ts';
import { readOf, viewerAuthor } from './descriptions.ts';
import type { Node } from './node.ts';
import type { OpenGrant } from './sim-pairing.ts';
import type { Asked, Socket } from './socket.ts';
import type { Term, View } from './view.ts';
import type { World } from './world.ts';

const answerMsMax = 30_000;
const registerMsMax = 15_000;
/** How much earlier a ticket may end than its camera thinks. */
const ticketSlackMs = 3_000;
/** The ids of cameras and people, wherever they stand. */
const ids = /\b(?:cam|sub):[a-z0-9]+/g;

/**
 * Stands at every way out of a node, and holds what leaves against what the world knows: who asked for what, who owns what, who
 * proved which address. It reads contents, and asks no table of the code.
 */
export class Checker extends DatagramChecker {
  readonly #sessions = new Map<string, View>();
  readonly #authors = new Map<string, View>();
  readonly #revoked = new Map<string, number>();

  constructor(world: World) {
    super(world);
  }

  opened(view: View): void {
    this.#authors.set(viewerAuthor(view.number), view);
  }

  sessionOf(id: string): View | undefined {
    return this.#sessions.get(id);
  }

  awaitAnswer(socket: Socket, asked: Asked): void {
    this.world.timeline.after(answerMsMax + this.world.lateMsMax, () => {
      const unanswered = socket.open && socket.node.runs && socket.asked.has(asked.id);
      if (unanswered) this.violated(`no answer to ${asked.method} within ${answerMsMax} ms`);
    });
  }

  awaitRegister(socket: Socket): void {
    this.world.timeline.after(registerMsMax + this.world.lateMsMax, () => {
      if (socket.open && socket.node.runs && !socket.proved) this.violated('a connection that never says who it is');
    });
  }

  /** A message of the node for a client. Returns the request that it answers. */
  text(socket: Socket, message: Message, text: string): Asked | undefined {
    let asked: Asked | undefined;
    if (message.method !== undefined) this.#request(socket, message);
    else if (message.id === undefined || message.id === null) this.#notice(socket, message);
    else {
      asked = socket.asked.get(`${message.id}`);
      socket.asked.delete(`${message.id}`);
      if (asked === undefined) this.violated(`an answer to nothing that was asked: ${text}`);
      else this.#answer(socket, asked, message);
    }
    this.#demandOwnIds(socket, text);
    this.world.note(
      () => `node ${socket.node.number} to connection ${socket.number} (${socket.owner}): ${summary(message, asked)}`,
    );
    return asked;
  }

  /** The node knows that a connection is no more: nothing of its live views goes on. */
  gone(socket: Socket): void {
    this.world.note(() => `connection ${socket.number} (${socket.owner}) is over at node ${socket.node.number}`);
    socket.registered = false;
    if (socket.kind === 'viewer') for (const view of socket.views) view.ended = true;
    else for (const view of this.#servedBy(socket)) view.awayUntilMs ??= this.#awayUntilMs(socket);
  }

  /** From now on nothing that was given to a camera before may open a connection for it. */
  revoked(camera: string): void {
    this.#revoked.set(camera, this.world.timeline.nowMs);
  }

  /** A lever was thrown: what lives by nothing that it leaves has ended. */
  thrown(): void {
    for (const view of this.#authors.values()) {
      if (view.session !== undefined && !view.ended && !this.#standsStill(view)) view.ended = true;
    }
  }

  /** Such cameras have to register anew: with them their live views end. */
  camerasOut(isOut: (camera: string) => boolean): void {
    for (const view of this.#authors.values()) if (view.session !== undefined && isOut(view.camera)) view.ended = true;
  }

  #standsStill(view: View): boolean {
    const { truth } = this.world;
    return view.terms.some((term) => !truth.thrown.opposes(view, term, truth.everOwned(view.person, view.camera)));
  }

  /** The node ends, or has ended: so has all that it carried. */
  stopped(node: Node): void {
    for (const view of this.#authors.values()) if (view.node === node) view.ended = true;
  }

  refusal(response: HttpResponse): void {
    const found = `${response.body ?? ''}`.match(ids);
    if (found !== null) this.violated(`a refusal names ${found.join(', ')}`);
  }

  /** The answer to `GET /devices`, which was asked for at `askedMs`. */
  listing(person: string, askedMs: number, response: HttpResponse, shown: { issuedMs: number; token: string }): void {
    if (response.status !== 200) this.refusal(response);
    const token = { issuedMs: shown.issuedMs, tokenId: shown.token };
    if (response.status === 200 && this.world.truth.thrown.isVoid(person, token))
      this.violated(`${person} is told what is theirs by a token that was taken back`);
    if (response.status !== 200 || this.world.forgivesCameras) return;
    const { nowMs } = this.world.timeline;
    const sinceMs = askedMs - limits.ownershipAnswerMsMax;
    for (const id of `${response.body ?? ''}`.match(ids) ?? []) {
      if (!this.world.truth.allowed(person, id, sinceMs, nowMs)) this.violated(`${person} is told of ${id}`);
    }
  }

  /** The answer to a request of WHEP; `foreign` where it may not be granted. */
  whep(view: View, response: HttpResponse, { foreign = false, term }: { foreign?: boolean; term?: Term } = {}): void {
    if (response.status >= 300) {
      this.refusal(response);
      return;
    }
    if (foreign) this.violated(`WHEP does as it is told with somebody else’s session ${view.session}`);
    if (term !== undefined) this.#demandTerm(view, term, 'a WHEP answer');
    if (response.status !== 201) return;
    this.#bind(view, `${response.headers?.Location ?? ''}`.split('/').at(-1) ?? '');
    this.#demandCamera(view, `${response.body ?? ''}`);
    for (const id of `${response.body ?? ''}`.match(ids) ?? []) {
      if (id !== view.camera) this.violated(`an answer for ${view.camera} names ${id}`);
    }
  }

  #request(socket: Socket, { method, params = {} }: Message): void {
    const session = params.session ?? '';
    if (socket.kind === 'viewer') {
      const view = this.#sessions.get(session);
      if (view?.socket !== socket)
        this.violated(`${method} for session ${session} on a connection that does not have it`);
      else if (method === 'invite') this.#demandCamera(view, params.offer ?? '');
      return;
    }
    if (!socket.registered) this.violated(`${method} on a connection that is not registered`);
    if (!(socket.tokenUntilMs > this.world.timeline.nowMs)) this.violated(`${method} to a camera whose token is over`);
    this.#demandMayRegister(socket, method ?? '');
    if (method === 'invite') this.#demandViewer(socket, session, params.offer ?? '', params.grant);
    if (method === 'extend') {
      const view = this.#sessions.get(session);
      if (view?.camera !== socket.owner) this.violated(`more time for session ${session} is told to ${socket.owner}`);
      else {
        socket.views.add(view);
        this.#demandGrant(socket, view, session, params.grant);
      }
    }
  }

  #notice(socket: Socket, { error }: Message): void {
    if (error?.session === undefined) return;
    const view = this.#sessions.get(error.session);
    if (view === undefined) return;
    const own = socket.kind === 'viewer' ? view.socket === socket : view.camera === socket.owner;
    if (!own && !this.world.forgivesCameras) this.violated(`the end of session ${error.session} is told to a stranger`);
    view.ended = true;
  }

  #answer(socket: Socket, asked: Asked, { result, error }: Message): void {
    const { view } = asked;
    if (error !== undefined) {
      const refused = asked.method === 'extend' && !asked.foreign && error.data?.reason === 'not-allowed';
      // A pair that only looks like one is refused by the session itself, which lives on under the one that it has.
      if (view !== undefined && refused && !this.world.faults.on('forged-pairs')) view.ended = true;
      return;
    }
    if (asked.foreign) this.violated(`${asked.method} is granted to whom it may not be`);
    if (asked.method === 'unregister') {
      socket.registered = false;
      for (const other of this.#servedBy(socket)) other.ended = true;
    }
    if (asked.method === 'register') this.#registered(socket, asked, result ?? {});
    if (asked.method === 'invite' && socket.kind === 'camera') {
      this.#demandViewer(socket, asked.session ?? '', result?.answer ?? '', result?.grant);
      return;
    }
    if (view === undefined) return;
    if (asked.method === 'connect') {
      this.#bind(view, result?.session ?? '');
      this.#demandLawful(view, 'a connect');
      if (result?.answer !== undefined) this.#demandCamera(view, result.answer);
    } else if (asked.term !== undefined) {
      this.#demandTerm(view, asked.term, asked.method);
      if (result?.answer !== undefined) this.#demandCamera(view, result.answer);
    }
  }

  #registered(socket: Socket, { sessions: kept }: Asked, { id, sessions }: Fields): void {
    if (id !== socket.owner) this.violated(`${socket.owner} is registered as ${id}`);
    if (socket.kind === 'viewer') return;
    for (const other of this.world.sockets) {
      const same = other !== socket && other.kind === 'camera' && other.owner === socket.owner;
      if (same && other.node === socket.node && other.registered && !other.overAtNode)
        this.violated(`two connections stand for ${socket.owner}`);
    }
    this.#demandMayRegister(socket, 'a registration');
    if (!socket.registered) {
      this.#demandTicket(socket);
      this.#follow(socket, kept, kept === undefined ? undefined : (sessions ?? []));
    }
    socket.registered = true;
  }

  #demandMayRegister({ owner, issuedMs }: Socket, what: string): void {
    if (this.world.forgivesCameras || !this.world.truth.thrown.bans(owner, { issuedMs, tokenId: undefined })) return;
    this.violated(`${what} for ${owner}, which may not be registered`);
  }

  /** Whether the ticket that a camera comes with has to let it in, by all that the world knows. */
  isGoodTicket({ owner, issuedMs, ticketAlone }: Socket): boolean {
    if (ticketAlone === undefined) return false;
    const { truth, timeline } = this.world;
    const { of, isForged, givenMs, untilMs } = ticketAlone;
    const isOld = givenMs <= (this.#revoked.get(owner) ?? Number.NEGATIVE_INFINITY);
    const isOver = untilMs - ticketSlackMs <= timeline.nowMs;
    const isOff = truth.thrown.isOff('tickets', owner) || truth.thrown.bans(owner, { issuedMs, tokenId: undefined });
    return of === owner && !isForged && !isOld && !isOver && !isOff;
  }

  #demandTicket({ owner, ticketAlone, openedMs }: Socket): void {
    if (ticketAlone === undefined) return;
    const { of, givenMs, untilMs } = ticketAlone;
    const revokedMs = this.#revoked.get(owner) ?? Number.NEGATIVE_INFINITY;
    if (this.world.truth.thrown.isOff('tickets', owner)) this.violated(`${owner} comes by a ticket, which is off`);
    if (of !== owner) this.violated(`${owner} is let in by a ticket of ${of}`);
    else if (givenMs < revokedMs && revokedMs < openedMs)
      this.violated(`${owner} is let in by a ticket that was taken back`);
    else if (untilMs < openedMs) this.violated(`${owner} is let in by a ticket that is over`);
  }

  /** A camera is back: its live views go on with this connection; of those that it says it has, those that it is told of. */
  #follow(socket: Socket, kept: readonly string[] | undefined, sessions: readonly string[] | undefined): void {
    for (const session of sessions ?? []) {
      const camera = this.#sessions.get(session)?.camera;
      if (camera !== socket.owner) this.violated(`session ${session} of ${camera} moves to ${socket.owner}`);
      if (!kept?.includes(session)) this.violated(`session ${session} goes on with a camera that does not have it`);
    }
    for (const view of this.#authors.values()) {
      if (view.camera !== socket.owner || view.node !== socket.node || view.session === undefined) continue;
      if (view.cameraSocket === socket) continue;
      if (sessions !== undefined && !sessions.includes(view.session)) view.ended = true;
      view.cameraSocket = socket;
      view.awayUntilMs = undefined;
    }
  }

  #servedBy(socket: Socket): View[] {
    return [...this.#authors.values()].filter(({ cameraSocket }) => cameraSocket === socket);
  }

  /** Nothing outlives the proof of a camera. */
  #awayUntilMs({ tokenUntilMs }: Socket): number {
    return Math.min(tokenUntilMs, this.world.timeline.nowMs + limits.cameraAwayMsMax) + this.world.lateMsMax;
  }

  #bind(view: View, session: string): void {
    const other = this.#sessions.get(session);
    if (other !== undefined && other !== view) this.violated(`session ${session} is two live views`);
    if (view.session !== undefined && view.session !== session) this.violated('a live view has two sessions');
    view.session = session;
    view.boundMs ??= this.world.timeline.nowMs;
    this.#sessions.set(session, view);
  }

  /** A camera gets what a viewer wrote, and the grant for it. */
  #demandViewer(socket: Socket, session: string, text: string, grant: string | undefined): void {
    const { author, fingerprint } = readOf(text);
    const view = this.#authors.get(author);
    if (view === undefined) {
      this.violated(`${socket.owner} gets a description of nobody`);
      return;
    }
    if (this.world.forgivesCameras) return;
    if (view.camera !== socket.owner) this.violated(`${socket.owner} gets what was written for ${view.camera}`);
    if (fingerprint !== view.fingerprint) this.violated('a viewer’s certificate changes in the middle of a live view');
    this.#bind(view, session);
    view.cameraSocket = socket;
    view.awayUntilMs = undefined;
    socket.views.add(view);
    this.#demandLawful(view, `a description for ${socket.owner}`);
    this.#demandGrant(socket, view, session, grant);
  }

  #demandGrant(socket: Socket, view: View, session: string, text: string | undefined): void {
    if (text === undefined) this.violated('a description comes to a camera without a grant');
    if (text === undefined || this.world.faults.on('crossed-sessions')) return;
    const grant: OpenGrant = JSON.parse(text);
    const right =
      grant.device === socket.owner &&
      grant.device === view.camera &&
      grant.subject === view.person &&
      grant.session === session &&
      grant.fingerprints.join() === view.fingerprint;
    if (!right) this.violated(`${socket.owner} gets a grant for another: ${text}`);
  }

  /** A viewer gets what a camera wrote. */
  #demandCamera(view: View, text: string): void {
    const [camera, of] = readOf(text).author.split('@');
    if (camera !== view.camera)
      this.violated(`${view.person}, who asked for ${view.camera}, gets what ${camera} wrote`);
    if (of !== viewerAuthor(view.number) && of !== view.session)
      this.violated('what a camera wrote goes to another view');
    if (view.ended) this.violated('a description comes after the end');
    this.#demandLawful(view, `a description of ${view.camera}`);
  }

  /** Signaling of both sides counts as a sign of them. */
  #hear({ heardMs }: View): void {
    heardMs.viewer = this.world.timeline.nowMs;
    heardMs.camera = this.world.timeline.nowMs;
  }

  #demandLawful(view: View, what: string): void {
    this.#hear(view);
    if (!this.lawful(view)) this.violated(`${what} for ${view.person}, who may not see ${view.camera}`);
    if (view.socket !== undefined && view.socket.owner !== view.person)
      this.violated(`${what} for ${view.person} on a connection of ${view.socket.owner}`);
  }

  #demandTerm(view: View, term: Term, what: string): void {
    this.#hear(view);
    if (!this.fits(view, term)) this.violated(`${what} is granted to ${view.person}, who may not see ${view.camera}`);
  }

  #demandOwnIds(socket: Socket, text: string): void {
    for (const id of text.match(ids) ?? []) {
      if (id === socket.owner) continue;
      const known = [...socket.views].some((view) => id === (socket.kind === 'viewer' ? view.camera : view.person));
      const forgiven = this.world.faults.on('crossed-sessions') || this.world.forgivesCameras;
      if (!known && !forgiven) this.violated(`${socket.owner} reads of ${id}: ${text}`);
    }
  }
}

/** A message in a line of the history. */
function summary({ method, params, result, error }: Message, asked: Asked | undefined): string {
  const session = params?.session ?? result?.session ?? error?.session ?? asked?.session;
  const what = method ?? (error === undefined ? 'yes' : (error.data?.reason ?? 'no'));
  const to = asked === undefined ? '' : ` to ${asked.method}`;
  return `${what}${to}${session === undefined ? '' : `, session ${session}`}`;
}
