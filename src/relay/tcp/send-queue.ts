import { limits } from '../../base/index.ts';
import { classify } from '../wire/demultiplex.ts';
import { frameHeaderBytes } from '../wire/framing.ts';
import { isRtcpType } from '../wire/rtp.ts';

interface Waiting {
  readonly order: number;
  readonly frame: Buffer;
}

/**
 * The frames that wait for one slow connection, in their order: at most `limits.tcpQueueBytesMax` and
 * `limits.tcpQueueFramesMax`. Media that came late is worth nothing, so the oldest of it goes first; what opens and
 * steers a connection (STUN, DTLS, RTCP) has to arrive, or the connection is of no use.
 */
export class SendQueue {
  readonly #media: Waiting[] = [];
  readonly #control: Waiting[] = [];
  #order = 0;
  #bytes = 0;

  /** Headers included. */
  get bytes(): number {
    return this.#bytes;
  }

  get frames(): number {
    return this.#media.length + this.#control.length;
  }

  /**
   * Puts a frame, with its header, at the end. The bytes are the queue's from now on. Returns how many frames of media had
   * to go for it (itself, maybe), or `overflow` when what may not be dropped is more than can wait.
   */
  push(frame: Buffer): number | 'overflow' {
    const queue = isMedia(frame) ? this.#media : this.#control;
    queue.push({ order: this.#order++, frame });
    this.#bytes += frame.length;
    let dropped = 0;
    while (this.#bytes > limits.tcpQueueBytesMax || this.frames > limits.tcpQueueFramesMax) {
      if (this.#take(this.#media) === undefined) return 'overflow';
      dropped++;
    }
    return dropped;
  }

  /** Takes the frame out that has waited longest. */
  shift(): Buffer | undefined {
    const [media, control] = [this.#media[0], this.#control[0]];
    const mediaFirst = media !== undefined && (control === undefined || media.order < control.order);
    return this.#take(mediaFirst ? this.#media : this.#control);
  }

  #take(queue: Waiting[]): Buffer | undefined {
    const frame = queue.shift()?.frame;
    this.#bytes -= frame?.length ?? 0;
    return frame;
  }
}

/** Whether a frame is RTP; RTCP shares its first byte and is not. */
function isMedia(frame: Buffer): boolean {
  return (
    frame.length > frameHeaderBytes + 1 &&
    classify(frame.readUInt8(frameHeaderBytes)) === 'media' &&
    !isRtcpType(frame.readUInt8(frameHeaderBytes + 1))
  );
}
