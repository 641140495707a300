import { type EndReason, LatchkeyError, limits } from '../../base/index.ts';
import type { IceCredentials, Side, SideStats, WireStats } from '../index.ts';
import { classify } from '../wire/demultiplex.ts';
import type { AddressKey, UdpAddress } from '../wire/ip-address.ts';
import { isRtp, sequenceNumberOf, ssrcOf } from '../wire/rtp.ts';
import { bindingMethod, claimsIntegrity, parseStun, type StunMessage, verifyIntegrity } from '../wire/stun.ts';
import { type EngineCounters, type EngineSizes, newCounters } from './counters.ts';
import { Deadlines } from './deadlines.ts';
import type { DropReason } from './drops.ts';
import { type Latch, type Leg, SealedWire } from './leg.ts';
import { type CheckCredentials, checkCredentials, demandUsable, Usernames } from './usernames.ts';

/** One wire, for whoever opened it. */
export type EngineWire = object & { readonly ended: boolean };

export type EngineEvent =
  | { readonly kind: 'latched' | 'media'; readonly wire: EngineWire; readonly side: Side }
  | { readonly kind: 'moved'; readonly from: EngineWire; readonly to: EngineWire }
  | { readonly kind: 'ended'; readonly wire: EngineWire; readonly reason: EndReason };

/** Takes what comes out of one input. It must not call the engine: act on events when the input is over. */
export interface EngineOutput {
  /** `bytes` are the very ones that came in wherever they are passed on at once. */
  transmit(to: UdpAddress, bytes: Buffer): void;
  event(event: EngineEvent): void;
}

/**
 * The sealed wire as a state machine: no socket, no clock, no timer, no random source. Each input comes with `nowMs`,
 * milliseconds since the epoch, and puts all that follows from it into `out` before it returns.
 *
 * The one invariant: **a datagram goes only to an address that is latched by the other side of the same live wire.**
 * An address is latched by a STUN binding request whose integrity proves the receiver's password, and by nothing else;
 * it is latched by one side of one wire at a time.
 */
export class Engine {
  readonly counters: EngineCounters = newCounters();
  readonly #isOwn: (key: AddressKey) => boolean;
  readonly #wires = new Set<SealedWire>();
  readonly #latches = new Map<AddressKey, Latch>();
  readonly #usernames = new Usernames();
  readonly #deadlines = new Deadlines<SealedWire>();

  /** `isOwn` knows the relay's own addresses: they are never latched, or two of them could send to each other for ever. */
  constructor(isOwn: (key: AddressKey) => boolean) {
    this.#isOwn = isOwn;
  }

  /** Sizes of all tables. */
  get sizes(): EngineSizes {
    let transactions = 0;
    let held = 0;
    let streams = 0;
    for (const { viewer, camera, transactions: open } of this.#wires) {
      transactions += open.size;
      held += viewer.held.size + camera.held.size;
      streams += viewer.streams.size + camera.streams.size;
    }
    return {
      wires: this.#wires.size,
      latches: this.#latches.size,
      usernames: this.#usernames.size,
      deadlines: this.#deadlines.size,
      transactions,
      held,
      streams,
    };
  }

  /** Opens a wire that ends at `expiresAtMs` at the latest. Throws `sdp-no-ice` or `overloaded`. */
  open(nowMs: number, expiresAtMs: number, viewer: IceCredentials, camera: IceCredentials): EngineWire {
    if (this.#wires.size >= limits.sessionsMax) throw new LatchkeyError('overloaded', 'wires');
    const wire = new SealedWire(nowMs, expiresAtMs);
    this.#addCredentials(wire, viewer, camera);
    this.#wires.add(wire);
    this.#deadlines.set(wire, wire.endsAtMs);
    this.counters.wiresOpened++;
    return wire;
  }

  /**
   * Accepts the credentials of an ICE restart (RFC 8445 section 9). A side's old ones hold until its first valid check with the
   * new ones. Both sides count as heard, since their signaling was. Throws `sdp-no-ice` or `overloaded`.
   */
  restart(nowMs: number, handle: EngineWire, viewer: IceCredentials, camera: IceCredentials): void {
    const wire = this.#demand(handle);
    this.#addCredentials(wire, viewer, camera);
    wire.viewer.heardAtMs = nowMs;
    wire.camera.heardAtMs = nowMs;
  }

  /** Lets a wire live until another time. */
  extend(handle: EngineWire, expiresAtMs: number): void {
    const wire = this.#demand(handle);
    wire.expiresAtMs = expiresAtMs;
    this.#deadlines.set(wire, wire.endsAtMs);
  }

  /** Ends a wire and forgets all about it, without an event. */
  end(handle: EngineWire): void {
    this.#forget(this.#demand(handle));
  }

  stats(handle: EngineWire): WireStats {
    if (!(handle instanceof SealedWire)) throw new TypeError('That is no wire of an engine.');
    return { viewer: statsOf(handle.viewer), camera: statsOf(handle.camera) };
  }

  /** When `timeout` has to be called at the latest, in milliseconds since the epoch; infinity when there is no need. */
  nextDeadline(): number {
    return this.#deadlines.first()?.dueAtMs ?? Number.POSITIVE_INFINITY;
  }

  /** Ends the wires whose time is over. Calling it early or late does no harm. */
  timeout(nowMs: number, out: EngineOutput): void {
    for (let wire = this.#deadlines.first(); wire !== undefined; wire = this.#deadlines.first()) {
      if (wire.dueAtMs > nowMs) return;
      if (wire.endsAtMs > nowMs) {
        this.#deadlines.set(wire, wire.endsAtMs);
      } else {
        const reason = endReasonOf(wire, nowMs);
        this.#forget(wire);
        out.event({ kind: 'ended', wire, reason });
      }
    }
  }

  /**
   * Takes one datagram. Whatever it is and wherever it comes from, this does not throw. Returns why a datagram was
   * dropped, this one or one that was held; it is counted already.
   */
  datagram(nowMs: number, source: UdpAddress, bytes: Buffer, out: EngineOutput): DropReason | undefined {
    this.timeout(nowMs, out);
    const dropped = this.#take(nowMs, source, bytes, out);
    if (dropped !== undefined) this.counters.drops[dropped]++;
    return dropped;
  }

  #take(nowMs: number, source: UdpAddress, bytes: Buffer, out: EngineOutput): DropReason | undefined {
    const first = bytes[0];
    if (first === undefined) return 'empty';
    const kind = classify(first);
    switch (kind) {
      case 'media':
      case 'dtls':
        return this.#data(nowMs, source, bytes, out);
      case 'stun':
        return this.#stun(nowMs, source, bytes, out);
      default:
        return `class-${kind}`;
    }
  }

  #data(nowMs: number, source: UdpAddress, bytes: Buffer, out: EngineOutput): DropReason | undefined {
    const leg = this.#latches.get(source.key)?.leg;
    if (leg === undefined) return 'unlatched';
    this.#received(leg, bytes);
    const rtp = isRtp(bytes);
    if (rtp) leg.streams.packet(ssrcOf(bytes), sequenceNumberOf(bytes));
    const target = leg.other.current;
    if (target === undefined) return leg.other.held.hold(nowMs, bytes);
    this.#forward(leg, target, bytes, out);
    if (rtp && !leg.hasMedia) {
      leg.hasMedia = true;
      out.event({ kind: 'media', wire: leg.wire, side: leg.side });
    }
  }

  #stun(nowMs: number, source: UdpAddress, bytes: Buffer, out: EngineOutput): DropReason | undefined {
    const message = parseStun(bytes);
    if (message === 'fingerprint') return 'stun-fingerprint';
    if (typeof message === 'string') return 'stun-malformed';
    if (message.method !== bindingMethod) return 'stun-method';
    switch (message.class) {
      case 'request':
        return this.#request(nowMs, source, bytes, message, out);
      case 'indication':
        return this.#data(nowMs, source, bytes, out);
      case 'success':
      case 'error':
        return this.#response(nowMs, source, bytes, message, out);
    }
  }

  /** A check: proves whose the address is, and goes on to the other side as it is. */
  #request(
    nowMs: number,
    source: UdpAddress,
    bytes: Buffer,
    message: StunMessage,
    out: EngineOutput,
  ): DropReason | undefined {
    if (message.username === undefined) return 'username-missing';
    const candidates = this.#usernames.candidates(message.username);
    if (candidates.length === 0) return 'username-unknown';
    const credentials = candidates.find(({ key }) => verifyIntegrity(bytes, message, key));
    if (credentials === undefined) return 'integrity';
    if (this.#isOwn(source.key)) return 'own-address';
    const { leg } = credentials;
    const { wire, other } = leg;
    const known = wire.transactions.get(nowMs, other.side, message.transaction);
    if (known !== undefined && known.asker.to.key !== source.key) return 'replayed';

    const latch = this.#latch(nowMs, leg, source, out);
    this.#received(leg, bytes);
    this.#retireOlder(credentials);
    if (message.useCandidate) leg.choose(latch);
    this.#flush(nowMs, leg, latch, out);
    wire.transactions.set(nowMs, other.side, message.transaction, {
      asker: latch,
      key: credentials.key,
      nominates: message.useCandidate,
      answered: known?.answered ?? false,
      atMs: nowMs,
    });
    if (other.current === undefined) return other.held.hold(nowMs, bytes);
    other.forEachAsked(nowMs, (asked) => this.#forward(leg, asked, bytes, out));
  }

  /** The answer to a check: goes back to the very address that asked, and is believed for who made it. */
  #response(
    nowMs: number,
    source: UdpAddress,
    bytes: Buffer,
    message: StunMessage,
    out: EngineOutput,
  ): DropReason | undefined {
    const latch = this.#latches.get(source.key);
    if (latch?.leg === undefined) return 'unlatched';
    const { leg } = latch;
    this.#received(leg, bytes);
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
    this.#forward(leg, asker, bytes, out);
  }

  /** The latch of `source` for `leg`, taken from whoever had it: an address belongs to one side of one wire. */
  #latch(nowMs: number, leg: Leg, source: UdpAddress, out: EngineOutput): Latch {
    const known = this.#latches.get(source.key);
    if (known?.leg === leg) {
      leg.hear(nowMs, known);
      return known;
    }
    if (known?.leg !== undefined) {
      out.event({ kind: 'moved', from: known.leg.wire, to: leg.wire });
      known.leg.release(known);
      this.counters.moves++;
    }
    const latch: Latch = { to: source, leg, heardAtMs: nowMs };
    const leaving = leg.admit(nowMs, latch);
    if (leaving !== undefined) this.#latches.delete(leaving.to.key);
    this.#latches.set(source.key, latch);
    this.counters.latches[leg.side]++;
    if (leg.stats.latches === 1) out.event({ kind: 'latched', wire: leg.wire, side: leg.side });
    return latch;
  }

  /** A side that has used its newest credentials has no use for those before. */
  #retireOlder({ leg, generation }: CheckCredentials): void {
    for (const older of leg.credentials.filter((entry) => entry.generation < generation)) {
      this.#usernames.delete(older);
      leg.credentials = leg.credentials.slice(1);
    }
  }

  #addCredentials(wire: SealedWire, viewer: IceCredentials, camera: IceCredentials): void {
    demandUsable(viewer);
    demandUsable(camera);
    const generation = wire.generation + 1;
    const ofViewer = checkCredentials(wire.viewer, viewer, camera, generation);
    const ofCamera = checkCredentials(wire.camera, camera, viewer, generation);
    this.#usernames.add([ofViewer, ofCamera]);
    wire.generation = generation;
    for (const entry of [ofViewer, ofCamera]) {
      const { leg } = entry;
      for (const unused of leg.credentials.slice(1)) this.#usernames.delete(unused);
      leg.credentials = [...leg.credentials.slice(0, 1), entry];
    }
  }

  #flush(nowMs: number, leg: Leg, latch: Latch, out: EngineOutput): void {
    const late = leg.held.flush(nowMs, (held) => this.#forward(leg.other, latch, held, out));
    this.counters.drops['held-too-long'] += late;
  }

  #received(leg: Leg, bytes: Buffer): void {
    leg.stats.packets++;
    leg.stats.bytes += bytes.length;
    const total = this.counters.received[leg.side];
    total.packets++;
    total.bytes += bytes.length;
  }

  #forward(from: Leg, to: Latch, bytes: Buffer, out: EngineOutput): void {
    const total = this.counters.forwarded[from.side];
    total.packets++;
    total.bytes += bytes.length;
    out.transmit(to.to, bytes);
  }

  #demand(handle: EngineWire): SealedWire {
    if (!(handle instanceof SealedWire) || !this.#wires.has(handle)) throw new TypeError('That wire is not open here.');
    return handle;
  }

  #forget(wire: SealedWire): void {
    wire.ended = true;
    this.#wires.delete(wire);
    this.#deadlines.delete(wire);
    wire.transactions.clear();
    for (const leg of [wire.viewer, wire.camera]) {
      for (const entry of leg.credentials) this.#usernames.delete(entry);
      for (const latch of leg.latches) {
        this.#latches.delete(latch.to.key);
        leg.release(latch);
      }
      leg.credentials = [];
      leg.held.clear();
      leg.streams.clear();
    }
    this.counters.wiresEnded++;
  }
}

function statsOf(leg: Leg): SideStats {
  return { ...leg.stats, lost: leg.streams.lost };
}

function endReasonOf(wire: SealedWire, nowMs: number): EndReason {
  if (wire.expiresAtMs <= nowMs) return 'expired';
  return wire.viewer.stats.latches > 0 && wire.camera.stats.latches > 0 ? 'media-silent' : 'setup-failed';
}
