import {
  asLatchkeyError,
  type Clock,
  type ErrorCode,
  errorTable,
  LatchkeyError,
  limits,
  type Timer,
} from '../base/index.ts';
import {
  createGuardedPeer,
  type GuardedPeer,
  newCertificate,
  openRpc,
  type RelayTarget,
  type RpcConnection,
  readDescription,
  type VideoCodec,
  videoCodecs,
} from '../peer/index.ts';
import { connectResult, extendResult, inviteParams, inviteResult, type RpcError, read } from '../protocol/index.ts';
import { Reception } from './reception.ts';
import type { Recording } from './recording.ts';
import type {
  FirstFrame,
  VideoFrame,
  View,
  ViewObserver,
  ViewPowers,
  ViewSettings,
  ViewState,
  ViewStats,
} from './settings.ts';

export interface WatchingParts {
  readonly settings: ViewSettings;
  readonly target: RelayTarget;
  readonly recording: Recording | undefined;
  readonly powers: ViewPowers;
  readonly observer: ViewObserver;
}

type Mark = 'signaled' | 'ice' | 'connected' | 'packet';

/** One live view, from the question to the last packet. */
export class Watching implements View {
  readonly #parts: WatchingParts;
  readonly #clock: Clock;
  readonly #reception: Reception;
  readonly #aborting = new AbortController();
  readonly #firstFrame = Promise.withResolvers<FirstFrame>();
  readonly #end = Promise.withResolvers<string>();
  /** The session that the relay named; what it says of others is not for this view. */
  readonly #named = Promise.withResolvers<string>();
  readonly #marks: Partial<Record<Mark, number>> = {};
  readonly #timers = new Set<Timer>();
  #startMs = 0;
  #session: string | undefined;
  #connection: RpcConnection | undefined;
  #peer: GuardedPeer | undefined;
  #first: FirstFrame | undefined;
  #keyFrameRequests = 0;
  #closed: Promise<void> | undefined;
  state: ViewState = 'signaling';
  /** When the relay asked it to come back, once it has ended; in seconds. */
  retryAfterSeconds: number | undefined;

  constructor(parts: WatchingParts) {
    this.#parts = parts;
    this.#clock = parts.powers.clock;
    this.#reception = new Reception(this.#clock, parts.recording, {
      frame: (frame) => this.#framed(frame),
      firstPacket: () => this.#mark('packet'),
    });
    // Whoever reads `ended` alone has not forgotten an error: both say the same.
    this.#firstFrame.promise.catch(() => {});
  }

  get firstFrame(): Promise<FirstFrame> {
    return this.#firstFrame.promise;
  }

  get ended(): Promise<string> {
    return this.#end.promise;
  }

  get stats(): ViewStats {
    return {
      ...this.#reception.stats,
      session: this.#session,
      firstFrame: this.#first,
      keyFrameRequests: this.#keyFrameRequests,
    };
  }

  get #codecs(): readonly VideoCodec[] {
    return this.#parts.settings.codecs ?? videoCodecs;
  }

  start(): void {
    this.#startMs = this.#clock.now();
    this.#after(limits.peerSetupMsMax, () => {
      if (this.#first === undefined) this.#finish('device-timeout');
    });
    void this.#parts.recording?.failure.then((error) => this.#leave('save-failed', error));
    this.#watch().catch((thrown: unknown) => this.#finish(asLatchkeyError(thrown).code, asLatchkeyError(thrown)));
  }

  async restart(): Promise<void> {
    const { state } = this;
    const [connection, peer, session] = [this.#connection, this.#peer, this.#session];
    if (state !== 'watching' || connection === undefined || peer === undefined) throw new LatchkeyError('out-of-order');
    const result = await connection.call('invite', { session, offer: await peer.restart() });
    await peer.accept(readDescription(read(inviteResult, result).answer));
  }

  async close(): Promise<void> {
    this.#leave('closed');
    await this.#closed;
  }

  async #watch(): Promise<void> {
    const { settings, target } = this.#parts;
    // The certificate and the offer are made while the relay verifies the token.
    const offering = this.#makeOffer();
    const token = await settings.token();
    const handlers = {
      request: (method: string, params: unknown) => this.#request(method, params),
      failure: (error: RpcError) => this.#failed(error),
    };
    const connection = await openRpc(target, token, handlers, this.#clock, this.#aborting.signal);
    this.#connection = connection;
    void connection.ended.then((cause) => this.#finish(cause.code, cause));
    const offer = await offering;
    const asked = { peer: settings.device, ...(offer === undefined ? {} : { offer }) };
    const result = read(connectResult, await connection.call('connect', asked));
    this.#session = result.session;
    this.#named.resolve(result.session);
    if (result.expiryTimeSeconds !== undefined) this.#extendLater(result.expiryTimeSeconds);
    // Without an answer, the camera makes the offer: it comes as an `invite`.
    if (result.answer === undefined) return;
    await this.#peer?.accept(readDescription(result.answer));
    this.#signaled();
  }

  async #makeOffer(): Promise<string | undefined> {
    const peer = await this.#makePeer();
    return this.#parts.settings.offer === false ? undefined : await peer.offer();
  }

  async #makePeer(): Promise<GuardedPeer> {
    const { settings, powers, observer } = this.#parts;
    const certificate = await newCertificate();
    const peer = createGuardedPeer(
      {
        certificate,
        direction: 'recvonly',
        video: this.#codecs,
        audio: settings.audio ?? true,
      },
      powers.random,
      (reason) => observer.datagramDropped?.(reason),
    );
    this.#reception.listen(peer);
    peer.onState((state) => {
      if (peer !== this.#peer) return;
      if (state === 'ice') this.#mark('ice');
      if (state === 'connected') this.#connected();
      // The relay may be about to say why.
      if (state === 'failed') this.#after(limits.drainCameraAheadMs, () => this.#finish('connection-lost'));
    });
    this.#peer = peer;
    if (this.state === 'ended') await peer.close();
    return peer;
  }

  /** The camera's own offer, in plain ONVIF. It is answered once, and for this session alone. */
  async #request(method: string, params: unknown): Promise<object> {
    if (method === 'trickle') return {};
    if (method !== 'invite') throw new LatchkeyError('method-unknown');
    const { session, offer } = read(inviteParams, params);
    if (session !== (await this.#named.promise)) throw new LatchkeyError('session-unknown');
    if (this.#marks.signaled !== undefined) throw new LatchkeyError('out-of-order');
    const description = readDescription(offer);
    if (!description.video.some((codec) => this.#codecs.includes(codec))) {
      const mismatch = new LatchkeyError('codec-mismatch');
      this.#finish(mismatch.code, mismatch);
      throw mismatch;
    }
    const unused = this.#peer;
    const peer = await this.#makePeer();
    await unused?.close();
    const answer = await peer.answer(description);
    this.#signaled();
    return { answer };
  }

  #failed(error: RpcError): void {
    if (error.session !== this.#session) return;
    this.#finish(error.data?.reason ?? 'peer-gone', undefined, error.data?.retryAfterSeconds);
  }

  #signaled(): void {
    this.#mark('signaled');
    this.#enter('connecting');
  }

  #connected(): void {
    this.#mark('connected');
    this.#enter('connected');
    this.#askForKeyFrames();
  }

  /** A PLI (RFC 4585) now and then, for as long as there is no key frame to begin with. */
  #askForKeyFrames(): void {
    const { ssrc } = this.#reception;
    if (this.#reception.needsKeyFrame && ssrc !== undefined) {
      this.#keyFrameRequests += 1;
      void this.#peer?.video.receiver.sendRtcpPLI(ssrc);
    }
    this.#after(limits.keyFrameRequestMsMin, () => this.#askForKeyFrames());
  }

  #extendLater(seconds: number): void {
    this.#after(Math.min(seconds * 1000 * extensionFraction, timerMsMax), () => void this.#extend());
  }

  async #extend(): Promise<void> {
    try {
      const authorization = await this.#parts.settings.token();
      const result = await this.#connection?.call('extend', { session: this.#session, authorization });
      this.#extendLater(read(extendResult, result).expiryTimeSeconds);
    } catch {
      // The relay ends the session at its time, and says so.
    }
  }

  #framed(frame: VideoFrame): void {
    const { settings, observer } = this.#parts;
    observer.frame?.(frame);
    if (this.#first !== undefined) return;
    const at = (mark: Mark) => this.#marks[mark] ?? this.#startMs;
    const now = this.#clock.now();
    this.#first = {
      codec: frame.codec,
      signalingMs: at('signaled') - this.#startMs,
      iceMs: at('ice') - at('signaled'),
      dtlsMs: at('connected') - at('ice'),
      firstPacketMs: at('packet') - at('connected'),
      firstFrameMs: now - at('packet'),
      totalMs: now - this.#startMs,
    };
    this.#enter('watching');
    observer.firstFrame?.(this.#first);
    this.#firstFrame.resolve(this.#first);
    if (settings.seconds !== undefined) this.#after(settings.seconds * 1000, () => this.#leave('closed'));
  }

  #mark(mark: Mark): void {
    this.#marks[mark] ??= this.#clock.now();
  }

  #enter(state: ViewState): void {
    if (this.state === 'ended' || this.state === state) return;
    this.state = state;
    this.#parts.observer.stateChanged?.(state);
  }

  #after(delayMs: number, run: () => void): void {
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
  }

  /** Ends it from this side. */
  #leave(reason: string, error?: LatchkeyError): void {
    if (this.#session !== undefined && this.state !== 'ended') {
      this.#connection?.call('leave', { session: this.#session }).catch(() => {});
    }
    this.#finish(reason, error);
  }

  #finish(reason: string, error?: LatchkeyError, retryAfterSeconds = error?.retryAfterSeconds): void {
    if (this.state === 'ended') return;
    this.retryAfterSeconds = retryAfterSeconds;
    this.#enter('ended');
    for (const timer of this.#timers) timer.cancel();
    this.#reception.end();
    this.#aborting.abort();
    this.#named.resolve('');
    this.#firstFrame.reject(error ?? new LatchkeyError(codeOfEnd(reason)));
    this.#closed = this.#closeAll();
    // A failure is for whoever calls `close`, now or later; until then it is nobody's oversight.
    this.#closed.catch(() => {});
    this.#end.resolve(reason);
  }

  async #closeAll(): Promise<void> {
    this.#connection?.close();
    try {
      await Promise.all([this.#peer?.close(), this.#connection?.ended]);
    } finally {
      await this.#parts.recording?.close();
    }
  }
}

const extensionFraction = 0.8;
const timerMsMax = 2 ** 31 - 1;

const codesOfEnds: Readonly<Record<string, ErrorCode>> = {
  expired: 'token-expired',
  revoked: 'not-allowed',
  'relay-stopping': 'overloaded',
  'relay-failed': 'overloaded',
  'setup-failed': 'device-timeout',
  'signed-out': 'token-revoked',
  'camera-signed-out': 'device-offline',
  quarantined: 'device-quarantined',
  'time-limit': 'token-expired',
  idle: 'device-timeout',
};

function codeOfEnd(reason: string): ErrorCode {
  if (Object.hasOwn(errorTable, reason)) return reason as ErrorCode;
  return codesOfEnds[reason] ?? 'peer-gone';
}
