import type { Timer } from '../../base/index.ts';
import { bounds } from './bounds.ts';
import { answeringPeer, type PeerStore } from './peer.ts';
import type { Powers } from './powers.ts';
import { ConnectionLost, RelayRefusal } from './refusal.ts';
import type { RelayChannel } from './relay-channel.ts';
import type { RelayChannels } from './relay-channels.ts';
import type { ViewEvent } from './states.ts';

export interface SessionParts {
  readonly relay: string;
  readonly device: string;
  /** Gives the token for this session, and a fresh one each time it is to be extended. */
  readonly token: () => Promise<string>;
  readonly renewable: boolean;
  readonly channels: RelayChannels;
  readonly peers: PeerStore;
  readonly powers: Powers;
  /** Called for each peer connection that the session tries, before anything can happen on it. */
  peer(connection: RTCPeerConnection): void;
  /** Both descriptions are set. */
  answered(): void;
  /** The session is over, for the reason given. Called once at most, and never after `end`. */
  over(event: ViewEvent): void;
}

/** One try at a live view, from asking for it to its end. It never comes back: a new try is a new session. */
export class LiveSession {
  readonly #parts: SessionParts;
  #channel: RelayChannel | undefined;
  #id: string | undefined;
  #connection: RTCPeerConnection | undefined;
  #extension: Timer | undefined;
  #over = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    void this.#open().catch((error: unknown) => this.#fail(eventOf(error)));
  }

  get connection(): RTCPeerConnection | undefined {
    return this.#connection;
  }

  /** Shows the relay a fresh token now, so that the session may outlive the old one. */
  extend(): void {
    this.#extension?.cancel();
    void this.#extend(0);
  }

  /** Looks for a new path between the same two ends (an ICE restart); the keys stay. Rejects when the camera or the relay will not. */
  async restart(): Promise<void> {
    const connection = this.#connection;
    if (this.#over || this.#channel === undefined || connection === undefined) return;
    await connection.setLocalDescription(await connection.createOffer({ iceRestart: true }));
    const offer = connection.localDescription?.sdp;
    const { answer } = await this.#channel.call('invite', { session: this.#id, offer });
    if (this.#over || typeof answer !== 'string') return;
    await connection.setRemoteDescription({ type: 'answer', sdp: answer });
  }

  /** Leaves: tells the relay, and closes the peer connection. Calling it twice does nothing. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#extension?.cancel();
    this.#connection?.close();
    if (this.#id !== undefined) this.#channel?.detach(this.#id, true);
  }

  async #open(): Promise<void> {
    const { relay, device, token, channels, peers } = this.#parts;
    channels.warm(relay);
    const [authorization, peer] = await Promise.all([token(), peers.take()]);
    this.#adopt(peer.connection);
    if (this.#over) return;
    const channel = channels.take(relay, authorization);
    this.#channel = channel;
    const result = await channel.call('connect', { peer: device, authorization, offer: peer.offer });
    const session = result.session;
    if (typeof session !== 'string') throw new ConnectionLost('The relay gave an answer that cannot be used.');
    this.#id = session;
    channel.attach(session, {
      invite: (offer) => this.#answer(offer),
      ended: (reason, text, retryAfterSeconds) => this.#fail({ kind: 'ended', reason, text, retryAfterSeconds }),
      lost: () => this.#fail({ kind: 'lost', text: 'The connection to the relay was lost.' }),
    });
    if (this.#over) return channel.detach(session, true);
    this.#extendBefore(result.expiryTimeSeconds);
    if (typeof result.answer !== 'string') return;
    await peer.connection.setRemoteDescription({ type: 'answer', sdp: result.answer });
    this.#parts.answered();
  }

  /** ONVIF's own flow: the camera makes the offer. The connection that made ours is of no use any more. */
  async #answer(offer: string): Promise<string> {
    if (this.#over) throw new ConnectionLost('The view was closed.');
    this.#connection?.close();
    const { offer: answer } = await answeringPeer(offer, (connection) => this.#adopt(connection));
    this.#parts.answered();
    return answer;
  }

  #adopt(connection: RTCPeerConnection): void {
    this.#connection = connection;
    if (this.#over) connection.close();
    else this.#parts.peer(connection);
  }

  #extendBefore(expiryTimeSeconds: unknown): void {
    if (typeof expiryTimeSeconds !== 'number' || !this.#parts.renewable) return;
    const leftMs = expiryTimeSeconds * 1000;
    const waitMs = Math.max(leftMs - bounds.extendAheadMs, leftMs / 2);
    if (waitMs < bounds.extendMsMin) return;
    // A longer wait than a timer can take would come due at once.
    this.#extension = this.#parts.powers.after(Math.min(waitMs, 2 ** 31 - 1), () => void this.#extend(leftMs - waitMs));
  }

  /** Where it fails for a passing reason, it is tried again in half of the time that is left; else the relay ends the session. */
  async #extend(leftMs: number): Promise<void> {
    if (this.#over || this.#channel === undefined) return;
    try {
      const authorization = await this.#parts.token();
      const { expiryTimeSeconds } = await this.#channel.call('extend', { session: this.#id, authorization });
      this.#extendBefore(expiryTimeSeconds);
    } catch {
      if (!this.#over) this.#extendBefore(leftMs / 2 / 1000);
    }
  }

  #fail(event: ViewEvent): void {
    if (this.#over) return;
    this.end();
    this.#parts.over(event);
  }
}

function eventOf(error: unknown): ViewEvent {
  if (error instanceof RelayRefusal) return { kind: 'refused', refusal: error };
  if (error instanceof ConnectionLost) return { kind: 'lost', text: error.message };
  return { kind: 'lost', text: 'The live view could not be set up.' };
}
