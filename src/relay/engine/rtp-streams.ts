import { limits } from '../../base/index.ts';
import { Jitters } from './jitter.ts';
import { anywhere, type NewMemory } from './new-memory.ts';
import { type SideMemory, streamCells } from './side-memory.ts';
import { StreamMemory, streamWord } from './stream-memory.ts';

/** A larger step than this is a stream that began anew, not a loss (RFC 3550 appendix A.1). */
const dropoutMax = 3_000;
const busiestMs = 1_000;
const none = -1;

/** The first stream of each side, or the second, and so on. */
class Place {
  readonly words: Int32Array;
  readonly jitters: Jitters;

  constructor(sides: number, newMemory: NewMemory) {
    const memory = new StreamMemory(sides, newMemory);
    this.words = memory.words;
    this.jitters = new Jitters(memory);
  }

  get(side: number, word: number): number {
    return this.words[2 * StreamMemory.at(side) + word] ?? 0;
  }

  set(side: number, word: number, value: number): void {
    this.words[2 * StreamMemory.at(side) + word] = value;
  }
}

/**
 * What the headers of each side's RTP packets tell of the way that they came. A side has up to `limits.streamsPerSideMax` streams: a new
 * one makes the oldest go. Packets that are missing count as of now: one that comes late, by up to 31 places, is taken off again.
 */
export class RtpStreams {
  readonly #sides: number;
  readonly #memory: SideMemory;
  readonly #newMemory: NewMemory;
  readonly #places: Place[] = [];
  /** Of each side: how many packets are missing, how many streams have begun, which place has the busiest one, and the jitter that was known last. */
  readonly #lost: Float64Array;
  readonly #begun: Int32Array;
  readonly #busiest: Int8Array;
  readonly #jitterMs: Float64Array;

  /** For so many sides; what is looked at for every packet lies in `memory`. */
  constructor(sides: number, memory: SideMemory, newMemory: NewMemory = anywhere) {
    this.#sides = sides;
    this.#memory = memory;
    this.#newMemory = newMemory;
    this.#lost = new Float64Array(sides);
    this.#begun = new Int32Array(sides);
    this.#busiest = new Int8Array(sides);
    this.#jitterMs = new Float64Array(sides);
  }

  /** Makes a side that of a new wire, from which nothing has come. */
  begin(side: number): void {
    this.#set(side, streamCells.lastAtMs, Number.NaN);
    this.#set(side, streamCells.silenceMs, 0);
    this.#set(side, streamCells.busiestAtMs, Number.NaN);
    this.#lost[side] = 0;
    this.#set(side, streamCells.size, 0);
    this.#begun[side] = 0;
    this.#busiest[side] = none;
    this.#jitterMs[side] = Number.NaN;
  }

  /** Reads the lines of a side's first stream, and returns some of them: see `DataRoad.foresee`. */
  ahead(side: number): number {
    const words = this.#places[0]?.words;
    const at = 2 * StreamMemory.at(side);
    return words === undefined ? 0 : (words[at] ?? 0) ^ (words[at + 16] ?? 0);
  }

  /** How many streams a side has. */
  size(side: number): number {
    return this.#get(side, streamCells.size);
  }

  lost(side: number): number {
    return this.#lost[side] ?? 0;
  }

  /**
   * Interarrival jitter in milliseconds (RFC 3550 section 6.4.1), the last that was known; undefined before any was.
   *
   * It is that of the stream with the most packets in the last second, among those whose clock is known. So it is the picture's
   * or the sound's: retransmissions (RFC 4588) and padding have an SSRC of their own with fewer packets, and carry
   * timestamps of long ago, which would pass for a bad network.
   */
  jitterMs(side: number): number | undefined {
    this.#noteJitter(side);
    const ms = this.#jitterMs[side] ?? Number.NaN;
    return Number.isNaN(ms) ? undefined : ms;
  }

  /** The longest time without a packet since the first one, in milliseconds, up to `nowMs`; 0 when none has come. */
  longestSilenceMs(side: number, nowMs: number): number {
    const lastAtMs = this.#get(side, streamCells.lastAtMs);
    return Number.isNaN(lastAtMs) ? 0 : Math.max(this.#get(side, streamCells.silenceMs), nowMs - lastAtMs);
  }

  /** When the last packet came, in milliseconds since the epoch; 0 when none has. */
  lastAtMs(side: number): number {
    const lastAtMs = this.#get(side, streamCells.lastAtMs);
    return Number.isNaN(lastAtMs) ? 0 : lastAtMs;
  }

  /** Takes note of one packet, by its header; 32-bit numbers come with or without a sign, but always in the same way. */
  packet(side: number, nowMs: number, ssrc: number, sequenceNumber: number, timestamp: number): void {
    const { numbers } = this.#memory;
    const at = this.#memory.streamsAt(side);
    const silenceMs = nowMs - (numbers[at + streamCells.lastAtMs] ?? 0);
    if (silenceMs > (numbers[at + streamCells.silenceMs] ?? 0)) numbers[at + streamCells.silenceMs] = silenceMs;
    numbers[at + streamCells.lastAtMs] = nowMs;
    // Also true at first, when there is no time to count from, and after a time that went back.
    if (!(Math.abs(nowMs - (numbers[at + streamCells.busiestAtMs] ?? 0)) < busiestMs)) this.#findBusiest(side, nowMs);

    const found = this.#find(side, ssrc | 0);
    const place = found === none ? undefined : this.#places[found];
    if (place === undefined) {
      this.#begin(this.#placeForNew(side), side, nowMs, ssrc, sequenceNumber, timestamp);
      return;
    }
    place.set(side, streamWord.recent, place.get(side, streamWord.recent) + 1);
    const step = signed16(sequenceNumber - place.get(side, streamWord.highest));
    if (Math.abs(step) >= dropoutMax) {
      this.#begin(found, side, nowMs, ssrc, sequenceNumber, timestamp);
    } else if (step > 0) {
      if (step > 1) this.#lost[side] = this.lost(side) + step - 1;
      place.set(side, streamWord.highest, sequenceNumber);
      place.set(side, streamWord.seen, step < 32 ? (place.get(side, streamWord.seen) << step) | 1 : 1);
      place.jitters.packet(StreamMemory.at(side), nowMs, timestamp);
    } else if (step >= -31) {
      this.#late(place, side, 1 << -step);
    }
  }

  /** Forgets the streams of a side; what was counted stays. */
  clear(side: number): void {
    this.#noteJitter(side);
    this.#set(side, streamCells.size, 0);
    this.#busiest[side] = none;
  }

  /** The place of a side's stream. */
  #find(side: number, ssrc: number): number {
    const size = this.size(side);
    for (let at = 0; at < size; at++) if (this.#places[at]?.get(side, streamWord.ssrc) === ssrc) return at;
    return none;
  }

  /** The place for a new stream: the next one while there is room, else that of the oldest. */
  #placeForNew(side: number): number {
    const size = this.size(side);
    if (size < limits.streamsPerSideMax) {
      if (this.#places[size] === undefined) this.#places.push(new Place(this.#sides, this.#newMemory));
      this.#set(side, streamCells.size, size + 1);
      return size;
    }
    let oldest = 0;
    for (let at = 1; at < size; at++) if (this.#begunAfter(at, side) < this.#begunAfter(oldest, side)) oldest = at;
    return oldest;
  }

  #begunAfter(at: number, side: number): number {
    return this.#places[at]?.get(side, streamWord.begunAfter) ?? 0;
  }

  /** What lies before the first packet was never missed: its bits are set. */
  #begin(at: number, side: number, nowMs: number, ssrc: number, sequenceNumber: number, timestamp: number): void {
    const place = this.#places[at];
    if (place === undefined) return;
    if (at === this.#busiest[side]) this.#noteJitter(side);
    const begun = this.#begun[side] ?? 0;
    this.#begun[side] = begun + 1;
    place.set(side, streamWord.ssrc, ssrc);
    place.set(side, streamWord.highest, sequenceNumber);
    place.set(side, streamWord.seen, -1);
    place.set(side, streamWord.begunAfter, begun);
    place.set(side, streamWord.recent, 1);
    place.jitters.begin(StreamMemory.at(side), nowMs, timestamp);
  }

  #late(place: Place, side: number, bit: number): void {
    const seen = place.get(side, streamWord.seen);
    if ((seen & bit) !== 0) return;
    place.set(side, streamWord.seen, seen | bit);
    this.#lost[side] = this.lost(side) - 1;
  }

  /** Leaves things as they are when no stream with a known clock has sent anything. */
  #findBusiest(side: number, nowMs: number): void {
    this.#set(side, streamCells.busiestAtMs, nowMs);
    this.#noteJitter(side);
    let most = 0;
    const size = this.size(side);
    for (let at = 0; at < size; at++) {
      const place = this.#places[at];
      if (place === undefined) continue;
      const recent = place.get(side, streamWord.recent);
      if (recent > most && !Number.isNaN(place.jitters.ms(StreamMemory.at(side)))) {
        most = recent;
        this.#busiest[side] = at;
      }
      place.set(side, streamWord.recent, 0);
    }
  }

  #noteJitter(side: number): void {
    const busiest = this.#busiest[side] ?? none;
    if (busiest === none) return;
    const ms = this.#places[busiest]?.jitters.ms(StreamMemory.at(side)) ?? Number.NaN;
    if (!Number.isNaN(ms)) this.#jitterMs[side] = ms;
  }

  #get(side: number, cell: number): number {
    return this.#memory.numbers[this.#memory.streamsAt(side) + cell] ?? 0;
  }

  #set(side: number, cell: number, value: number): void {
    this.#memory.numbers[this.#memory.streamsAt(side) + cell] = value;
  }
}

/** The step between two sequence numbers, the shorter way around their wrap: -32768 to 32767. */
function signed16(difference: number): number {
  return (difference << 16) >> 16;
}
