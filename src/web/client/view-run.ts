import type { Timer } from '../../base/index.ts';
import { bounds } from './bounds.ts';
import { type Figures, FreezeWatch, figuresBetween, type Look, lookAt } from './figures.ts';
import type { PeerStore } from './peer.ts';
import type { Powers } from './powers.ts';
import type { RelayChannels } from './relay-channels.ts';
import { LiveSession } from './session.ts';
import { type FirstFrameTiming, Stopwatch } from './timing.ts';

/** What all views of a document share. */
export interface Shared {
  readonly channels: RelayChannels;
  readonly peers: PeerStore;
  readonly powers: Powers;
}

export interface RunParts extends Shared {
  readonly relay: string;
  readonly device: string;
  readonly token: () => Promise<string>;
  readonly renewable: boolean;
  readonly video: HTMLVideoElement;
  firstFrame(timing: FirstFrameTiming): void;
  figures(figures: Figures): void;
  /** As in `SessionParts`. */
  over: ConstructorParameters<typeof LiveSession>[0]['over'];
}

/** One session with its picture: from asking for it, over its first frame, to its end. It watches over the path and the frames. */
export class ViewRun {
  readonly #parts: RunParts;
  readonly #stopwatch = new Stopwatch();
  readonly #freeze = new FreezeWatch(bounds.frozenMsMax);
  readonly #session: LiveSession;
  readonly #timers = new Set<Timer>();
  #last: Look | undefined;
  #over = false;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#session = new LiveSession({
      ...parts,
      peer: (connection) => this.#listen(connection),
      answered: () => {
        this.#stopwatch.done('signaling');
        this.#after(bounds.firstFrameMsMax, () => {
          if (!this.#stopwatch.has('firstFrame')) this.#lost('No picture came.');
        });
      },
      over: (event) => {
        this.#stop();
        parts.over(event);
      },
    });
  }

  get connection(): RTCPeerConnection | undefined {
    return this.#session.connection;
  }

  extend(): void {
    this.#session.extend();
  }

  end(): void {
    this.#stop();
    this.#session.end();
  }

  #stop(): void {
    this.#over = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #listen(connection: RTCPeerConnection): void {
    const { video } = this.#parts;
    const stream = new MediaStream();
    connection.addEventListener('track', ({ track }) => {
      stream.addTrack(track);
      if (video.srcObject !== stream) video.srcObject = stream;
      play(video);
      if (track.kind !== 'video') return;
      track.addEventListener('unmute', () => this.#stopwatch.done('firstPacket'), { once: true });
      video.requestVideoFrameCallback(() => this.#frame(stream));
    });
    connection.addEventListener('iceconnectionstatechange', () => this.#path(connection));
    connection.addEventListener('connectionstatechange', () => {
      if (connection.connectionState === 'connected') this.#stopwatch.done('dtls');
      if (connection.connectionState === 'failed') this.#lost(lostWords);
    });
    this.#after(bounds.figuresMs, () => void this.#look(connection, stream));
  }

  #path(connection: RTCPeerConnection): void {
    const state = connection.iceConnectionState;
    if (state === 'connected' || state === 'completed') this.#stopwatch.done('ice');
    if (state === 'failed') this.#lost(lostWords);
    if (state !== 'disconnected') return;
    this.#after(bounds.healingMsMax, () => {
      if (broken(connection)) this.#heal(connection);
    });
  }

  /** The path did not heal by itself, as after a change of network. A new path saves the keys and the camera's work. */
  #heal(connection: RTCPeerConnection): void {
    this.#session.restart().catch(() => this.#lost(lostWords));
    this.#after(bounds.healingMsMax, () => {
      if (broken(connection)) this.#lost(lostWords);
    });
  }

  #frame(stream: MediaStream): void {
    if (this.#over || this.#stopwatch.has('firstFrame') || this.#parts.video.srcObject !== stream) return;
    this.#stopwatch.done('firstFrame');
    this.#parts.firstFrame(this.#stopwatch.timing());
  }

  async #look(connection: RTCPeerConnection, stream: MediaStream): Promise<void> {
    if (this.#over || connection !== this.#session.connection) return;
    const report = await connection.getStats();
    if (this.#over) return;
    const look = lookAt(report.values(), this.#parts.powers.now());
    // A page in the background decodes frames and paints none.
    if (look.frames > 0) this.#frame(stream);
    if (this.#last !== undefined) this.#parts.figures(figuresBetween(this.#last, look));
    this.#last = look;
    if (this.#stopwatch.has('firstFrame') && this.#freeze.frozen(look)) this.#lost('The picture stood still.');
    else this.#after(bounds.figuresMs, () => void this.#look(connection, stream));
  }

  #lost(text: string): void {
    if (this.#over) return;
    this.end();
    this.#parts.over({ kind: 'lost', text });
  }

  #after(delayMs: number, run: () => void): void {
    if (this.#over) return;
    const timer = this.#parts.powers.after(delayMs, () => {
      this.#timers.delete(timer);
      if (!this.#over) run();
    });
    this.#timers.add(timer);
  }
}

const lostWords = 'The connection was lost.';

function broken({ iceConnectionState }: RTCPeerConnection): boolean {
  return iceConnectionState === 'disconnected' || iceConnectionState === 'failed';
}

/** Plays, without sound where the browser wants a touch of the page before there may be any. */
export function play(video: HTMLVideoElement): void {
  video.play().catch((error: unknown) => {
    if (!(error instanceof DOMException) || error.name !== 'NotAllowedError' || video.muted) return;
    video.muted = true;
    video.play().catch(() => {});
  });
}
