import { type EndReason, limits } from '../../base/index.ts';
import type { Side } from '../index.ts';
import type { Path } from '../wire/path.ts';
import type { Due } from './deadlines.ts';
import { HeldDatagrams } from './held.ts';
import { Policer, type RateBounds } from './policer.ts';
import { RtpStreams } from './rtp-streams.ts';
import { Transactions } from './transactions.ts';
import type { CheckCredentials } from './usernames.ts';

/** An address that belongs to one side of one wire, from a valid check on until it leaves. */
export interface Latch {
  /** Its remote words never change; its local ones follow the pair of addresses that the side uses. */
  path: Path;
  /** Undefined once the address has left the side: it moved, was displaced, or the wire ended. */
  leg: Leg | undefined;
  /** When a valid check or answer last came from here. */
  heardAtMs: number;
}

/** One side of a wire: its addresses, and what waits for them. */
export class Leg {
  readonly side: Side;
  /** 0 for the viewer's, 1 for the camera's: its place in tables of two. */
  readonly index: number;
  readonly wire: SealedWire;
  readonly held = new HeldDatagrams();
  readonly streams = new RtpStreams();
  readonly policer: Policer;
  latchCount = 0;
  /** When a valid check or answer last came from this side. */
  heardAtMs: number;
  /** What its checks may look like: the newest, and the one before until a check with the newest has come. */
  credentials: CheckCredentials[] = [];
  hasMedia = false;
  /** In the order in which they were heard, the latest last. */
  #latches: Latch[] = [];
  #chosen: Latch | undefined;

  constructor(wire: SealedWire, side: Side, nowMs: number, rates: RateBounds) {
    this.wire = wire;
    this.side = side;
    this.index = side === 'viewer' ? 0 : 1;
    this.policer = new Policer(nowMs, rates);
    this.heardAtMs = nowMs;
  }

  get other(): Leg {
    return this.side === 'viewer' ? this.wire.camera : this.wire.viewer;
  }

  get latches(): readonly Latch[] {
    return this.#latches;
  }

  /** Where this side's media goes: the address that ICE chose; until it has chosen, the one heard last. */
  get current(): Latch | undefined {
    return this.#chosen ?? this.#latches.at(-1);
  }

  /**
   * Calls `ask` with each address that a check for this side goes to. It is the chosen one alone while that is heard.
   * Before a choice, and when the chosen one is silent (its network may be gone), it is every one: the agent's own pairs
   * of IPv4, IPv6, Wi-Fi and mobile all look like one pair from the other side, so only the relay can try them all.
   */
  forEachAsked(nowMs: number, ask: (latch: Latch) => void): void {
    const chosen = this.#chosen;
    if (chosen !== undefined && nowMs - chosen.heardAtMs <= limits.addressQuietMsMax) ask(chosen);
    else for (const latch of this.#latches) ask(latch);
  }

  /** A valid check or answer came from `latch`, which is one of this side's. */
  hear(nowMs: number, latch: Latch): void {
    latch.heardAtMs = nowMs;
    this.heardAtMs = nowMs;
    this.#latches.splice(this.#latches.indexOf(latch), 1);
    this.#latches.push(latch);
  }

  /** Takes a new address; returns the one that leaves for it, when there are `limits.addressesPerSideMax` already. */
  admit(nowMs: number, latch: Latch): Latch | undefined {
    const full = this.#latches.length >= limits.addressesPerSideMax;
    const leaving = full ? this.#latches.find((other) => other !== this.#chosen) : undefined;
    if (leaving !== undefined) this.release(leaving);
    this.#latches.push(latch);
    this.heardAtMs = nowMs;
    this.latchCount++;
    return leaving;
  }

  release(latch: Latch): void {
    latch.leg = undefined;
    this.#latches = this.#latches.filter((other) => other !== latch);
    if (this.#chosen === latch) this.#chosen = undefined;
  }

  choose(latch: Latch): void {
    this.#chosen = latch;
  }

  hasChosen(latch: Latch): boolean {
    return this.#chosen === latch;
  }
}

/** What one side may send, and what both may together. */
export interface WireRates {
  readonly side: RateBounds;
  readonly session: RateBounds;
}

/** The two legs of one session, and what they share. */
export class SealedWire implements Due {
  /** Its place in the ledger. */
  readonly number: number;
  readonly viewer: Leg;
  readonly camera: Leg;
  readonly policer: Policer;
  readonly transactions = new Transactions();
  expiresAtMs: number;
  generation = 0;
  ended = false;
  /** When both sides had latched; 0 before. */
  joinedAtMs = 0;
  hasMedia = false;
  dueAtMs = 0;
  dueIndex = -1;

  constructor(number: number, nowMs: number, expiresAtMs: number, rates: WireRates) {
    this.number = number;
    this.expiresAtMs = expiresAtMs;
    this.viewer = new Leg(this, 'viewer', nowMs, rates.side);
    this.camera = new Leg(this, 'camera', nowMs, rates.side);
    this.policer = new Policer(nowMs, rates.session);
  }

  /** When the wire ends by itself if nothing more is heard, in milliseconds since the epoch. */
  get endsAtMs(): number {
    const silentAtMs = Math.min(this.viewer.heardAtMs, this.camera.heardAtMs) + limits.sideSilentMsMax;
    return Math.min(this.expiresAtMs, silentAtMs);
  }

  /** Why it ends, when it has not been heard any more by then. */
  endReasonAt(nowMs: number): EndReason {
    if (this.expiresAtMs <= nowMs) return 'expired';
    return this.viewer.latchCount > 0 && this.camera.latchCount > 0 ? 'media-silent' : 'setup-failed';
  }
}
