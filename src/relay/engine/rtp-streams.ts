import { limits } from '../../base/index.ts';

interface Stream {
  highest: number;
  /** The last 32 sequence numbers, the highest one in bit 0: a bit is set when its packet came. */
  seen: number;
}

/** A larger step than this is a stream that began anew, not a loss (RFC 3550 appendix A.1). */
const dropoutMax = 3_000;

/** Counts the RTP packets of one side that never came, by the gaps in the sequence numbers of each SSRC. */
export class RtpStreams {
  /** Packets that are missing as of now; one that comes late, by up to 31 places, is taken off again. */
  lost = 0;
  readonly #streams = new Map<number, Stream>();

  /** At most `limits.streamsPerSideMax`: a new stream makes the oldest one go. */
  get size(): number {
    return this.#streams.size;
  }

  /** Takes note of one packet. */
  packet(ssrc: number, sequenceNumber: number): void {
    const stream = this.#streams.get(ssrc);
    const step = stream === undefined ? 0 : signed16(sequenceNumber - stream.highest);
    if (stream === undefined || Math.abs(step) >= dropoutMax) {
      this.#begin(ssrc, sequenceNumber);
    } else if (step > 0) {
      this.lost += step - 1;
      stream.highest = sequenceNumber;
      stream.seen = step < 32 ? (stream.seen << step) | 1 : 1;
    } else if (step >= -31) {
      this.#late(stream, 1 << -step);
    }
  }

  clear(): void {
    this.#streams.clear();
  }

  #late(stream: Stream, bit: number): void {
    if ((stream.seen & bit) !== 0) return;
    stream.seen |= bit;
    this.lost--;
  }

  /** What lies before the first packet was never missed: its bits are set. */
  #begin(ssrc: number, sequenceNumber: number): void {
    this.#streams.delete(ssrc);
    for (const oldest of this.#streams.keys()) {
      if (this.#streams.size < limits.streamsPerSideMax) break;
      this.#streams.delete(oldest);
    }
    this.#streams.set(ssrc, { highest: sequenceNumber, seen: -1 });
  }
}

/** The step between two sequence numbers, the shorter way around their wrap: -32768 to 32767. */
function signed16(difference: number): number {
  return (difference << 16) >> 16;
}
