import { bounds } from './bounds.ts';
import type { Powers } from './powers.ts';

/** A peer connection whose offer is made. */
export interface PreparedPeer {
  readonly connection: RTCPeerConnection;
  readonly offer: string;
}

/** Makes a peer connection that only receives, and its offer. The relay is its only path: it asks no STUN or TURN server. */
export async function preparePeer(): Promise<PreparedPeer> {
  const connection = newConnection();
  connection.addTransceiver('video', { direction: 'recvonly' });
  connection.addTransceiver('audio', { direction: 'recvonly' });
  await connection.setLocalDescription();
  return { connection, offer: connection.localDescription?.sdp ?? '' };
}

/** The other way round, for a camera that makes its own offers: gives the connection that answers. */
export async function answeringPeer(
  offer: string,
  onMade: (connection: RTCPeerConnection) => void,
): Promise<PreparedPeer> {
  const connection = newConnection();
  onMade(connection);
  await connection.setRemoteDescription({ type: 'offer', sdp: offer });
  await connection.setLocalDescription();
  return { connection, offer: connection.localDescription?.sdp ?? '' };
}

/** Keeps one peer connection ready, so that a click need not wait for it. */
export class PeerStore {
  readonly #powers: Powers;
  #ready: { peer: Promise<PreparedPeer>; cancel(): void } | undefined;

  constructor(powers: Powers) {
    this.#powers = powers;
  }

  warm(): void {
    if (this.#ready !== undefined) return;
    const peer = preparePeer();
    const drop = () => {
      this.#ready = undefined;
      peer.then(({ connection }) => connection.close()).catch(() => {});
    };
    const timer = this.#powers.after(bounds.preparedPeerMsMax, drop);
    this.#ready = { peer, cancel: () => timer.cancel() };
    peer.catch(() => {
      this.#ready = undefined;
    });
  }

  take(): Promise<PreparedPeer> {
    const ready = this.#ready;
    this.#ready = undefined;
    ready?.cancel();
    return ready?.peer ?? preparePeer();
  }
}

function newConnection(): RTCPeerConnection {
  return new RTCPeerConnection({ iceServers: [], bundlePolicy: 'max-bundle' });
}
