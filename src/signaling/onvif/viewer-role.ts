import {
  deviceId,
  type EndReason,
  errorTable,
  LatchkeyError,
  limits,
  noSpan,
  type SessionId,
  type Span,
} from '../../base/index.ts';
import type { VerifiedViewer } from '../../identity/index.ts';
import type { VerifiedPair } from '../../pairing/index.ts';
import {
  connectParams,
  extendParams,
  inviteParams,
  leaveParams,
  type RpcError,
  read,
  trickleParams,
} from '../../protocol/index.ts';
import { pairFor, registrationFor } from '../asking.ts';
import { endNotification } from '../device-faults.ts';
import { LiveView } from '../live-view.ts';
import type { Core } from '../parts.ts';
import type { IncomingRequest, RpcPeer } from '../rpc-peer.ts';
import { readDescription, withRelayCandidates } from '../sdp/index.ts';
import { tracedEnd } from '../traced-end.ts';
import type { Opened, View, ViewerEnd } from '../view.ts';

/** A viewer on its WebSocket: the live views of this connection, which no other connection reaches. */
export class ViewerRole {
  readonly #core: Core;
  readonly #peer: RpcPeer;
  readonly #views = new Map<string, View>();
  #idleSinceMs: number;
  #heardMs: number;
  viewer: VerifiedViewer;

  constructor(core: Core, peer: RpcPeer, viewer: VerifiedViewer) {
    this.#core = core;
    this.#idleSinceMs = core.clock.now();
    this.#heardMs = this.#idleSinceMs;
    this.#peer = peer;
    this.viewer = viewer;
  }

  get sessions(): SessionId[] {
    return [...this.#views.values()].map(({ session }) => session.id);
  }

  /** How many live views it has. */
  get views(): number {
    return this.#views.size;
  }

  /** Since when it has had none, and has said nothing; undefined while it has. */
  get unusedSinceMs(): number | undefined {
    return this.#views.size > 0 ? undefined : Math.max(this.#idleSinceMs, this.#heardMs);
  }

  /** It has said something. */
  heard(): void {
    this.#heardMs = this.#core.clock.now();
  }

  register(request: IncomingRequest): void {
    request.result({ id: this.viewer.subject });
  }

  /** `viewer` is the proof of the token that came with this very request, where one came. `span` ends with its answer. */
  async connect(request: IncomingRequest, viewer: VerifiedViewer, span: Span = noSpan): Promise<void> {
    const params = read(connectParams, request.params);
    const device = deviceId(params.peer);
    const offer = params.offer === undefined ? undefined : readDescription(params.offer, 'offer');
    const pair = await pairFor(this.#core, viewer, device, span);
    if (!this.#peer.open) throw new LatchkeyError('peer-gone');
    const registration = registrationFor(this.#core, viewer, pair);
    const kind = offer !== undefined && registration.answers ? 'answer' : 'onvif';
    const end = tracedEnd(this.#endFor(request), kind, span);
    const view = new LiveView(this.#core, { kind, pair, registration, end, offer, profile: params.profile });
    if (!view.session.ended.aborted) this.#views.set(view.session.id, view);
  }

  async extend(request: IncomingRequest, viewer: VerifiedViewer, span: Span): Promise<void> {
    const { session } = read(extendParams, request.params);
    const view = this.#view(session);
    view.extend(await this.#pairAgain(view, viewer, span));
    request.result({ expiryTimeSeconds: view.expiryTimeSeconds });
  }

  /**
   * The addition to ONVIF: an ICE restart with a new offer, answered by the camera's new answer. It is authorized as the
   * opening was; the view may have ended by the time that this is known.
   */
  async invite(request: IncomingRequest): Promise<void> {
    const { session, offer } = read(inviteParams, request.params);
    const description = readDescription(offer, 'offer');
    const pair = await this.#pairAgain(this.#view(session), this.viewer);
    const view = this.#view(session);
    this.#core.sessions.ofViewer(session, pair);
    view.restart(description, (answered) => {
      if (answered instanceof LatchkeyError) request.error(answered);
      else request.result({ answer: withRelayCandidates(answered, view.addresses) });
    });
  }

  trickle(request: IncomingRequest): void {
    const { session, candidate } = read(trickleParams, request.params);
    this.#view(session).trickled('viewer', candidate?.candidate);
    request.result({});
  }

  leave(request: IncomingRequest): void {
    this.#view(read(leaveParams, request.params).session).session.end('viewer-left');
    request.result({});
  }

  unregister(request: IncomingRequest): void {
    this.end('viewer-left');
    request.result({});
  }

  /** Throws `session-unknown` for what names no live view of this connection. */
  fault(error: RpcError): void {
    if (error.session === undefined) throw new LatchkeyError('session-unknown');
    this.#view(error.session).faulted('viewer', error);
  }

  /** Ends every live view of this connection. */
  end(reason: EndReason): void {
    for (const view of [...this.#views.values()]) view.session.end(reason);
  }

  /** A live view of this connection, and of its subject. Throws `session-unknown` for any other. */
  #view(id: string): View {
    const view = this.#views.get(id);
    if (view === undefined || view.session.pair.subject !== this.viewer.subject)
      throw new LatchkeyError('session-unknown');
    this.#core.sessions.ofViewer(id, view.session.pair);
    return view;
  }

  /** Asks once more whether this viewer may watch, and ends the view of one who may not. Throws as `Pairing.pair` does. */
  async #pairAgain(view: View, viewer: VerifiedViewer, span?: Span): Promise<VerifiedPair> {
    try {
      return await pairFor(this.#core, viewer, view.session.pair.device, span);
    } catch (thrown) {
      if (thrown instanceof LatchkeyError && thrown.code === 'not-allowed') view.session.end('revoked');
      throw thrown;
    }
  }

  #forget(view: View): void {
    this.#views.delete(view.session.id);
    this.#idleSinceMs = this.#core.clock.now();
  }

  /** Its last live view has ended because the relay moves: there is nothing left to wait for. */
  #moved(): void {
    this.#core.observer.toldToMove?.('viewer');
    this.#peer.close(errorTable['relay-moving'].close, 'relay-moving');
  }

  #endFor(request: IncomingRequest): ViewerEnd {
    const role = this;
    return {
      get viewer() {
        return role.viewer;
      },
      opened: (view, opened) => {
        this.#views.set(view.session.id, view);
        request.result(connectResult(view, opened));
      },
      refused: (view, error) => {
        this.#forget(view);
        request.error(error);
      },
      invite: (view, offer, subprotocols, settled) => {
        const params = { session: this.#view(view.session.id).session.id, offer };
        const withProtocols = subprotocols === undefined ? params : { ...params, subprotocols };
        this.#peer.call('invite', withProtocols, limits.viewerAnswerMsMax, settled);
      },
      ended: (view, reason, cause) => {
        this.#forget(view);
        const moves = reason === 'relay-moving';
        const retryAfterSeconds = moves ? this.#core.moving.retryAfterSeconds() : undefined;
        this.#peer.tell(endNotification(view.session.id, reason, cause, retryAfterSeconds));
        if (moves && this.#views.size === 0) this.#moved();
      },
    };
  }
}

function connectResult(view: View, { answer, capabilities }: Opened): object {
  return {
    session: view.session.id,
    iceServers: [],
    expiryTimeSeconds: view.expiryTimeSeconds,
    capabilities: ['extend', ...capabilities.filter((capability) => capability !== 'extend')],
    ...(answer === undefined ? {} : { answer: withRelayCandidates(answer, view.addresses) }),
  };
}
