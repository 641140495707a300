import { classify } from '../wire/demultiplex.ts';
import type { Datagram, Path } from '../wire/path.ts';
import { isRtp, sequenceNumberOf, ssrcOf, timestampOf } from '../wire/rtp.ts';
import type { Accounts } from './accounts.ts';
import { cell } from './counters.ts';
import type { DropReason } from './drops.ts';
import type { EngineOutput } from './engine.ts';
import type { FlowTable } from './flow-table.ts';
import type { Ledger } from './ledger.ts';
import type { Leg } from './leg.ts';

/**
 * Where everything goes that is no check: DTLS, SRTP, SRTCP. It allocates nothing for a datagram: it reads it where it lies, and hands its
 * bounds on.
 */
export class DataRoad {
  readonly #flows: FlowTable;
  readonly #ledger: Ledger;
  readonly #accounts: Accounts;
  /** The time. A field that was once undefined keeps the box that V8 puts a number into; from any other each call gets a new one. */
  #time: number | undefined = undefined;

  constructor(flows: FlowTable, ledger: Ledger, accounts: Accounts) {
    this.#flows = flows;
    this.#ledger = ledger;
    this.#accounts = accounts;
  }

  /** In milliseconds since the epoch. */
  get nowMs(): number {
    return this.#time ?? 0;
  }

  set nowMs(nowMs: number) {
    this.#time = nowMs;
  }

  /** Takes one datagram of data. Returns why it was dropped, or another that was held in its place. */
  take(datagram: Datagram, out: EngineOutput): DropReason | undefined {
    const leg = this.#flows.find(datagram.path, datagram.pathAt)?.leg;
    if (leg === undefined) return 'unlatched';
    if (!this.#ledger.isAlive(leg.wire.number)) return 'ended';
    const { bytes, start, end } = datagram;
    this.#accounts.received(leg, end - start);
    const rtp = isRtp(bytes, start, end);
    if (rtp) this.#rtp(leg, bytes, start);
    const refused = this.#accounts.police(leg, this.nowMs, end - start);
    if (refused !== undefined) return refused;
    const target = leg.other.current;
    if (target === undefined) return this.hold(leg.other, bytes.subarray(start, end));
    this.forward(leg, target.path, bytes, start, end, out);
    if (rtp && !leg.hasMedia) this.#firstMedia(leg, out);
  }

  /**
   * Takes a run of datagrams, each `step` bytes long and the last maybe less, with one look at whose they are: a picture comes so. What
   * follows is as if each had come alone. Returns false, with nothing done, where they have to: one of them is no data, the side may not
   * send so much, or its other side is not there yet.
   */
  takeRun({ path, pathAt, bytes, start, end }: Datagram, step: number, out: EngineOutput): boolean {
    for (let at = start; at < end; at += step) if (!isData(bytes[at] ?? 0)) return false;
    const leg = this.#flows.find(path, pathAt)?.leg;
    const target = leg?.other.current;
    if (leg === undefined || target === undefined || !this.#ledger.isAlive(leg.wire.number)) return false;
    const packets = Math.ceil((end - start) / step);
    if (!this.#accounts.chargeRun(leg, this.nowMs, end - start, packets)) return false;
    this.#accounts.received(leg, end - start, packets);
    let media = false;
    for (let at = start; at < end; at += step) {
      if (!isRtp(bytes, at, Math.min(at + step, end))) continue;
      this.#rtp(leg, bytes, at);
      media = true;
    }
    this.#accounts.forwarded(leg, end - start, packets);
    out.transmit(target.path, bytes, start, end, step);
    if (media && !leg.hasMedia) this.#firstMedia(leg, out);
    return true;
  }

  /** Keeps a copy for a side that has no address yet. Returns why something was dropped, if it was. */
  hold(leg: Leg, bytes: Buffer): DropReason | undefined {
    const before = leg.held.size;
    const dropped = leg.held.hold(this.nowMs, bytes);
    this.#accounts.count(cell.held, leg.held.size - before);
    return dropped;
  }

  forward(from: Leg, to: Path, bytes: Buffer, start: number, end: number, out: EngineOutput): void {
    this.#accounts.forwarded(from, end - start);
    out.transmit(to, bytes, start, end, end - start);
  }

  #rtp(leg: Leg, bytes: Buffer, start: number): void {
    const { streams } = leg;
    this.#accounts.rtp(leg);
    const before = streams.size;
    streams.packet(this.nowMs, ssrcOf(bytes, start), sequenceNumberOf(bytes, start), timestampOf(bytes, start));
    if (streams.size !== before) this.#accounts.count(cell.streams, streams.size - before);
  }

  #firstMedia(leg: Leg, out: EngineOutput): void {
    const { wire, side } = leg;
    leg.hasMedia = true;
    if (!wire.hasMedia) this.#accounts.firstMedia(wire, this.nowMs);
    wire.hasMedia = true;
    out.event({ kind: 'media', wire, side });
  }
}

function isData(firstByte: number): boolean {
  const kind = classify(firstByte);
  return kind === 'media' || kind === 'dtls';
}
