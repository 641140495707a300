import { limits } from '../../base/index.ts';
import { Jitter } from './jitter.ts';

/** One SSRC. Its object is used again for the stream that takes its place. */
class Stream {
  ssrc = 0;
  highest = 0;
  /** The last 32 sequence numbers, the highest one in bit 0: a bit is set when its packet came. */
  seen = -1;
  /** How many streams began before this one. */
  begunAfter = 0;
  /** Packets since the busiest stream was last looked for. */
  recent = 0;
  readonly jitter = new Jitter();
}

/** A larger step than this is a stream that began anew, not a loss (RFC 3550 appendix A.1). */
const dropoutMax = 3_000;
const busiestMs = 1_000;

/** What the headers of one side's RTP packets tell of the way that they came. A packet makes no garbage. */
export class RtpStreams {
  /** Packets that came, those that came twice as well. */
  received = 0;
  /** Packets that are missing as of now; one that comes late, by up to 31 places, is taken off again. */
  lost = 0;
  readonly #streams: Stream[] = [];
  #begun = 0;
  /** The stream of the last packet: the next one is most often of the same. */
  #last: Stream | undefined;
  #busiest: Stream | undefined;
  #busiestAtMs = Number.NaN;
  #jitterMs = Number.NaN;
  #lastAtMs = Number.NaN;
  #silenceMs = 0;

  /** At most `limits.streamsPerSideMax`: a new stream makes the oldest one go. */
  get size(): number {
    return this.#streams.length;
  }

  /**
   * Interarrival jitter in milliseconds (RFC 3550 section 6.4.1), the last that was known; undefined before any was.
   *
   * It is that of the stream with the most packets in the last second, among those whose clock is known. So it is the picture's
   * or the sound's: retransmissions (RFC 4588) and padding have an SSRC of their own with fewer packets, and carry
   * timestamps of long ago, which would pass for a bad network.
   */
  get jitterMs(): number | undefined {
    this.#noteJitter();
    return Number.isNaN(this.#jitterMs) ? undefined : this.#jitterMs;
  }

  /** The longest time without a packet since the first one, in milliseconds, up to `nowMs`; 0 when none has come. */
  longestSilenceMs(nowMs: number): number {
    return this.received > 0 ? Math.max(this.#silenceMs, nowMs - this.#lastAtMs) : 0;
  }

  /** Takes note of one packet, by its header; 32-bit numbers come with or without a sign, but always in the same way. */
  packet(nowMs: number, ssrc: number, sequenceNumber: number, timestamp: number): void {
    this.#silenceMs = this.longestSilenceMs(nowMs);
    this.received++;
    this.#lastAtMs = nowMs;
    // Also true at first, when there is no time to count from, and after a time that went back.
    if (!(Math.abs(nowMs - this.#busiestAtMs) < busiestMs)) this.#findBusiest(nowMs);

    const stream = this.#find(ssrc);
    if (stream === undefined) {
      this.#begin(this.#place(), nowMs, ssrc, sequenceNumber, timestamp);
      return;
    }
    stream.recent++;
    const step = signed16(sequenceNumber - stream.highest);
    if (Math.abs(step) >= dropoutMax) {
      this.#begin(stream, nowMs, ssrc, sequenceNumber, timestamp);
    } else if (step > 0) {
      this.lost += step - 1;
      stream.highest = sequenceNumber;
      stream.seen = step < 32 ? (stream.seen << step) | 1 : 1;
      stream.jitter.packet(nowMs, timestamp);
    } else if (step >= -31) {
      this.#late(stream, 1 << -step);
    }
  }

  /** Forgets the streams; what was counted stays. */
  clear(): void {
    this.#noteJitter();
    this.#streams.length = 0;
    this.#last = undefined;
    this.#busiest = undefined;
  }

  #find(ssrc: number): Stream | undefined {
    if (this.#last?.ssrc === ssrc) return this.#last;
    for (let at = 0; at < this.#streams.length; at++) {
      const stream = this.#streams[at];
      if (stream?.ssrc === ssrc) {
        this.#last = stream;
        return stream;
      }
    }
    return undefined;
  }

  /** A place for a new stream: an empty one while there is room, else that of the oldest. */
  #place(): Stream {
    let oldest = this.#streams[0];
    if (oldest === undefined || this.#streams.length < limits.streamsPerSideMax) {
      const stream = new Stream();
      this.#streams.push(stream);
      return stream;
    }
    for (let at = 1; at < this.#streams.length; at++) {
      const stream = this.#streams[at];
      if (stream !== undefined && stream.begunAfter < oldest.begunAfter) oldest = stream;
    }
    return oldest;
  }

  /** What lies before the first packet was never missed: its bits are set. */
  #begin(stream: Stream, nowMs: number, ssrc: number, sequenceNumber: number, timestamp: number): void {
    if (stream === this.#busiest) this.#noteJitter();
    stream.ssrc = ssrc;
    stream.highest = sequenceNumber;
    stream.seen = -1;
    stream.begunAfter = this.#begun++;
    stream.recent = 1;
    stream.jitter.begin(nowMs, timestamp);
    this.#last = stream;
  }

  #late(stream: Stream, bit: number): void {
    if ((stream.seen & bit) !== 0) return;
    stream.seen |= bit;
    this.lost--;
  }

  /** Leaves things as they are when no stream with a known clock has sent anything. */
  #findBusiest(nowMs: number): void {
    this.#busiestAtMs = nowMs;
    this.#noteJitter();
    let most = 0;
    for (let at = 0; at < this.#streams.length; at++) {
      const stream = this.#streams[at];
      if (stream === undefined) continue;
      if (stream.recent > most && !Number.isNaN(stream.jitter.ms)) {
        most = stream.recent;
        this.#busiest = stream;
      }
      stream.recent = 0;
    }
  }

  /** Not for every packet: the number would be put into a box for each. */
  #noteJitter(): void {
    const ms = this.#busiest?.jitter.ms ?? Number.NaN;
    if (!Number.isNaN(ms)) this.#jitterMs = ms;
  }
}

/** The step between two sequence numbers, the shorter way around their wrap: -32768 to 32767. */
function signed16(difference: number): number {
  return (difference << 16) >> 16;
}
