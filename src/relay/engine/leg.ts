import { type EndReason, limits } from '../../base/index.ts';
import type { Side } from '../index.ts';
import type { Path } from '../wire/path.ts';
import type { Due } from './deadlines.ts';
import { HeldDatagrams } from './held.ts';
import type { RateBounds } from './policer.ts';
import type { SideMemory } from './side-memory.ts';
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
  /** Its place in tables of all sides: twice that of its wire, and its index. */
  readonly number: number;
  readonly wire: SealedWire;
  readonly held = new HeldDatagrams();
  latchCount = 0;
  /** When a valid check or answer last came from this side. */
  heardAtMs: number;
  /** What its checks may look like: the newest, and the one before until a check with the newest has come. */
  credentials: CheckCredentials[] = [];
  readonly #sides: SideMemory;
  /** In the order in which they were heard, the latest last. */
  #latches: Latch[] = [];
  #chosen: Latch | undefined;

  constructor(wire: SealedWire, side: Side, nowMs: number, sides: SideMemory) {
    this.wire = wire;
    this.side = side;
    this.index = side === 'viewer' ? 0 : 1;
    this.number = 2 * wire.number + this.index;
    this.heardAtMs = nowMs;
    this.#sides = sides;
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

  /** A valid check or answer came from `latch`, which is one of this side's, by a path that is its own from now on. */
  hear(nowMs: number, latch: Latch, path = latch.path): void {
    latch.path = path;
    latch.heardAtMs = nowMs;
    this.heardAtMs = nowMs;
    this.#latches.splice(this.#latches.indexOf(latch), 1);
    this.#latches.push(latch);
    this.#aim();
  }

  /** Takes a new address; returns the one that leaves for it, when there are `limits.addressesPerSideMax` already. */
  admit(nowMs: number, latch: Latch): Latch | undefined {
    const full = this.#latches.length >= limits.addressesPerSideMax;
    const leaving = full ? this.#latches.find((other) => other !== this.#chosen) : undefined;
    if (leaving !== undefined) this.release(leaving);
    this.#latches.push(latch);
    this.heardAtMs = nowMs;
    this.latchCount++;
    this.#aim();
    return leaving;
  }

  release(latch: Latch): void {
    latch.leg = undefined;
    this.#latches = this.#latches.filter((other) => other !== latch);
    if (this.#chosen === latch) this.#chosen = undefined;
    this.#aim();
  }

  choose(latch: Latch): void {
    this.#chosen = latch;
    this.#aim();
  }

  hasChosen(latch: Latch): boolean {
    return this.#chosen === latch;
  }

  /** Has the other side's media go to the address that is this side's now, whenever that may be another. */
  #aim(): void {
    this.#sides.aim(this.other.number, this.current?.path);
  }
}

/** What one side may send, and what both may together. */
export interface WireRates {
  readonly side: RateBounds;
  readonly session: RateBounds;
}

/** The two legs of one session, and what they share. */
export class SealedWire implements Due {
  /** Its place in the ledger and in every table. */
  readonly number: number;
  readonly viewer: Leg;
  readonly camera: Leg;
  readonly transactions = new Transactions();
  expiresAtMs: number;
  generation = 0;
  ended = false;
  /** When both sides had latched; 0 before. */
  joinedAtMs = 0;
  dueAtMs = 0;
  dueIndex = -1;

  /** `sides` has a place for the wire's number. */
  constructor(number: number, nowMs: number, expiresAtMs: number, sides: SideMemory) {
    this.number = number;
    this.expiresAtMs = expiresAtMs;
    this.viewer = new Leg(this, 'viewer', nowMs, sides);
    this.camera = new Leg(this, 'camera', nowMs, sides);
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
