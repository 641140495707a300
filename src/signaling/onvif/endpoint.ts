import {
  asLatchkeyError,
  type ErrorCode,
  errorTable,
  LatchkeyError,
  limits,
  type Redacted,
  rescued,
  type Scheduled,
  type SessionId,
  type Soon,
  type Span,
  type Wait,
  whenThere,
} from '../../base/index.ts';
import { authorizationOf, errorObjectFor, type RpcError, type RpcMessage } from '../../protocol/index.ts';
import { endsOfRefusals } from '../away.ts';
import { type Holder, isSameHolder, laneOf, later, redacted } from '../bearer.ts';
import { endNotification } from '../device-faults.ts';
import type { Movable, MovedKind } from '../drain/index.ts';
import type { Core } from '../parts.ts';
import { type IncomingRequest, RpcPeer, type RpcPeerHandlers } from '../rpc-peer.ts';
import { demandUnrefused, refusalOfLever, type ThrownLevers } from '../thrown.ts';
import type { Connection, ConnectionHandlers } from '../transport/transport.ts';
import { CameraRole } from './camera-role.ts';
import { ViewerRole } from './viewer-role.ts';

export interface EndpointEvents {
  /** The connection showed its first valid token after the upgrade. */
  verified(endpoint: Endpoint): void;
  /** The connection has ended. */
  left(endpoint: Endpoint): void;
}

/**
 * One WebSocket of ONVIF's protocol. Its holder is the subject of the first token that it showed and never becomes another:
 * every later token must name the same one.
 */
export class Endpoint implements ConnectionHandlers, RpcPeerHandlers, Movable, Scheduled {
  readonly #core: Core;
  readonly #peer: RpcPeer;
  readonly #events: EndpointEvents;
  readonly #address: string;
  readonly #traceparent: string | undefined;
  #holder: Holder | undefined;
  #role: ViewerRole | CameraRole | undefined;
  #tokensRefused = 0;
  /** Until when it has to register; undefined where it has, or need not. */
  #registerByMs: number | undefined;
  /** Where it waits to be asked whether it has to end, and until when at the latest. */
  #wait: Wait | undefined;
  #asksByMs = never;
  /** Tokens are taken one after the other, in the order in which they came. There while one is taken. */
  #gate: Promise<unknown> | undefined;
  /** There while a token waits for its verification. */
  #leaving: AbortController | undefined;

  /** `traceparent`: what came with the upgrade of somebody who was verified before it. */
  constructor(core: Core, connection: Connection, traceparent: string | undefined, events: EndpointEvents) {
    this.#core = core;
    this.#events = events;
    this.#address = connection.remoteAddress;
    this.#traceparent = traceparent;
    this.#peer = new RpcPeer(connection, core.clock, core.observer, this);
    this.#awaitRegister();
  }

  /**
   * Who was verified before the upgrade, and the first message where it came along. Something may have been thrown against them since: then the
   * connection ends with it.
   */
  begin(holder: Holder, first: RpcMessage | undefined): void {
    try {
      this.#adopt(holder);
      if (first !== undefined) this.#peer.begin(first);
    } catch (thrown) {
      this.#peer.end(asLatchkeyError(thrown));
    }
  }

  message(text: string): void {
    if (this.review() !== undefined) return;
    if (this.#role instanceof ViewerRole) this.#role.heard();
    this.#peer.receive(text);
  }

  /**
   * Ends the connection where something was thrown against its holder, and says how many live views went with it; undefined where
   * nothing was. It is asked before each message too, so that whoever is refused has no say while others are still being told.
   */
  review(): number | undefined {
    const refusal = this.#holder === undefined ? undefined : this.#core.levers.refuses(this.#holder);
    if (refusal === undefined || !this.#peer.open) return undefined;
    const { views } = this;
    const role = this.#role;
    if (role instanceof CameraRole) role.end(refusal, endsOfRefusals[refusal]);
    else role?.end('signed-out');
    this.#peer.end(refusalOfLever(refusal, this.#core.random));
    return views;
  }

  /** The live views that would end with the connection if those levers were thrown; undefined where it would stay. */
  opposed(levers: ThrownLevers): readonly SessionId[] | undefined {
    if (this.#holder === undefined || !this.#peer.open) return undefined;
    if (levers.refuses(this.#holder) === undefined) return undefined;
    const role = this.#role;
    if (role instanceof CameraRole) return [...role.views.values()].map(({ session }) => session.id);
    return role?.sessions ?? [];
  }

  closed(): void {
    this.#peer.gone();
  }

  /** The relay stops: the peer is told why, and the connection ends. */
  stop(): void {
    if (this.#role instanceof CameraRole) this.#role.end('stopping', 'relay-stopping');
    else this.#role?.end('relay-stopping');
    this.#peer.tell(endNotification(undefined, 'relay-stopping'));
    this.#peer.close(1001, 'relay-stopping');
  }

  get views(): number {
    const role = this.#role;
    return role instanceof CameraRole ? role.watched : (role?.views ?? 0);
  }

  get kind(): MovedKind {
    if (this.#role === undefined) return 'stranger';
    return this.#role instanceof CameraRole ? 'camera' : 'viewer';
  }

  /** The relay is about to end: the peer is told when to come back, and the connection ends. */
  move(): void {
    if (!this.#peer.open) return;
    const { moving, observer } = this.#core;
    // Who has live views has waited for its turn with them, and is awaited where it goes.
    const error = this.views > 0 ? moving.refusal(0) : moving.refusal();
    observer.toldToMove?.(this.kind);
    if (this.#role instanceof CameraRole) this.#role.lost('moving');
    else this.#role?.end('relay-moving');
    this.#peer.tell(errorObjectFor(error));
    this.#peer.close(errorTable['relay-moving'].close, error.code);
  }

  /** For the connection’s peer. */
  request(request: IncomingRequest): Soon<void> {
    switch (request.method) {
      case 'register':
      case 'connect':
      case 'extend':
        return this.#authorized(request, request.method);
      case 'unregister':
        return this.#unregister(request);
      case 'invite':
      case 'trickle':
      case 'leave':
        return this.#known()[request.method](request);
      default:
        throw new LatchkeyError('method-unknown');
    }
  }

  /** The methods that may bring a token. Who is not verified yet and fails has no second try on this connection, and who is has a few. */
  #authorized(request: IncomingRequest, method: 'register' | 'connect' | 'extend'): Soon<void> {
    const span = this.#core.tracer.begin(method, this.#traceparent);
    const perform = (holder: Holder) => {
      if (!this.#peer.open) throw new LatchkeyError('peer-gone');
      return this.#perform(request, method, holder, span);
    };
    const performed = () => {
      if (method !== 'connect') span.end('ok');
    };
    return rescued(
      () => {
        if (method === 'connect') this.#core.moving.demandStay();
        const authorization = authorizationOf(request.params);
        return whenThere(whenThere(this.#authenticate(authorization, method, span), perform), performed);
      },
      (thrown) => {
        span.end(asLatchkeyError(thrown).code);
        request.error(thrown);
        if (!(thrown instanceof LatchkeyError) || thrown.entry.close === undefined) return;
        if (this.#isLastOne(thrown) || this.#mayNotRegister(thrown)) this.#peer.close(thrown.entry.close, thrown.code);
      },
    );
  }

  /** Who was verified once may bring a few tokens that are not good, and no more: each takes a turn among the viewers. */
  #isLastOne(error: LatchkeyError): boolean {
    if (this.#holder === undefined) return true;
    if (error.entry.http !== 401) return false;
    this.#tokensRefused += 1;
    return this.#tokensRefused >= limits.tokensRefusedPerConnectionMax;
  }

  #perform(
    request: IncomingRequest,
    method: 'register' | 'connect' | 'extend',
    holder: Holder,
    span: Span,
  ): Soon<void> {
    const role = this.#known();
    if (role instanceof CameraRole) {
      if (method === 'connect') throw new LatchkeyError('token-audience');
      role[method](request);
      if (method === 'register') this.#registerByMs = undefined;
    } else if (holder.kind === 'viewer') {
      if (method === 'register') role.register(request);
      else return role[method](request, holder, span);
    }
  }

  /** A camera that may not register, or not yet, has nothing to do here until then. */
  #mayNotRegister({ code }: LatchkeyError): boolean {
    const mayNot = refusalsOfRegister.has(code);
    return mayNot && this.#role instanceof CameraRole && !this.#role.registered;
  }

  #unregister(request: IncomingRequest): void {
    if (this.#role === undefined) throw new LatchkeyError('not-registered');
    this.#role.unregister(request);
    if (this.#role instanceof CameraRole) this.#awaitRegister();
  }

  /** Who brings no token waits only for those that came before. */
  #authenticate(authorization: string | undefined, method: string, span: Span): Soon<Holder> {
    if (authorization === undefined && this.#gate === undefined) return this.#demandHolder();
    const verified = (this.#gate ?? Promise.resolve()).then(() => this.#verify(authorization, method, span));
    const passed = () => {
      if (this.#gate === gate) this.#gate = undefined;
    };
    const gate = verified.then(passed, passed);
    this.#gate = gate;
    return verified;
  }

  #demandHolder(): Holder {
    if (this.#holder === undefined) throw new LatchkeyError('token-missing');
    return this.#holder;
  }

  async #verify(authorization: string | undefined, method: string, span: Span): Promise<Holder> {
    if (authorization === undefined) return this.#demandHolder();
    const first = this.#holder === undefined;
    const fresh = await this.#verifyInTurn(redacted(authorization), method, span);
    if (!this.#peer.open) return fresh;
    this.#adopt(fresh);
    if (first) this.#events.verified(this);
    return fresh;
  }

  /** Who is verified already waits with the viewers, and is not sent away: what lives goes on. */
  async #verifyInTurn(token: Redacted<string>, method: string, parent: Span): Promise<Holder> {
    const { admission, identity } = this.#core;
    const known = this.#holder !== undefined;
    const lane = known || method === 'connect' ? 'viewer' : laneOf(this.#core, token);
    if (!known) admission.arrive(lane, this.#address, token);
    this.#leaving = new AbortController();
    const visitor = { lane, address: this.#address, known, gone: this.#leaving.signal } as const;
    const span = parent.child('verify');
    try {
      const holder = await admission.verify(visitor, token, () => identity.verify(token));
      span.end('ok');
      return holder;
    } catch (thrown) {
      span.end(asLatchkeyError(thrown).code);
      throw thrown;
    } finally {
      this.#leaving = undefined;
    }
  }

  #adopt(fresh: Holder): void {
    if (this.#holder !== undefined && !isSameHolder(this.#holder, fresh)) throw new LatchkeyError('token-conflict');
    demandUnrefused(this.#core, fresh);
    if (this.#holder === undefined && fresh.kind === 'viewer') this.#core.crowd.enter(fresh.subject);
    const holder = this.#holder === undefined ? fresh : later(this.#holder, fresh);
    this.#holder = holder;
    if (holder.kind === 'viewer') {
      if (this.#role instanceof ViewerRole) this.#role.viewer = holder;
      else this.#role = new ViewerRole(this.#core, this.#peer, holder);
      this.#registerByMs = undefined;
    } else if (this.#role instanceof CameraRole) this.#role.camera = holder;
    else this.#role = new CameraRole(this.#core, this.#peer, holder);
    this.#lookNext();
  }

  #known(): ViewerRole | CameraRole {
    if (this.#role === undefined) throw new LatchkeyError('out-of-order');
    return this.#role;
  }

  /** For the connection’s peer. */
  fault(error: RpcError): void {
    try {
      this.#known().fault(error);
    } catch (thrown) {
      this.#core.observer.ignored?.('notification');
      if (!(thrown instanceof LatchkeyError)) this.#core.observer.internal?.(thrown);
    }
  }

  #awaitRegister(): void {
    const nowMs = this.#core.clock.now();
    this.#registerByMs = nowMs + limits.registerMsMax;
    this.#lookNext(nowMs);
  }

  /** Waits for the next time at which the connection may have to end. Where it waits for an earlier one it goes on with that, and looks anew then. */
  #lookNext(nowMs = this.#core.clock.now()): void {
    // Where the clock was set back, it has no more time than it ever had.
    if (this.#registerByMs !== undefined)
      this.#registerByMs = Math.min(this.#registerByMs, nowMs + limits.registerMsMax);
    const atMs = Math.min(this.#registerByMs ?? never, this.#expiresAtMs(), this.#unusedAtMs(nowMs));
    if (atMs >= this.#asksByMs) return;
    this.#wait?.takeOff(this);
    this.#asksByMs = atMs;
    this.#wait = this.#core.agenda.put(this, atMs - nowMs);
  }

  /** For the agenda. */
  due(): void {
    this.#asksByMs = never;
    const nowMs = this.#core.clock.now();
    if (nowMs >= this.#expiresAtMs()) this.#expire();
    else if (nowMs >= (this.#registerByMs ?? never)) this.#peer.end(new LatchkeyError('register-timeout'));
    else if (nowMs >= this.#unusedAtMs(nowMs)) this.#peer.end(new LatchkeyError('connection-idle'));
    else this.#lookNext();
  }

  /** Nothing outlives its token. */
  #expiresAtMs(): number {
    return this.#holder?.evidence.expiresAtMs ?? never;
  }

  /** A viewer who asks for nothing and watches nothing has no use for a connection. */
  #unusedAtMs(nowMs: number): number {
    if (!(this.#role instanceof ViewerRole)) return never;
    return (this.#role.unusedSinceMs ?? nowMs) + limits.viewerIdleMsMax;
  }

  #expire(): void {
    if (this.#role instanceof CameraRole) this.#role.end('expired', 'camera-left');
    else this.#role?.end('expired');
    this.#peer.end(new LatchkeyError('token-expired'));
  }

  /** For the connection’s peer. */
  gone(): void {
    this.#leaving?.abort();
    this.#wait?.takeOff(this);
    this.#asksByMs = 0;
    if (this.#holder?.kind === 'viewer') this.#core.crowd.leave(this.#holder.subject);
    if (this.#role instanceof CameraRole) this.#role.lost();
    else this.#role?.end('viewer-left');
    this.#events.left(this);
  }
}

const never = Number.POSITIVE_INFINITY;
const refusalsOfRegister: ReadonlySet<ErrorCode> = new Set([
  'rate-exceeded',
  'device-quarantined',
  'switched-off',
  'relay-moving',
  'ticket-invalid',
]);
