import { cell, type EngineCells } from './counters.ts';
import { type DropReason, placeOfDrop } from './drops.ts';
import { column, type Ledger } from './ledger.ts';
import type { Leg, SealedWire, WireRates } from './leg.ts';
import { Policer } from './policer.ts';
import type { RtpStreams } from './rtp-streams.ts';
import type { SideMemory } from './side-memory.ts';

/** Where the engine writes down what happens: the cells of all its wires together, and the ledger of each. */
export class Accounts {
  readonly #cells: EngineCells;
  readonly #ledger: Ledger;
  readonly #sides: SideMemory;
  readonly #streams: RtpStreams;
  #ofSide: Policer;
  #ofSession: Policer;

  constructor(cells: EngineCells, ledger: Ledger, sides: SideMemory, streams: RtpStreams, rates: WireRates) {
    this.#cells = cells;
    this.#ledger = ledger;
    this.#sides = sides;
    this.#streams = streams;
    this.#ofSide = new Policer(sides.numbers, rates.side);
    this.#ofSession = new Policer(sides.numbers, rates.session);
  }

  /** Polices by other rates; what a bucket holds beyond its new size is lost with the next look at it. */
  useRates(rates: WireRates): void {
    this.#ofSide = new Policer(this.#sides.numbers, rates.side);
    this.#ofSession = new Policer(this.#sides.numbers, rates.session);
  }

  /** Begins the accounts of a new wire. */
  open(wire: number, nowMs: number): void {
    this.#sides.clear(wire);
    this.#ofSession.begin(this.#sides.sessionLevelsAt(2 * wire), nowMs);
    for (const side of [2 * wire, 2 * wire + 1]) {
      this.#ofSide.begin(this.#sides.levelsAt(side), nowMs);
      this.#streams.begin(side);
    }
  }

  /** Reads what is written of a side for every datagram, and returns some of it: see `DataRoad.foresee`. */
  ahead(side: number): number {
    return this.#ledger.ahead(side >> 1, side & 1) ^ this.#streams.ahead(side);
  }

  count(place: number, by = 1): void {
    this.#cells[place] = (this.#cells[place] ?? 0) + by;
  }

  set(place: number, value: number): void {
    this.#cells[place] = value;
  }

  dropped(reason: DropReason, times = 1): void {
    this.count(cell.drops + placeOfDrop(reason), times);
  }

  /** Datagrams of a side, by its number. */
  received(side: number, bytes: number, packets = 1): void {
    this.#ledger.count(side >> 1, side & 1, bytes, packets);
    this.count(cell.receivedPackets + (side & 1), packets);
    this.count(cell.receivedBytes + (side & 1), bytes);
  }

  forwarded(side: number, bytes: number, packets = 1): void {
    this.count(cell.forwardedPackets + (side & 1), packets);
    this.count(cell.forwardedBytes + (side & 1), bytes);
  }

  /** Charges all of a run to its side and its session, or nothing: returns whether both may send so much. */
  chargeRun(side: number, nowMs: number, bytes: number, packets: number): boolean {
    const ofSide = this.#sides.levelsAt(side);
    const ofSession = this.#sides.sessionLevelsAt(side);
    if (!this.#ofSide.hasRoom(ofSide, nowMs, bytes, packets)) return false;
    if (!this.#ofSession.hasRoom(ofSession, nowMs, bytes, packets)) return false;
    this.#ofSide.charge(ofSide, bytes, packets);
    this.#ofSession.charge(ofSession, bytes, packets);
    return true;
  }

  /** Charges a datagram to its side and its session. Returns why it goes no further, if one of them sends too much. */
  police(side: number, nowMs: number, bytes: number): DropReason | undefined {
    const ofSide = this.#ofSide.admit(this.#sides.levelsAt(side), nowMs, bytes);
    if (ofSide === 'admitted') {
      const ofSession = this.#ofSession.admit(this.#sides.sessionLevelsAt(side), nowMs, bytes);
      if (ofSession === 'admitted') return undefined;
      this.#ledger.add(side >> 1, side & 1, column.policed);
      return ofSession === 'over-bit-rate' ? 'session-bit-rate' : 'session-packet-rate';
    }
    this.#ledger.add(side >> 1, side & 1, column.policed);
    return ofSide === 'over-bit-rate' ? 'side-bit-rate' : 'side-packet-rate';
  }

  /** Takes note of an RTP packet of a side, by its header. */
  rtp(side: number, nowMs: number, ssrc: number, sequenceNumber: number, timestamp: number): void {
    this.#ledger.add(side >> 1, side & 1, column.rtpPackets);
    const before = this.#streams.size(side);
    this.#streams.packet(side, nowMs, ssrc, sequenceNumber, timestamp);
    const added = this.#streams.size(side) - before;
    if (added !== 0) this.count(cell.streams, added);
  }

  latched({ wire, index, latchCount }: Leg): void {
    this.count(cell.latches + index);
    this.#ledger.set(wire.number, index, column.latches, latchCount);
  }

  /** The first media of a wire, of whichever side. */
  firstMedia(wire: SealedWire, nowMs: number): void {
    this.#ledger.setFirstMedia(wire.number, Math.max(nowMs - wire.joinedAtMs, leastMs));
  }

  /** The first media of one side that is forwarded. */
  sideMedia(side: number, nowMs: number): void {
    this.#ledger.set(side >> 1, side & 1, column.firstMediaAtMs, nowMs);
    this.#ledger.set(side >> 1, side & 1, column.lastMediaAtMs, nowMs);
  }

  /** Writes down what the streams of a side tell: at each check, every few seconds, and at the end. */
  publish(side: number, nowMs: number): void {
    const [wire, index] = [side >> 1, side & 1];
    this.#ledger.set(wire, index, column.lost, this.#streams.lost(side));
    this.#ledger.set(wire, index, column.jitterMs, this.#streams.jitterMs(side) ?? 0);
    this.#ledger.set(wire, index, column.longestSilenceMs, this.#streams.longestSilenceMs(side, nowMs));
    this.#ledger.set(wire, index, column.lastMediaAtMs, this.#streams.lastAtMs(side));
  }

  /** Forgets the streams of a side that is over. */
  close(side: number): void {
    this.count(cell.streams, -this.#streams.size(side));
    this.#streams.clear(side);
  }
}

/** A first packet that came at once still came: zero would say that none did. */
const leastMs = 0.001;
