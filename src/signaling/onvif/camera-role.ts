import { type EndReason, LatchkeyError } from '../../base/index.ts';
import type { IssuedTicket, VerifiedCamera } from '../../identity/index.ts';
import {
  extendParams,
  inviteParams,
  leaveParams,
  type RpcError,
  read,
  registerParams,
  trickleParams,
  writeRegisterResult,
} from '../../protocol/index.ts';
import { handOver } from '../away.ts';
import { leftByCamera } from '../device-faults.ts';
import type { UnregisterReason } from '../observer.ts';
import type { Core } from '../parts.ts';
import type { CallOutcome, IncomingRequest, RpcPeer } from '../rpc-peer.ts';
import { demandUnrefused } from '../thrown.ts';
import type { Registration, View } from '../view.ts';

/** One for all cameras that can do nothing else, since there are many. */
const none: readonly string[] = [];

/** A camera on its WebSocket: its registration, and the live views of that registration, its own and those that it took over. */
export class CameraRole implements Registration {
  /** Made with the first live view: most cameras are idle, and there are many. */
  #views: Map<string, View> | undefined;
  readonly #core: Core;
  readonly #peer: RpcPeer;
  camera: VerifiedCamera;
  name: string | undefined;
  answers = false;
  capabilities = none;
  #registered = false;

  constructor(core: Core, peer: RpcPeer, camera: VerifiedCamera) {
    this.#core = core;
    this.#peer = peer;
    this.camera = camera;
  }

  get views(): Map<string, View> {
    this.#views ??= new Map();
    return this.#views;
  }

  get watched(): number {
    return this.#views?.size ?? 0;
  }

  get registered(): boolean {
    return this.#registered;
  }

  /**
   * Registers once; again only with a fresh token of the same device, which prolongs the registration. Throws `rate-exceeded`, and what
   * stands against it.
   */
  register(request: IncomingRequest): void {
    const params = read(registerParams, request.params);
    if (this.#registered && params.authorization === undefined) throw new LatchkeyError('out-of-order');
    demandUnrefused(this.#core, this.camera);
    if (!this.#registered) {
      this.#core.moving.demandStay();
      // Tickets may have been switched off since it showed its own.
      if (this.camera.evidence.ticket && !this.#core.levers.isOn('tickets', this.camera.device))
        throw new LatchkeyError('ticket-invalid');
      this.#core.admission.register(this.camera.device);
    }
    this.name = params.name ?? this.name;
    if (params.capabilities !== undefined) {
      this.answers = params.capabilities.includes('answer');
      const others = params.capabilities.filter((capability) => capability !== 'answer');
      this.capabilities = others.length === 0 ? none : others;
    }
    const comes = !this.#registered;
    if (comes) {
      this.#registered = true;
      this.#core.registrations.add(this);
      this.#core.observer.registered?.();
      if (params.sessions !== undefined) this.#keepOnly(params.sessions);
      for (let moved = this.watched; moved > 0; moved--) this.#core.observer.sessionMoved?.();
    }
    const issued = this.#ticket();
    const own = {
      id: this.camera.device,
      ticket: issued?.ticket.reveal(),
      ticketExpiresInSeconds: issued?.expiresInSeconds,
      sessions: comes && params.sessions !== undefined ? [...(this.#views?.keys() ?? [])] : undefined,
    };
    request.result(writeRegisterResult(own, this.#core.grantKeysJson));
  }

  /** Of the live views that were left to it, a camera goes on with those that it still has; one that started again has none. */
  #keepOnly(sessions: readonly string[]): void {
    for (const [id, view] of [...(this.#views ?? [])]) {
      if (!sessions.includes(id)) view.session.end('camera-restarted');
    }
  }

  #ticket(): IssuedTicket | undefined {
    if (!this.#core.levers.isOn('tickets', this.camera.device)) return undefined;
    return this.#core.identity.tickets?.issue(this.camera);
  }

  unregister(request: IncomingRequest): void {
    if (!this.#registered) throw new LatchkeyError('not-registered');
    this.end('asked', 'camera-left');
    request.result({});
  }

  invite(request: IncomingRequest): void {
    this.#view(read(inviteParams, request.params).session).offered(request);
  }

  trickle(request: IncomingRequest): void {
    const { session, candidate } = read(trickleParams, request.params);
    this.#view(session).trickled('camera', candidate?.candidate);
    request.result({});
  }

  /** Where a camera sends it, it asks how long a session still lasts; a fresh token beside it prolongs its registration. */
  extend(request: IncomingRequest): void {
    const view = this.#view(read(extendParams, request.params).session);
    request.result({ expiryTimeSeconds: view.expiryTimeSeconds });
  }

  leave(request: IncomingRequest): void {
    leftByCamera(this.#view(read(leaveParams, request.params).session).session, this.#core.clock);
    request.result({});
  }

  /** Throws `session-unknown` or `peer-gone` for what names no live view of this registration. */
  fault(error: RpcError): void {
    if (error.session === undefined) throw new LatchkeyError('session-unknown');
    this.#view(error.session).faulted('camera', error);
  }

  /** Ends the registration and every live view of it. Calling it twice does nothing. */
  end(reason: UnregisterReason, tellViewers: EndReason): void {
    if (!this.#registered) return;
    this.#registered = false;
    this.#core.registrations.remove(this);
    this.#core.observer.unregistered?.(reason);
    for (const view of [...(this.#views?.values() ?? [])]) view.session.end(tellViewers);
  }

  /** The connection was lost. Live views whose media flows wait for the camera to come back; the others end. Calling it twice does nothing. */
  lost(reason: 'closed' | 'moving' = 'closed'): void {
    if (!this.#registered) return;
    this.#registered = false;
    this.#core.registrations.lose(this);
    this.#core.observer.unregistered?.(reason);
  }

  replaced(by: Registration): void {
    handOver(this, by, 'camera-replaced');
    this.end('replaced', 'camera-replaced');
    this.#peer.end(new LatchkeyError('registration-replaced'));
  }

  call(method: string, params: object, msMax: number, settled: (outcome: CallOutcome) => void): void {
    this.#peer.call(method, params, msMax, settled);
  }

  tell(error: RpcError): void {
    this.#peer.tell(error);
  }

  /** A live view of this registration, and of its device. Throws `session-unknown` or `peer-gone` for any other. */
  #view(id: string): View {
    this.#core.sessions.ofCamera(id, this.camera);
    const view = this.#views?.get(id);
    if (view === undefined) throw new LatchkeyError('session-unknown');
    return view;
  }
}
