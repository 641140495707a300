import type { EndReason, LatchkeyError } from '../base/index.ts';
import type { VerifiedCamera, VerifiedViewer } from '../identity/index.ts';
import type { Session, VerifiedPair } from '../pairing/index.ts';
import type { RpcError } from '../protocol/index.ts';
import type { RelayAddress } from '../relay/index.ts';
import type { ViewKind } from './observer.ts';
import type { CallOutcome, IncomingRequest } from './rpc-peer.ts';
import type { Description } from './sdp/index.ts';

/** One live view, as its two ends see it. */
export interface View {
  readonly session: Session;
  /** Where the relay waits for the viewer. Throws `overloaded` while it has no room, and `peer-gone` after the end. */
  readonly addresses: readonly RelayAddress[];
  /** Seconds until the session ends, as ONVIF counts them. */
  readonly expiryTimeSeconds: number;
  /** The camera's `invite`: its offer, for this session, once. Throws `out-of-order`, or what is wrong with the offer. */
  offered(request: IncomingRequest): void;
  /** A trickled candidate is checked and goes nowhere: the relay's own are complete. Throws `candidate-malformed`. */
  trickled(side: 'viewer' | 'camera', candidate: string | undefined): void;
  /** Lives on under a fresh pair of the same subject and device. Throws `not-allowed` for another. */
  extend(pair: VerifiedPair): void;
  /** The viewer restarts ICE with a new offer of the same certificate. Throws `out-of-order` and `not-allowed`. */
  restart(offer: Description, settled: (answered: Description | LatchkeyError) => void): void;
  /** One side named this session in an `error` notification: it is over for both. */
  faulted(side: 'viewer' | 'camera', error: RpcError): void;
  /**
   * Goes on with another registration of the same device, where both sides have all that their media needs. False where they
   * have not: it stays, and whoever asked ends it. Throws a TypeError for another device.
   */
  move(to: Registration): boolean;
}

/** What a viewer gets when a live view opened. */
export interface Opened {
  /** There where the viewer made the offer and the camera answered it. */
  readonly answer: Description | undefined;
  readonly capabilities: readonly string[];
}

/** The viewer's end of a live view: a WebSocket, or an exchange over HTTP. */
export interface ViewerEnd {
  /** Whose end it is. */
  readonly viewer: VerifiedViewer;
  /** It opened. Exactly one of `opened` and `refused` is called, once. */
  opened(view: View, opened: Opened): void;
  refused(view: View, error: LatchkeyError): void;
  /** ONVIF's flow: takes the camera's offer, and says how the viewer answered it. */
  invite(
    view: View,
    offer: string,
    subprotocols: readonly string[] | undefined,
    settled: (outcome: CallOutcome) => void,
  ): void;
  /** It ended after it had opened. */
  ended(view: View, reason: EndReason, cause: LatchkeyError | undefined): void;
}

/** A camera that is registered, on the connection where it is. */
export interface Registration {
  readonly camera: VerifiedCamera;
  /** What the camera calls itself. Never an identity. */
  readonly name: string | undefined;
  /** Whether it answers offers; otherwise it makes its own. */
  readonly answers: boolean;
  /** What else it can do, in ONVIF's words. */
  readonly capabilities: readonly string[];
  /** The live views of this very registration, by their session. */
  readonly views: Map<string, View>;
  /** How many they are. To ask makes nothing: most cameras have none, and a whole fleet may be lost at once. */
  readonly watched: number;
  call(method: string, params: object, msMax: number, settled: (outcome: CallOutcome) => void): void;
  tell(error: RpcError): void;
  /** A newer registration of the same device took over, and with it the live views that can go on. */
  replaced(by: Registration): void;
}

/**
 * Where a live view stands. `inviting`: the camera has the viewer's offer. `connecting`: the camera was told of the session
 * and shall make the offer. `offering`: its offer is due. `answering`: the viewer has it. `open`: the wire stands.
 */
export type ViewPhase = 'new' | 'inviting' | 'connecting' | 'offering' | 'answering' | 'open' | 'restarting' | 'ended';

export interface ViewRequest {
  readonly kind: ViewKind;
  readonly pair: VerifiedPair;
  readonly registration: Registration;
  readonly end: ViewerEnd;
  readonly offer: Description | undefined;
  readonly profile: string | undefined;
}
