import type { JSONWebKeySet } from 'jose';
import { asLatchkeyError, LatchkeyError } from '../base/index.ts';
import type { Certificate, RpcConnection, VideoCodec } from '../peer/index.ts';
import {
  deviceConnectParams,
  extendParams,
  type GrantClaims,
  inviteParams,
  inviteResult,
  leaveParams,
  type RpcError,
  read,
} from '../protocol/index.ts';
import { checkGrant } from './grant.ts';
import { type Broadcast, createBroadcast } from './sending/broadcast.ts';
import type { CameraObserver, CameraPowers, ViewerEnd } from './settings.ts';
import type { MediaSource } from './sources/media.ts';
import type { Subjects } from './subjects.ts';
import { type Stage, Viewing } from './viewing.ts';

export interface AudienceParts {
  readonly certificate: Certificate;
  readonly source: MediaSource;
  readonly subjects: Subjects;
  readonly viewersMax: number;
  grantKeys(): JSONWebKeySet | undefined;
  device(): string | undefined;
  readonly powers: CameraPowers;
  readonly observer: CameraObserver;
}

/** All who watch this camera, and what the relay asks of it on their behalf. */
export class Audience {
  readonly #parts: AudienceParts;
  readonly #stage: Stage;
  readonly #viewings = new Map<string, Viewing>();
  readonly #broadcasts = new Map<VideoCodec, Broadcast>();
  readonly #closing = new Set<Promise<void>>();
  #connection: RpcConnection | undefined;

  constructor(parts: AudienceParts) {
    this.#parts = parts;
    this.#stage = {
      certificate: parts.certificate,
      source: parts.source,
      broadcast: (codec) => this.#broadcast(codec),
      check: (grant, session, fingerprints) => this.#check(grant, session, fingerprints),
      grantRefused: (reason) => parts.observer.grantRefused?.(reason),
      clock: parts.powers.clock,
      random: parts.powers.random,
      observer: parts.observer,
    };
  }

  get size(): number {
    return this.#viewings.size;
  }

  /** The connection that sessions are spoken of on. */
  attach(connection: RpcConnection): void {
    this.#connection = connection;
  }

  /** The connection was lost. Who watches goes on watching: their media has no need of it. */
  detach(): void {
    this.#connection = undefined;
  }

  /** The sessions of all who watch. */
  get sessions(): string[] {
    return [...this.#viewings.keys()];
  }

  /** The relay which the camera came back to goes on with these sessions: it is told which of them have ended meanwhile, and the others of the camera's own end. */
  agree(sessions: readonly string[]): void {
    for (const viewing of [...this.#viewings.values()]) {
      if (!sessions.includes(viewing.session)) viewing.end('relay-ended');
    }
    for (const session of sessions) if (!this.#viewings.has(session)) this.#leave(session);
  }

  /** Answers a request of the relay's. Throws `LatchkeyError`s. */
  async request(method: string, params: unknown): Promise<object> {
    switch (method) {
      case 'connect':
        return this.#connect(read(deviceConnectParams, params).session);
      case 'invite': {
        const { session, offer, grant } = read(inviteParams, params);
        return { answer: await this.#invite(session, offer, grant) };
      }
      case 'extend': {
        const { session, grant, expiryTimeSeconds = 0 } = read(extendParams, params);
        await this.#known(session).extend(grant);
        return { expiryTimeSeconds };
      }
      case 'leave':
        this.#viewings.get(read(leaveParams, params).session)?.end('viewer-left');
        return {};
      case 'trickle':
        // The relay's candidates are in the description; there are no others to come.
        return {};
      default:
        throw new LatchkeyError('method-unknown');
    }
  }

  /** The relay says that a session is over. */
  failure(error: RpcError): void {
    const viewing = this.#viewings.get(error.session ?? '');
    viewing?.end(error.data?.reason === 'viewer-left' ? 'viewer-left' : 'relay-ended');
  }

  endAll(reason: ViewerEnd): void {
    this.#connection = reason === 'relay-lost' ? undefined : this.#connection;
    for (const viewing of [...this.#viewings.values()]) viewing.end(reason);
  }

  /** Ends all viewers; resolves when their sockets are closed and every process is gone. */
  async close(): Promise<void> {
    this.endAll('camera-stopping');
    await Promise.all([...this.#closing, ...[...this.#broadcasts.values()].map((broadcast) => broadcast.close())]);
  }

  /** ONVIF's flow: the camera is told of the session, and then makes its offer. */
  #connect(session: string): object {
    const viewing = this.#open(session);
    // After the result has left: the relay takes the offer only from a camera that agreed to the session.
    this.#parts.powers.clock.after(0, () => void this.#makeOffer(viewing));
    return {};
  }

  async #makeOffer(viewing: Viewing): Promise<void> {
    try {
      const offer = await viewing.offer();
      const result = await this.#connection?.call('invite', { session: viewing.session, offer });
      const { answer, grant } = read(inviteResult, result);
      await viewing.accept(answer, grant);
    } catch (thrown) {
      this.#refuse(viewing, thrown, 'setup-failed');
    }
  }

  async #invite(session: string, offer: string, grant: string | undefined): Promise<string> {
    const known = this.#viewings.get(session);
    const viewing = known ?? this.#open(session);
    try {
      return await viewing.answer(offer, grant);
    } catch (thrown) {
      if (known === undefined) this.#refuse(viewing, thrown, 'refused');
      throw thrown;
    }
  }

  #open(session: string): Viewing {
    if (this.#viewings.has(session)) throw new LatchkeyError('out-of-order');
    if (this.#viewings.size >= this.#parts.viewersMax) {
      this.#parts.observer.viewerRefused?.('device-busy');
      throw new LatchkeyError('device-busy');
    }
    const viewing = new Viewing(this.#stage, session, (ended, reason) => this.#left(ended, reason));
    this.#viewings.set(session, viewing);
    this.#parts.observer.viewerJoined?.(session);
    return viewing;
  }

  #refuse(viewing: Viewing, thrown: unknown, reason: ViewerEnd): void {
    this.#parts.observer.viewerRefused?.(asLatchkeyError(thrown).code);
    viewing.end(reason);
  }

  #left(viewing: Viewing, reason: ViewerEnd): void {
    this.#viewings.delete(viewing.session);
    const closing = viewing.closed.catch(() => {}).finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
    // The relay may know it already, or be gone: then there is nobody to tell. A refusal is told by the answer itself.
    if (reason !== 'viewer-left' && reason !== 'relay-ended' && reason !== 'refused') {
      this.#leave(viewing.session);
    }
    this.#parts.observer.viewerLeft?.(viewing.session, reason);
  }

  #leave(session: string): void {
    this.#connection?.call('leave', { session }).catch(() => {});
  }

  #known(session: string): Viewing {
    const viewing = this.#viewings.get(session);
    if (viewing === undefined) throw new LatchkeyError('session-unknown');
    return viewing;
  }

  #broadcast(codec: VideoCodec): Broadcast {
    const known = this.#broadcasts.get(codec);
    if (known !== undefined) return known;
    const { source, powers, observer } = this.#parts;
    const broadcast = createBroadcast(source, codec, powers, observer);
    this.#broadcasts.set(codec, broadcast);
    return broadcast;
  }

  async #check(grant: string | undefined, session: string, fingerprints: readonly string[]): Promise<GrantClaims> {
    const { subjects, powers, observer } = this.#parts;
    const expected = { session, device: this.#parts.device() ?? '', fingerprints };
    const checked = await checkGrant(grant, expected, this.#parts.grantKeys(), subjects, powers.clock);
    if (typeof checked !== 'string') return checked;
    observer.grantRefused?.(checked);
    throw new LatchkeyError('device-refused', checked);
  }
}
