import { type Clock, LatchkeyError, limits, type RandomSource, type Timer } from '../base/index.ts';
import {
  type Certificate,
  createGuardedPeer,
  type Description,
  type GuardedPeer,
  readDescription,
  type VideoCodec,
  videoCodecOf,
} from '../peer/index.ts';
import type { GrantClaims } from '../protocol/index.ts';
import { differenceOf, type GrantRefusal } from './grant.ts';
import { keyFrameRequests } from './key-frame-requests.ts';
import type { Broadcast } from './sending/broadcast.ts';
import { PacedSender } from './sending/paced-sender.ts';
import type { CameraObserver, ViewerEnd } from './settings.ts';
import type { MediaSource } from './sources/media.ts';

/** What all viewings of a camera share. */
export interface Stage {
  readonly certificate: Certificate;
  readonly source: MediaSource;
  broadcast(codec: VideoCodec): Broadcast;
  /** Throws `device-refused` unless the grant names this session, this camera and exactly these fingerprints. */
  check(grant: string | undefined, session: string, fingerprints: readonly string[]): Promise<GrantClaims>;
  /** A viewing refuses what `check` has passed. */
  grantRefused(reason: GrantRefusal): void;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly observer: CameraObserver;
}

/** One viewer of this camera: from its grant to its last packet. No packet of media leaves before both checks have passed. */
export class Viewing {
  readonly session: string;
  readonly #stage: Stage;
  readonly #ended: (viewing: Viewing, reason: ViewerEnd) => void;
  #viewer: GrantClaims | undefined;
  #claims: GrantClaims | undefined;
  #peer: GuardedPeer | undefined;
  #sender: PacedSender | undefined;
  #leave: (() => void) | undefined;
  #deadline: Timer;
  #over = false;
  #closing: Promise<void> = Promise.resolve();

  /** `ended` is called once, whichever side ends it. */
  constructor(stage: Stage, session: string, ended: (viewing: Viewing, reason: ViewerEnd) => void) {
    this.#stage = stage;
    this.session = session;
    this.#ended = ended;
    this.#deadline = stage.clock.after(limits.peerSetupMsMax, () => this.end('setup-failed'));
  }

  /** Takes the viewer's offer, and again one that restarts ICE. Throws `device-refused`, `codec-mismatch` or an `sdp-` error. */
  async answer(offer: string, grant: string | undefined): Promise<string> {
    const description = readDescription(offer);
    const claims = await this.#check(grant, description.fingerprints);
    const peer = this.#peer ?? this.#makePeer(this.#order(description));
    const answer = await peer.answer(description);
    this.#admit(claims);
    this.#listen(peer);
    return answer;
  }

  /** Makes the offer, where the viewer has made none. */
  async offer(): Promise<string> {
    return await this.#makePeer(this.#stage.source.video).offer();
  }

  /** Takes the viewer's answer to that offer. Throws as `answer` does. */
  async accept(answer: string, grant: string | undefined): Promise<void> {
    const description = readDescription(answer);
    const claims = await this.#check(grant, description.fingerprints);
    const peer = this.#peer;
    if (peer === undefined) throw new LatchkeyError('out-of-order');
    this.#admit(claims);
    await peer.accept(description);
    this.#listen(peer);
  }

  /** Lives on until the end of a fresh grant for the same viewer. Throws `device-refused`. */
  async extend(grant: string | undefined): Promise<void> {
    const known = this.#claims;
    if (known === undefined) throw new LatchkeyError('out-of-order');
    this.#admit(await this.#check(grant, known.fingerprints));
  }

  /** Ends it. Calling it twice does nothing. */
  end(reason: ViewerEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#deadline.cancel();
    this.#leave?.();
    this.#sender?.close();
    this.#closing = this.#peer?.close() ?? Promise.resolve();
    this.#ended(this, reason);
  }

  /** Resolves when its sockets are closed, after the end. */
  get closed(): Promise<void> {
    return this.#closing;
  }

  /** The first grant that passes decides whose viewing this is; from then on, those for the same viewer and no other. */
  async #check(grant: string | undefined, fingerprints: readonly string[]): Promise<GrantClaims> {
    const claims = await this.#stage.check(grant, this.session, fingerprints);
    if (this.#over) throw new LatchkeyError('peer-gone');
    this.#viewer ??= claims;
    const difference = differenceOf(this.#viewer, claims);
    if (difference === undefined) return claims;
    this.#stage.grantRefused(difference);
    throw new LatchkeyError('device-refused', difference);
  }

  /** From here on the grant's own end is the end; before the connection stands, the bound of the set-up is. */
  #admit(claims: GrantClaims): void {
    this.#claims = claims;
    if (this.#sender !== undefined) this.#untilGrantEnds(claims);
  }

  #untilGrantEnds(claims: GrantClaims): void {
    const { clock } = this.#stage;
    this.#deadline.cancel();
    const restMs = Math.max(0, claims.exp * 1000 - clock.now());
    const stepMs = Math.min(restMs, timerMsMax);
    this.#deadline = clock.after(stepMs, () => {
      if (stepMs < restMs) this.#untilGrantEnds(claims);
      else this.end('grant-expired');
    });
  }

  /** What the viewer can take, in its own order where that costs nothing, else in the source's. */
  #order(offer: Description): VideoCodec[] {
    const { source } = this.#stage;
    const order = source.equal
      ? offer.video.filter((codec) => source.video.includes(codec))
      : source.video.filter((codec) => offer.video.includes(codec));
    if (order.length === 0) throw new LatchkeyError('codec-mismatch');
    return order;
  }

  #makePeer(video: readonly VideoCodec[]): GuardedPeer {
    if (this.#peer !== undefined) throw new LatchkeyError('out-of-order');
    const { certificate, source, random, observer } = this.#stage;
    const settings = { certificate, direction: 'sendonly', video, audio: source.sound } as const;
    const peer = createGuardedPeer(settings, random, (reason) => observer.datagramDropped?.(reason));
    this.#peer = peer;
    peer.onState((state) => {
      if (state === 'connected') this.#connected(peer);
      if (state === 'failed') this.end(this.#sender === undefined ? 'setup-failed' : 'connection-lost');
    });
    return peer;
  }

  /** Lets the source begin, so that there is a picture when the connection stands. Nothing is sent yet. */
  #listen(peer: GuardedPeer): void {
    if (this.#leave !== undefined || this.#over) return;
    const broadcast = this.#broadcast(peer);
    this.#leave = broadcast.join({
      frame: (frame) => this.#sender?.frame(frame),
      sound: (packet) => this.#sender?.sound(packet),
    });
  }

  #broadcast(peer: GuardedPeer): Broadcast {
    const codec = videoCodecOf(peer.video.codecs[0]);
    if (codec === undefined) throw new LatchkeyError('codec-mismatch');
    return this.#stage.broadcast(codec);
  }

  #connected(peer: GuardedPeer): void {
    if (this.#over || this.#sender !== undefined) return;
    const claims = this.#claims;
    const shown = peer.shownFingerprints();
    if (claims === undefined || !claims.fingerprints.some((fingerprint) => shown.includes(fingerprint))) {
      // The certificate that the viewer showed in DTLS is not one that its grant names.
      this.#stage.grantRefused('certificate');
      this.end('certificate-refused');
      return;
    }
    this.#send(peer, this.#broadcast(peer));
    this.#untilGrantEnds(claims);
  }

  #send(peer: GuardedPeer, broadcast: Broadcast): void {
    const { clock, random, observer } = this.#stage;
    const { video, audio } = peer;
    // What cannot be sent is lost, as a datagram may be; the viewer asks again or the connection's own checks end it.
    const sender = new PacedSender(
      {
        video: (packet) => void video.sender.sendRtp(packet).catch(() => {}),
        sound: (packet) => void audio?.sender.sendRtp(packet).catch(() => {}),
      },
      clock,
      random,
    );
    this.#sender = sender;
    observer.viewerConnected?.(this.session);
    sender.catchUp(broadcast.recent);
    keyFrameRequests(peer, () => sender.catchUp(broadcast.recent));
  }
}

const timerMsMax = 2 ** 31 - 1;
