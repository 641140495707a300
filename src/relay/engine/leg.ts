import { limits } from '../../base/index.ts';
import type { Side } from '../index.ts';
import type { UdpAddress } from '../wire/ip-address.ts';
import type { Due } from './deadlines.ts';
import { HeldDatagrams } from './held.ts';
import { RtpStreams } from './rtp-streams.ts';
import { Transactions } from './transactions.ts';
import type { CheckCredentials } from './usernames.ts';

/** An address that belongs to one side of one wire, from a valid check on until it leaves. */
export interface Latch {
  readonly to: UdpAddress;
  /** Undefined once the address has left the side: it moved, was displaced, or the wire ended. */
  leg: Leg | undefined;
  /** When a valid check or answer last came from here. */
  heardAtMs: number;
}

/** One side of a wire: its addresses, and what waits for them. */
export class Leg {
  readonly side: Side;
  readonly wire: SealedWire;
  readonly held = new HeldDatagrams();
  readonly streams = new RtpStreams();
  readonly stats = { packets: 0, bytes: 0, latches: 0 };
  /** When a valid check or answer last came from this side. */
  heardAtMs: number;
  /** What its checks may look like: the newest, and the one before until a check with the newest has come. */
  credentials: CheckCredentials[] = [];
  hasMedia = false;
  /** In the order in which they were heard, the latest last. */
  #latches: Latch[] = [];
  #chosen: Latch | undefined;

  constructor(wire: SealedWire, side: Side, nowMs: number) {
    this.wire = wire;
    this.side = side;
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
    this.stats.latches++;
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
}

/** The two legs of one session, and what they share. */
export class SealedWire implements Due {
  readonly viewer: Leg;
  readonly camera: Leg;
  readonly transactions = new Transactions();
  expiresAtMs: number;
  generation = 0;
  ended = false;
  dueAtMs = 0;
  dueIndex = -1;

  constructor(nowMs: number, expiresAtMs: number) {
    this.expiresAtMs = expiresAtMs;
    this.viewer = new Leg(this, 'viewer', nowMs);
    this.camera = new Leg(this, 'camera', nowMs);
  }

  /** When the wire ends by itself if nothing more is heard, in milliseconds since the epoch. */
  get endsAtMs(): number {
    const silentAtMs = Math.min(this.viewer.heardAtMs, this.camera.heardAtMs) + limits.sideSilentMsMax;
    return Math.min(this.expiresAtMs, silentAtMs);
  }
}
