import { cell, type EngineCells } from './counters.ts';
import { type DropReason, placeOfDrop } from './drops.ts';
import { column, type Ledger } from './ledger.ts';
import type { Leg, SealedWire } from './leg.ts';

/** Where the engine writes down what happens: the cells of all its wires together, and the ledger of each. */
export class Accounts {
  readonly #cells: EngineCells;
  readonly #ledger: Ledger;

  constructor(cells: EngineCells, ledger: Ledger) {
    this.#cells = cells;
    this.#ledger = ledger;
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

  received({ wire, index }: Leg, bytes: number, packets = 1): void {
    this.#ledger.count(wire.number, index, bytes, packets);
    this.count(cell.receivedPackets + index, packets);
    this.count(cell.receivedBytes + index, bytes);
  }

  forwarded({ index }: Leg, bytes: number, packets = 1): void {
    this.count(cell.forwardedPackets + index, packets);
    this.count(cell.forwardedBytes + index, bytes);
  }

  /** Charges all of a run to its side and its session, or nothing: returns whether both may send so much. */
  chargeRun({ policer, wire }: Leg, nowMs: number, bytes: number, packets: number): boolean {
    if (!policer.hasRoom(nowMs, bytes, packets) || !wire.policer.hasRoom(nowMs, bytes, packets)) return false;
    policer.charge(bytes, packets);
    wire.policer.charge(bytes, packets);
    return true;
  }

  /** Charges a datagram to its side and its session. Returns why it goes no further, if one of them sends too much. */
  police(leg: Leg, nowMs: number, bytes: number): DropReason | undefined {
    const ofSide = leg.policer.admit(nowMs, bytes);
    if (ofSide === 'admitted') {
      const ofSession = leg.wire.policer.admit(nowMs, bytes);
      if (ofSession === 'admitted') return undefined;
      this.#ledger.add(leg.wire.number, leg.index, column.policed);
      return ofSession === 'over-bit-rate' ? 'session-bit-rate' : 'session-packet-rate';
    }
    this.#ledger.add(leg.wire.number, leg.index, column.policed);
    return ofSide === 'over-bit-rate' ? 'side-bit-rate' : 'side-packet-rate';
  }

  rtp({ wire, index }: Leg): void {
    this.#ledger.add(wire.number, index, column.rtpPackets);
  }

  latched({ wire, index, latchCount }: Leg): void {
    this.count(cell.latches + index);
    this.#ledger.set(wire.number, index, column.latches, latchCount);
  }

  /** The first media of a wire, of whichever side. */
  firstMedia(wire: SealedWire, nowMs: number): void {
    this.#ledger.setFirstMedia(wire.number, Math.max(nowMs - wire.joinedAtMs, leastMs));
  }

  /** Writes down what the streams of a side tell: at each check, every few seconds, and at the end. */
  publish({ wire, index, streams }: Leg, nowMs: number): void {
    this.#ledger.set(wire.number, index, column.lost, streams.lost);
    this.#ledger.set(wire.number, index, column.jitterMs, streams.jitterMs ?? 0);
    this.#ledger.set(wire.number, index, column.longestSilenceMs, streams.longestSilenceMs(nowMs));
  }
}

/** A first packet that came at once still came: zero would say that none did. */
const leastMs = 0.001;
