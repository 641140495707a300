import { asLatchkeyError, type EndReason, LatchkeyError, limits, type Timer } from '../base/index.ts';
import type { Session, VerifiedPair } from '../pairing/index.ts';
import { extendResult, inviteParams, type RpcError, read } from '../protocol/index.ts';
import type { RelayAddress, Reservation, Wire } from '../relay/index.ts';
import { sessionFor } from './asking.ts';
import { demandCrossing } from './crossing.ts';
import { deviceError, deviceErrorCode, endedEarly, endNotification, leftByCamera } from './device-faults.ts';
import type { Core } from './parts.ts';
import { CandidateTally, cameraAnswerOf, viewerAnswerOf } from './readings.ts';
import type { CallOutcome, IncomingRequest } from './rpc-peer.ts';
import { type Description, readDescription, withRelayCandidates } from './sdp/index.ts';
import type { Registration, View, ViewerEnd, ViewPhase, ViewRequest } from './view.ts';
import { ViewRecord } from './view-record.ts';

/** How a restart ended. */
type Settled = (answered: Description | LatchkeyError) => void;

/**
 * One live view between one viewer's end and one camera's registration, which may be followed by a newer one of the same device. It
 * lives as long as its session and holds its wire. Every message of a side is an event here; none throws, and one that does not fit its phase is refused.
 */
export class LiveView implements View {
  readonly session: Session;
  readonly #core: Core;
  readonly #record: ViewRecord;
  #registration: Registration;
  readonly #end: ViewerEnd;
  readonly #profile: string | undefined;
  readonly #startedMs: number;
  #phase: ViewPhase = 'new';
  #wait: Timer | undefined;
  #reservation: Reservation | undefined;
  /** The pair that the place was reserved for; the session may have a fresher one by the time that the wire stands. */
  #reservedFor: VerifiedPair | undefined;
  #wire: Wire | undefined;
  /** The description of the viewer; of the camera, while the viewer has not answered yet. */
  #viewerSdp: Description | undefined;
  #cameraSdp: Description | undefined;
  /** The camera's own request, while the viewer has not answered it. */
  #invite: IncomingRequest | undefined;
  #restart: Settled | undefined;
  #unansweredExtension: symbol | undefined;
  #viewerKnows = false;
  #cameraKnows = false;
  #cause: LatchkeyError | undefined;
  readonly #candidates = new CandidateTally();

  /** Opens a session for the pair and begins. Throws what `Sessions.open` throws; everything later goes to the end. */
  constructor(core: Core, request: ViewRequest) {
    const { registration, end } = request;
    this.#core = core;
    this.#end = end;
    this.#profile = request.profile;
    this.#startedMs = core.clock.now();
    this.#registration = registration;
    this.session = sessionFor(core, request);
    this.#record = new ViewRecord(core, this.session, registration.camera, request.kind);
    registration.views.set(this.session.id, this);
    this.session.ended.addEventListener('abort', () => {
      try {
        this.#finish(this.session.ended.reason as EndReason);
      } catch (thrown) {
        // What a listener of a signal throws ends the process, and every other live view with it.
        core.observer.internal?.(thrown);
      }
    });
    core.observer.sessionOpened?.(request.kind);
    if (request.offer !== undefined && registration.answers) this.#inviteCamera(request.offer);
    else this.#connectCamera();
  }

  get registration(): Registration {
    return this.#registration;
  }

  get live(): boolean {
    return this.#phase !== 'ended';
  }

  /** Seconds until the session ends, as ONVIF counts them. */
  get expiryTimeSeconds(): number {
    return Math.max(0, Math.floor((this.session.expiresAtMs - this.#core.clock.now()) / 1000));
  }

  /** The camera's `invite`: its offer, for this session, once. */
  offered(request: IncomingRequest): void {
    if (this.#phase !== 'offering') throw new LatchkeyError('out-of-order');
    const { offer, text, subprotocols } = this.#cameraOffer(request.params);
    this.#phase = 'answering';
    this.#wait?.cancel();
    this.#cameraSdp = offer;
    this.#invite = request;
    this.#onRecord(() => {
      this.#demandCrossing();
      this.#core.observer.answered?.(this.#core.clock.now() - this.#startedMs);
      this.#end.invite(this, text, subprotocols, (outcome) => this.#guard(() => this.#viewerAnswered(outcome)));
    });
  }

  /** A trickled candidate is checked and goes nowhere: the relay's own are complete. Throws `candidate-malformed`. */
  trickled(side: 'viewer' | 'camera', candidate: string | undefined): void {
    this.#candidates.take(side, candidate);
    this.#core.observer.ignored?.('candidate');
  }

  /** Lives on under a fresh pair of the same subject and device, and tells the camera. Throws `not-allowed` for another. */
  extend(pair: VerifiedPair): void {
    this.session.extend(pair);
    this.#wire?.extend(pair);
    const viewerSdp = this.#viewerSdp;
    if (viewerSdp !== undefined && this.#cameraKnows) this.#tellExtended(viewerSdp);
  }

  move(to: Registration): boolean {
    if (this.#phase !== 'open' && this.#phase !== 'restarting') return false;
    if (to.camera.device !== this.session.pair.device) throw new TypeError('A live view stays with its device.');
    this.#registration.views.delete(this.session.id);
    this.#registration = to;
    to.views.set(this.session.id, this);
    this.#record.movedTo(to.camera);
    // Asked again, of the proof that speaks for the camera from now on. What it throws ends the view, at its new place.
    this.#guard(() => {
      this.#demandCrossing();
      if (this.#unansweredExtension) this.#tellExtended(this.#descriptions().viewer);
    });
    return true;
  }

  /** Where the camera has not answered when its connection is lost, its next one is told. */
  #tellExtended(viewerSdp: Description): void {
    const owed = Symbol();
    this.#unansweredExtension = owed;
    this.#withGrant(viewerSdp, (grant) => {
      const params = { session: this.session.id, expiryTimeSeconds: this.expiryTimeSeconds, grant };
      this.registration.call('extend', params, limits.cameraAnswerMsMax, (outcome) => {
        if (outcome.kind === 'gone') return;
        const unanswered = outcome.kind === 'timeout' || outcome.kind === 'busy';
        if (!unanswered && this.#unansweredExtension === owed) this.#unansweredExtension = undefined;
        if (outcome.kind !== 'result' || !extendResult.safeParse(outcome.result).success)
          this.#core.observer.ignored?.('device-fault');
      });
    });
  }

  /** The viewer's ICE restart (RFC 8445 section 9): a new offer of the same certificate. Only an answering camera can follow. */
  restart(offer: Description, settled: Settled): void {
    if (this.#phase !== 'open' || !this.registration.answers) throw new LatchkeyError('out-of-order');
    const { viewer, camera } = this.#descriptions();
    if (offer.fingerprints.join() !== viewer.fingerprints.join())
      throw new LatchkeyError('not-allowed', 'a new certificate');
    const text = this.#rewritten(offer, 'camera');
    this.#phase = 'restarting';
    this.#restart = settled;
    this.#callInvite(offer, text, (outcome) => {
      try {
        const answer = this.#cameraAnswer(outcome, offer);
        if (answer.fingerprints.join() !== camera.fingerprints.join())
          throw new LatchkeyError('device-answer-invalid', 'a new certificate');
        this.#demandCrossing();
        this.#restartWire(offer, answer, settled);
      } catch (thrown) {
        this.#restarted(settled, this.#known(thrown));
      }
    });
  }

  get addresses(): readonly RelayAddress[] {
    if (this.#reservation === undefined) {
      if (!this.live) throw new LatchkeyError('peer-gone');
      this.#reservedFor = this.session.pair;
      this.#reservation = this.#core.relay.reserve(this.#reservedFor, this.session.id);
    }
    return this.#reservation.addresses;
  }

  /** The viewer's own description, while the view is open. Throws `out-of-order` before. */
  get viewerDescription(): Description {
    return this.#descriptions().viewer;
  }

  /** One side named this session in an `error` notification: it is over for both. */
  faulted(side: 'viewer' | 'camera', error: RpcError): void {
    if (side === 'viewer') this.session.end('viewer-left');
    else if (this.#phase === 'open' || this.#phase === 'restarting') leftByCamera(this.session, this.#core.clock);
    else this.#fail(new LatchkeyError(deviceErrorCode(error)));
  }

  #inviteCamera(offer: Description): void {
    this.#phase = 'inviting';
    this.#viewerSdp = offer;
    this.#guard(() =>
      this.#callInvite(offer, this.#rewritten(offer, 'camera'), (outcome) => {
        const answer = this.#cameraAnswer(outcome, offer);
        this.#cameraSdp = answer;
        this.#demandCrossing();
        this.#openWire(() => {
          this.#demandCrossing();
          this.#viewerKnows = true;
          this.#core.observer.answered?.(this.#core.clock.now() - this.#startedMs);
          this.#end.opened(this, { answer, capabilities: [] });
        });
      }),
    );
  }

  /** Signs a grant for the author of `offer` and invites the camera with it and with `text`, the offer rewritten. */
  #callInvite(offer: Description, text: string, answered: (outcome: CallOutcome) => void): void {
    this.#withGrant(offer, (grant) => {
      this.#cameraKnows = true;
      this.registration.call('invite', { ...this.#params(), offer: text, grant }, limits.cameraAnswerMsMax, (outcome) =>
        this.#guard(() => answered(outcome)),
      );
    });
  }

  #connectCamera(): void {
    this.#phase = 'connecting';
    this.#cameraKnows = true;
    this.registration.call('connect', { ...this.#params(), iceServers: [] }, limits.cameraAnswerMsMax, (outcome) =>
      this.#guard(() => {
        if (outcome.kind !== 'result') throw deviceError(outcome);
        this.#phase = 'offering';
        this.#wait = this.#core.clock.after(limits.cameraAnswerMsMax, () =>
          this.#fail(new LatchkeyError('device-timeout')),
        );
        // The camera's offer may be here before this; then it waits for the same, behind this.
        this.#onRecord(() => {
          this.#demandCrossing();
          this.#viewerKnows = true;
          this.#end.opened(this, { answer: undefined, capabilities: this.registration.capabilities });
        });
      }),
    );
  }

  /** What a camera is told of the session. */
  #params(): object {
    const { expiryTimeSeconds } = this;
    const profile = this.#profile === undefined ? {} : { profile: this.#profile };
    return { session: this.session.id, expiryTimeSeconds, ...profile };
  }

  /** What is no offer ends the view, as a relay without room does: the camera had its turn. Throws what is wrong, for the camera. */
  #cameraOffer(params: unknown): { offer: Description; text: string; subprotocols: string[] | undefined } {
    try {
      const { offer: given, subprotocols } = read(inviteParams, params);
      const offer = readDescription(given, 'offer');
      return { offer, text: this.#rewritten(offer, 'viewer'), subprotocols };
    } catch (thrown) {
      const { code } = asLatchkeyError(thrown);
      this.#fail(new LatchkeyError(code === 'overloaded' ? code : 'device-answer-invalid'));
      throw thrown;
    }
  }

  #cameraAnswer(outcome: CallOutcome, offer: Description): Description {
    return cameraAnswerOf(outcome, offer, (answer) => this.#rewritten(answer, 'viewer'));
  }

  #viewerAnswered(outcome: CallOutcome): void {
    const invite = this.#invite;
    const offer = this.#cameraSdp;
    if (invite === undefined || offer === undefined) return;
    let text = '';
    const { answer, subprotocols } = viewerAnswerOf(outcome, offer, (given) => {
      text = this.#rewritten(given, 'camera');
    });
    this.#viewerSdp = answer;
    this.#withGrant(answer, (grant) => {
      this.#openWire(() => {
        this.#demandCrossing();
        this.#invite = undefined;
        invite.result({
          answer: text,
          grant,
          ...(subprotocols === undefined ? {} : { subprotocols }),
        });
      });
    });
  }

  /**
   * What the other side gets of a description: a camera is told of UDP alone. Throws `sdp-too-large` where it gets nothing, because
   * there is no room.
   */
  #rewritten(description: Description, to: 'viewer' | 'camera'): string {
    const addresses = to === 'viewer' ? this.addresses : this.addresses.filter(({ transport }) => transport === 'udp');
    return withRelayCandidates(description, addresses);
  }

  /** The wire stands before either side hears of it: its first check finds it. What comes after happens only if the view still lives. */
  #openWire(then: () => void): void {
    this.#onRecord(() => this.#openRecorded(then));
  }

  #openRecorded(then: () => void): void {
    const { viewer, camera } = this.#descriptions();
    const reservation = this.#reservation;
    if (reservation === undefined) throw new LatchkeyError('out-of-order');
    reservation.open(viewer.ice, camera.ice, this.#record.events()).then(
      (wire) => {
        this.#record.opened(wire);
        if (!this.live) return wire.end();
        this.#wire = wire;
        this.#phase = 'open';
        this.#guard(() => {
          if (this.session.pair !== this.#reservedFor) wire.extend(this.session.pair);
          then();
        });
      },
      (thrown: unknown) => {
        this.#record.notOpened();
        this.#fail(this.#known(thrown));
      },
    );
  }

  /** Nothing of a camera is shown before it is on record for good who sees it. */
  #onRecord(step: () => void): void {
    const { begun } = this.#record;
    if (begun === undefined) this.#guard(step);
    else this.#after(begun, step);
  }

  #restartWire(offer: Description, answer: Description, settled: Settled): void {
    this.#wire?.restart(offer.ice, answer.ice).then(
      () =>
        this.#guard(() => {
          this.#demandCrossing();
          this.#viewerSdp = offer;
          this.#cameraSdp = answer;
          this.#restarted(settled, answer);
        }),
      (thrown: unknown) => this.#guard(() => this.#restarted(settled, this.#known(thrown))),
    );
  }

  #restarted(settled: Settled, answered: Description | LatchkeyError): void {
    this.#phase = 'open';
    this.#restart = undefined;
    settled(answered);
  }

  #descriptions(): { viewer: Description; camera: Description } {
    if (this.#viewerSdp === undefined || this.#cameraSdp === undefined) throw new LatchkeyError('out-of-order');
    return { viewer: this.#viewerSdp, camera: this.#cameraSdp };
  }

  #demandCrossing(): void {
    demandCrossing(this.#core.sessions, this.session, this.#end.viewer, this.registration.camera);
  }

  #withGrant(viewerSdp: Description, use: (grant: string) => void): void {
    this.#after(this.#core.grants.sign(this.session.pair, this.session, viewerSdp.fingerprints), use);
  }

  /** What comes after a wait happens only if the view still lives. */
  #after<Result>(waited: Promise<Result>, step: (result: Result) => void): void {
    waited.then(
      (result) => this.#guard(() => step(result)),
      (thrown: unknown) => this.#fail(this.#known(thrown)),
    );
  }

  /** Runs a step of a live view; what it throws ends the view and reaches nobody but as a code of the table. */
  #guard(step: () => void): void {
    if (!this.live) return;
    try {
      step();
    } catch (thrown) {
      this.#fail(this.#known(thrown));
    }
  }

  #known(thrown: unknown): LatchkeyError {
    const error = asLatchkeyError(thrown);
    if (error.code === 'internal') this.#core.observer.internal?.(thrown);
    return error;
  }

  #fail(error: LatchkeyError): void {
    this.#cause ??= error;
    this.session.end('setup-failed');
  }

  #finish(reason: EndReason): void {
    this.#phase = 'ended';
    this.#wait?.cancel();
    this.#wire?.end();
    this.#reservation?.release();
    this.registration.views.delete(this.session.id);
    this.#record.ended(reason, this.#cause?.code);
    this.#core.observer.sessionEnded?.(reason);
    this.#invite?.error(this.#cause ?? new LatchkeyError('peer-gone'));
    this.#restart?.(this.#cause ?? new LatchkeyError('peer-gone'));
    if (this.#cameraKnows) this.registration.tell(endNotification(this.session.id, reason, this.#cause));
    if (this.#viewerKnows) this.#end.ended(this, reason, this.#cause);
    else this.#end.refused(this, this.#cause ?? endedEarly(reason, this.#core.moving));
  }
}
