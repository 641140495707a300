import { classify } from '../wire/demultiplex.ts';
import type { Datagram } from '../wire/path.ts';
import { isRtp, sequenceNumberOf, ssrcOf, timestampOf } from '../wire/rtp.ts';
import type { Accounts } from './accounts.ts';
import { cell } from './counters.ts';
import type { DropReason } from './drops.ts';
import type { EngineOutput } from './engine.ts';
import type { FlowTable } from './flow-table.ts';
import type { Ledger } from './ledger.ts';
import type { Leg } from './leg.ts';
import type { SideMemory } from './side-memory.ts';

/**
 * Where everything goes that is no check: DTLS, SRTP, SRTCP. It allocates nothing for a datagram: it reads it where it lies, and hands its
 * bounds on. What it has to know of a side lies in tables, by the side's number; no object of a session is looked at but when something
 * begins.
 */
export class DataRoad {
  readonly #flows: FlowTable;
  readonly #ledger: Ledger;
  readonly #sides: SideMemory;
  readonly #accounts: Accounts;
  /** The time. A field that was once undefined keeps the box that V8 puts a number into; from any other each call gets a new one. */
  #time: number | undefined = undefined;
  /** One bit of what was read ahead: nobody needs it, and what nobody could see would not be read. */
  readAhead = 0;

  constructor(flows: FlowTable, ledger: Ledger, sides: SideMemory, accounts: Accounts) {
    this.#flows = flows;
    this.#ledger = ledger;
    this.#sides = sides;
    this.#accounts = accounts;
  }

  /** In milliseconds since the epoch. */
  get nowMs(): number {
    return this.#time ?? 0;
  }

  set nowMs(nowMs: number) {
    this.#time = nowMs;
  }

  /**
   * Reads what `take` will look at for datagrams that have come from `count` places, whose words begin at `words[at]` and `step` words on, and
   * does nothing with it. With many sessions all of that lies in main memory: asked for one datagram after the other each waits for its own,
   * and asked for all at once they wait together.
   */
  foresee(words: Uint32Array, at: number, step: number, count: number): void {
    let seen = 0;
    for (let index = 0; index < count; index++) seen ^= this.#flows.slotAhead(words, at + index * step);
    for (let index = 0; index < count; index++) {
      const side = this.#flows.sideOf(words, at + index * step);
      if (side >= 0) seen ^= this.#sides.ahead(side) ^ this.#accounts.ahead(side);
    }
    this.readAhead = seen & 1;
  }

  /** Takes one datagram of data. Returns why it was dropped, or another that was held in its place. */
  take(datagram: Datagram, out: EngineOutput): DropReason | undefined {
    const side = this.#flows.sideOf(datagram.path, datagram.pathAt);
    if (side < 0) return 'unlatched';
    if (!this.#ledger.isAlive(side >> 1)) return 'ended';
    const { bytes, start, end } = datagram;
    this.#accounts.received(side, end - start);
    const rtp = isRtp(bytes, start, end);
    if (rtp) this.#rtp(side, bytes, start);
    const refused = this.#accounts.police(side, this.nowMs, end - start);
    if (refused !== undefined) return refused;
    if (!this.#sides.hasTarget(side)) return this.#holdFrom(datagram);
    this.forward(side, this.#sides.words, this.#sides.targetAt(side), bytes, start, end, out);
    if (rtp && !this.#sides.hasMedia(side)) this.#firstMedia(datagram, out);
  }

  /**
   * Takes a run of datagrams, each `step` bytes long and the last maybe less, with one look at whose they are: a picture comes so. What
   * follows is as if each had come alone. Returns false, with nothing done, where they have to: one of them is no data, the side may not
   * send so much, or its other side is not there yet.
   */
  takeRun(run: Datagram, step: number, out: EngineOutput): boolean {
    const { bytes, start, end } = run;
    for (let at = start; at < end; at += step) if (!isData(bytes[at] ?? 0)) return false;
    const side = this.#flows.sideOf(run.path, run.pathAt);
    if (side < 0 || !this.#sides.hasTarget(side) || !this.#ledger.isAlive(side >> 1)) return false;
    const packets = Math.ceil((end - start) / step);
    if (!this.#accounts.chargeRun(side, this.nowMs, end - start, packets)) return false;
    this.#accounts.received(side, end - start, packets);
    let media = false;
    for (let at = start; at < end; at += step) {
      if (!isRtp(bytes, at, Math.min(at + step, end))) continue;
      this.#rtp(side, bytes, at);
      media = true;
    }
    this.#accounts.forwarded(side, end - start, packets);
    out.transmit(this.#sides.words, this.#sides.targetAt(side), bytes, start, end, step);
    if (media && !this.#sides.hasMedia(side)) this.#firstMedia(run, out);
    return true;
  }

  /** Keeps a copy for a side that has no address yet. Returns why something was dropped, if it was. */
  hold(leg: Leg, bytes: Buffer): DropReason | undefined {
    const before = leg.held.size;
    const dropped = leg.held.hold(this.nowMs, bytes);
    this.#accounts.count(cell.held, leg.held.size - before);
    return dropped;
  }

  /** Sends what came from a side to the path whose words begin at `to[toAt]`. */
  forward(
    side: number,
    to: Uint32Array,
    toAt: number,
    bytes: Buffer,
    start: number,
    end: number,
    out: EngineOutput,
  ): void {
    this.#accounts.forwarded(side, end - start);
    out.transmit(to, toAt, bytes, start, end, end - start);
  }

  #rtp(side: number, bytes: Buffer, at: number): void {
    this.#accounts.rtp(side, this.nowMs, ssrcOf(bytes, at), sequenceNumberOf(bytes, at), timestampOf(bytes, at));
  }

  #holdFrom({ path, pathAt, bytes, start, end }: Datagram): DropReason | undefined {
    const leg = this.#flows.find(path, pathAt)?.leg;
    return leg === undefined ? 'unlatched' : this.hold(leg.other, bytes.subarray(start, end));
  }

  #firstMedia({ path, pathAt }: Datagram, out: EngineOutput): void {
    const leg = this.#flows.find(path, pathAt)?.leg;
    if (leg === undefined) return;
    const { wire, side, number } = leg;
    this.#sides.setHasMedia(number);
    this.#accounts.sideMedia(number, this.nowMs);
    if (!this.#sides.hasMedia(leg.other.number)) this.#accounts.firstMedia(wire, this.nowMs);
    out.event({ kind: 'media', wire, side });
  }
}

function isData(firstByte: number): boolean {
  const kind = classify(firstByte);
  return kind === 'media' || kind === 'dtls';
}
