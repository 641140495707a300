import { type EndReason, LatchkeyError, limits } from '../../base/index.ts';
import type { IceCredentials, Side } from '../index.ts';
import { classify } from '../wire/demultiplex.ts';
import { copyOfPath, type Datagram, isConnection, type Path, sameRemote } from '../wire/path.ts';
import { bindingMethod, claimsIntegrity, parseStun, type StunMessage, verifyIntegrity } from '../wire/stun.ts';
import { Accounts } from './accounts.ts';
import { cell, type EngineCells } from './counters.ts';
import { DataRoad } from './data-road.ts';
import { Deadlines } from './deadlines.ts';
import { classDrop, type DropReason } from './drops.ts';
import { FlowTable } from './flow-table.ts';
import type { Ledger } from './ledger.ts';
import { type Latch, type Leg, SealedWire, type WireRates } from './leg.ts';
import { anywhere, type NewMemory } from './new-memory.ts';
import { RtpStreams } from './rtp-streams.ts';
import { SideMemory } from './side-memory.ts';
import { Usernames } from './usernames.ts';

/** One wire, for whoever opened it. */
export type EngineWire = object & { readonly number: number; readonly ended: boolean };

export type EngineEvent =
  | { readonly kind: 'latched' | 'media'; readonly wire: EngineWire; readonly side: Side }
  | { readonly kind: 'moved'; readonly from: EngineWire; readonly to: EngineWire }
  /** A TCP connection became a side’s, or is no side’s any more. */
  | { readonly kind: 'connected' | 'disconnected'; readonly path: Path }
  | { readonly kind: 'ended'; readonly wire: EngineWire; readonly reason: EndReason };

/** Takes what comes out of one input. It must not call the engine: act on events when the input is over. */
export interface EngineOutput {
  /**
   * Datagrams of `step` bytes each, the last one of what is left, lie from `start` to `end`: most often it is one. The bytes are the very
   * ones that came in wherever they are passed on at once. The path's words begin at `to[toAt]`, and hold until this returns.
   */
  transmit(to: Uint32Array, toAt: number, bytes: Buffer, start: number, end: number, step: number): void;
  event(event: EngineEvent): void;
}

export interface EngineSettings {
  /** Knows the relay's own addresses: they are never latched, or two of them could send to each other for ever. */
  isOwn(path: Uint32Array, at: number): boolean;
  /** A secret of 32 bits for the table of addresses. */
  readonly hashSeed: number;
  readonly rates: WireRates;
  readonly ledger: Ledger;
  readonly cells: EngineCells;
  /** Where its tables lie. Undefined: anywhere. */
  readonly newMemory?: NewMemory | undefined;
}

/**
 * The sealed wire as a state machine: no socket, no clock, no timer, no random source. `advance` tells it the time, in
 * milliseconds since the epoch, and each input puts all that follows from it into `out` before it returns.
 *
 * The one invariant: **a datagram goes only to an address that is latched by the other side of the same live wire.**
 * An address is latched by a STUN binding request whose integrity proves the receiver's password, and by nothing else;
 * it is latched by one side of one wire at a time.
 *
 * What is no check goes by the road of data, which allocates nothing.
 */
export class Engine {
  readonly #settings: EngineSettings;
  readonly #accounts: Accounts;
  readonly #wires = new Set<SealedWire>();
  readonly #flows: FlowTable;
  readonly #usernames = new Usernames();
  readonly #deadlines = new Deadlines<SealedWire>();
  readonly #sides: SideMemory;
  readonly #road: DataRoad;

  /** It has room for as many wires as the ledger has. */
  constructor(settings: EngineSettings) {
    const { cells, ledger, rates, newMemory = anywhere } = settings;
    this.#settings = settings;
    this.#sides = new SideMemory(ledger.wires, newMemory);
    const streams = new RtpStreams(2 * ledger.wires, this.#sides, newMemory);
    this.#accounts = new Accounts(cells, ledger, this.#sides, streams, rates);
    this.#flows = new FlowTable(settings.hashSeed, newMemory);
    this.#road = new DataRoad(this.#flows, ledger, this.#sides, this.#accounts);
  }

  /**
   * Opens a wire that ends at `expiresAtMs` at the latest. `number` is its place in the ledger, where it lives already, and no
   * other open wire's. Throws `sdp-no-ice` or `overloaded`.
   */
  open(number: number, expiresAtMs: number, viewer: IceCredentials, camera: IceCredentials): EngineWire {
    if (this.#wires.size >= limits.wiresPerWorkerMax) throw new LatchkeyError('overloaded', 'wires');
    const wire = new SealedWire(number, this.#nowMs, expiresAtMs, this.#sides);
    this.#usernames.renew(wire, viewer, camera);
    this.#accounts.open(number, this.#nowMs);
    this.#wires.add(wire);
    this.#deadlines.set(wire, wire.endsAtMs);
    this.#accounts.count(cell.wiresOpened);
    this.#keepSizes();
    return wire;
  }

  /**
   * Accepts the credentials of an ICE restart (RFC 8445 section 9). A side's old ones hold until its first valid check with the
   * new ones. Both sides count as heard, since their signaling was. Throws `sdp-no-ice` or `overloaded`.
   */
  restart(handle: EngineWire, viewer: IceCredentials, camera: IceCredentials): void {
    const wire = this.#demand(handle);
    this.#usernames.renew(wire, viewer, camera);
    wire.viewer.heardAtMs = this.#nowMs;
    wire.camera.heardAtMs = this.#nowMs;
    this.#keepSizes();
  }

  /** Polices by other rates from here on. */
  useRates(rates: WireRates): void {
    this.#accounts.useRates(rates);
  }

  /** Lets a wire live until another time. */
  extend(handle: EngineWire, expiresAtMs: number): void {
    const wire = this.#demand(handle);
    wire.expiresAtMs = expiresAtMs;
    this.#deadlines.set(wire, wire.endsAtMs);
  }

  /** Ends a wire and forgets all about it but its figures in the ledger. Its addresses leave as events. */
  end(handle: EngineWire, out: EngineOutput): void {
    this.#forget(this.#demand(handle), out);
  }

  /** A path is no more, as the connection that it was has closed: whoever had it latched has it no longer. */
  disconnect(path: Path, out: EngineOutput): void {
    const latch = this.#flows.find(path, 0);
    if (latch === undefined) return;
    latch.leg?.release(latch);
    this.#leave(latch, out);
  }

  /** When `advance` has to be called at the latest, in milliseconds since the epoch; infinity when there is no need. */
  nextDeadline(): number {
    return this.#deadlines.first()?.dueAtMs ?? Number.POSITIVE_INFINITY;
  }

  /** Sets the time for all that follows, and ends the wires whose time is over. Going back in time does no harm. */
  advance(nowMs: number, out: EngineOutput): void {
    this.#road.nowMs = nowMs;
    for (let wire = this.#deadlines.first(); wire !== undefined; wire = this.#deadlines.first()) {
      if (wire.dueAtMs > nowMs) return;
      if (wire.endsAtMs > nowMs) {
        this.#deadlines.set(wire, wire.endsAtMs);
      } else {
        const reason = wire.endReasonAt(nowMs);
        this.#forget(wire, out);
        out.event({ kind: 'ended', wire, reason });
      }
    }
  }

  /** Reads ahead what `datagram` will look at for those places: `count` paths of `step` words, the first at `words[at]`. Nothing else follows. */
  foresee(words: Uint32Array, at: number, step: number, count: number): void {
    this.#road.foresee(words, at, step, count);
  }

  /**
   * Takes one datagram. Whatever it is and wherever it comes from, this does not throw. Returns why a datagram was
   * dropped, this one or one that was held; it is counted already.
   */
  datagram(datagram: Datagram, out: EngineOutput): DropReason | undefined {
    const dropped = this.#take(datagram, out);
    if (dropped !== undefined) this.#accounts.dropped(dropped);
    return dropped;
  }

  /**
   * Takes datagrams of one length that lie one behind the other, each `step` bytes long and the last maybe less, as the kernel joins them.
   * Each is taken as `datagram` takes it. The object is used to say where each of them lies.
   */
  run(run: Datagram, step: number, out: EngineOutput): void {
    const { start, end } = run;
    if (end - start > step && this.#road.takeRun(run, step, out)) return;
    do {
      run.end = Math.min(run.start + step, end);
      this.datagram(run, out);
      run.start = run.end;
    } while (run.start < end);
    run.start = start;
  }

  get #nowMs(): number {
    return this.#road.nowMs;
  }

  #take(datagram: Datagram, out: EngineOutput): DropReason | undefined {
    if (datagram.start >= datagram.end) return 'empty';
    const kind = classify(datagram.bytes[datagram.start] ?? 0);
    switch (kind) {
      case 'media':
      case 'dtls':
        return this.#road.take(datagram, out);
      case 'stun':
        return this.#stun(datagram, out);
      default:
        return classDrop[kind];
    }
  }

  #stun(datagram: Datagram, out: EngineOutput): DropReason | undefined {
    const bytes = datagram.bytes.subarray(datagram.start, datagram.end);
    const leg = this.#flows.find(datagram.path, datagram.pathAt)?.leg;
    if (leg !== undefined) {
      if (!this.#isAlive(leg.wire)) return 'ended';
      // A side that sends too much is stopped here, before its checks cost a digest each.
      const refused = this.#charge(leg, bytes);
      if (refused !== undefined) return refused;
    }
    const message = parseStun(bytes);
    if (message === 'fingerprint') return 'stun-fingerprint';
    if (typeof message === 'string') return 'stun-malformed';
    if (message.method !== bindingMethod) return 'stun-method';
    switch (message.class) {
      case 'request':
        return this.#request(datagram, bytes, message, out);
      case 'indication':
        return leg === undefined ? 'unlatched' : this.#indication(leg, bytes, out);
      case 'success':
      case 'error':
        return this.#response(datagram, bytes, message, out);
    }
  }

  /** Charges STUN to a side. Returns why it goes no further, if the side sends too much; it has come all the same. */
  #charge(leg: Leg, bytes: Buffer): DropReason | undefined {
    const refused = this.#accounts.police(leg.number, this.#nowMs, bytes.length);
    if (refused !== undefined) this.#accounts.received(leg.number, bytes.length);
    return refused;
  }

  /** Keeps a path open (RFC 8445 section 11), and goes on to the other side's address as data does. */
  #indication(leg: Leg, bytes: Buffer, out: EngineOutput): DropReason | undefined {
    this.#accounts.received(leg.number, bytes.length);
    const target = leg.other.current;
    if (target === undefined) return this.#road.hold(leg.other, bytes);
    this.#road.forward(leg.number, target.path, 0, bytes, 0, bytes.length, out);
  }

  /** A check: proves whose the address is, and goes on to the other side as it is. */
  #request(
    { path: words, pathAt }: Datagram,
    bytes: Buffer,
    message: StunMessage,
    out: EngineOutput,
  ): DropReason | undefined {
    if (message.username === undefined) return 'username-missing';
    const candidates = this.#usernames.candidates(message.username);
    if (candidates.length === 0) return 'username-unknown';
    const credentials = candidates.find(({ key }) => verifyIntegrity(bytes, message, key));
    if (credentials === undefined) return 'integrity';
    if (this.#settings.isOwn(words, pathAt)) return 'own-address';
    const { leg } = credentials;
    const { wire, other } = leg;
    if (!this.#isAlive(wire)) return 'ended';
    // From an address that is not this side's yet it was not charged to it.
    const refused = this.#flows.find(words, pathAt)?.leg === leg ? undefined : this.#charge(leg, bytes);
    if (refused !== undefined) return refused;
    const nowMs = this.#nowMs;
    const open = wire.transactions.get(nowMs, other.side, message.transaction);
    // Seen before: a copy proves no address but the one that the first came from, and that only while its side still has it.
    if (open !== undefined && !(open.asker.leg === leg && sameRemote(words, pathAt, open.asker.path)))
      return 'replayed';

    const source = copyOfPath(words, pathAt);
    const latch = this.#latch(leg, source, message.useCandidate, out);
    this.#accounts.received(leg.number, bytes.length);
    this.#usernames.retireOlder(credentials);
    this.#accounts.set(cell.usernames, this.#usernames.size);
    if (message.useCandidate) leg.choose(latch);
    this.#flush(leg, latch, out);
    const before = wire.transactions.size;
    wire.transactions.set(nowMs, other.side, message.transaction, {
      asker: latch,
      askedFrom: source,
      key: credentials.key,
      nominates: message.useCandidate,
      answered: open?.answered ?? false,
      atMs: nowMs,
    });
    this.#accounts.count(cell.transactions, wire.transactions.size - before);
    this.#accounts.publish(leg.number, nowMs);
    if (other.current === undefined) return this.#road.hold(other, bytes);
    other.forEachAsked(nowMs, (asked) => this.#road.forward(leg.number, asked.path, 0, bytes, 0, bytes.length, out));
  }

  /** The answer to a check: goes back to the very address that asked, and is believed for who made it. */
  #response(
    { path: words, pathAt }: Datagram,
    bytes: Buffer,
    message: StunMessage,
    out: EngineOutput,
  ): DropReason | undefined {
    const latch = this.#flows.find(words, pathAt);
    if (latch?.leg === undefined) return 'unlatched';
    const { leg } = latch;
    this.#accounts.received(leg.number, bytes.length);
    const nowMs = this.#nowMs;
    const transaction = leg.wire.transactions.get(nowMs, leg.side, message.transaction);
    if (transaction === undefined) return 'transaction-unknown';
    const { asker } = transaction;
    if (asker.leg !== leg.other) return 'asker-gone';
    const success = message.class === 'success';
    if (success || claimsIntegrity(message)) {
      if (!verifyIntegrity(bytes, message, transaction.key)) return 'integrity';
      leg.hear(nowMs, latch);
    }
    if (success && !transaction.answered) {
      transaction.answered = true;
      if (transaction.nominates) leg.choose(latch);
    }
    this.#accounts.publish(leg.number, nowMs);
    this.#road.forward(leg.number, transaction.askedFrom, 0, bytes, 0, bytes.length, out);
  }

  /** The latch of `source` for `leg`, taken from whoever had it: an address belongs to one side of one wire. */
  #latch(leg: Leg, source: Path, nominated: boolean, out: EngineOutput): Latch {
    const nowMs = this.#nowMs;
    const known = this.#flows.find(source, 0);
    if (known?.leg === leg) {
      // Which of our addresses the side uses with this one of its own is settled by its nomination.
      leg.hear(nowMs, known, nominated || !leg.hasChosen(known) ? source : known.path);
      return known;
    }
    if (known?.leg !== undefined) {
      const from = known.leg.wire;
      known.leg.release(known);
      this.#accounts.count(cell.moves);
      out.event({ kind: 'moved', from, to: leg.wire });
    }
    const latch: Latch = { path: source, leg, heardAtMs: nowMs };
    const leaving = leg.admit(nowMs, latch);
    if (leaving !== undefined) this.#leave(leaving, out);
    this.#flows.set(latch, leg.number);
    this.#accounts.set(cell.latched, this.#flows.size);
    this.#accounts.latched(leg);
    if (leg.other.latchCount > 0 && leg.wire.joinedAtMs === 0) leg.wire.joinedAtMs = nowMs;
    if (leg.latchCount === 1) out.event({ kind: 'latched', wire: leg.wire, side: leg.side });
    if (isConnection(source)) out.event({ kind: 'connected', path: source });
    return latch;
  }

  #leave({ path }: Latch, out: EngineOutput): void {
    this.#flows.delete(path);
    this.#accounts.set(cell.latched, this.#flows.size);
    if (isConnection(path)) out.event({ kind: 'disconnected', path });
  }

  #flush(leg: Leg, latch: Latch, out: EngineOutput): void {
    this.#accounts.count(cell.held, -leg.held.size);
    const late = leg.held.flush(this.#nowMs, (held) =>
      this.#road.forward(leg.other.number, latch.path, 0, held, 0, held.length, out),
    );
    this.#accounts.dropped('held-too-long', late);
  }

  #isAlive(wire: SealedWire): boolean {
    return this.#settings.ledger.isAlive(wire.number);
  }

  #keepSizes(): void {
    this.#accounts.set(cell.wires, this.#wires.size);
    this.#accounts.set(cell.usernames, this.#usernames.size);
    this.#accounts.set(cell.deadlines, this.#deadlines.size);
  }

  #demand(handle: EngineWire): SealedWire {
    if (!(handle instanceof SealedWire) || !this.#wires.has(handle)) throw new TypeError('That wire is not open here.');
    return handle;
  }

  #forget(wire: SealedWire, out: EngineOutput): void {
    wire.ended = true;
    this.#settings.ledger.kill(wire.number);
    this.#wires.delete(wire);
    this.#deadlines.delete(wire);
    this.#accounts.count(cell.transactions, -wire.transactions.size);
    wire.transactions.clear();
    for (const leg of [wire.viewer, wire.camera]) {
      this.#accounts.publish(leg.number, this.#nowMs);
      this.#usernames.forget(leg);
      for (const latch of leg.latches) {
        this.#leave(latch, out);
        leg.release(latch);
      }
      this.#accounts.count(cell.held, -leg.held.size);
      leg.held.clear();
      this.#accounts.close(leg.number);
    }
    this.#accounts.count(cell.wiresEnded);
    this.#keepSizes();
  }
}
