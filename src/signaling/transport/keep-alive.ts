import { type Clock, isOver, limits, type Timer } from '../../base/index.ts';

/** A peer that can be asked whether it is there, and given up. */
export interface KeptAlive {
  ping(): void;
  silent(): void;
}

/** Sweeps in a period: a peer is pinged and given up at most this share of the period late. */
const sweepsPerPeriod = 4;
/** What is heard of a peer again within such a share of the period changes nothing: it is pinged, and given up, at most that much too early. */
const hearingsPerPeriod = 16;

/**
 * Pings peers that were silent for `keepAliveMs`, and gives up those that say nothing for as long again. Where this process stood still, or the clock
 * was set, those that were pinged get that time anew: what they have answered may not be read yet. One timer serves all; what was heard longest
 * ago stands first, so that a sweep looks at the due ones alone. A fleet that came at once is due at once: a sweep takes
 * a bounded number, and the rest a moment later, so that the event loop is not held up.
 */
export class KeepAlive<Peer extends KeptAlive> {
  readonly #clock: Clock;
  readonly #keepAliveMs: number;
  readonly #heardMs = new Map<Peer, number>();
  readonly #pingedMs = new Map<Peer, number>();
  #timer: Timer | undefined;

  constructor(clock: Clock, keepAliveMs: number) {
    this.#clock = clock;
    this.#keepAliveMs = keepAliveMs;
    this.#arm();
  }

  /** The peer gave a sign of life, its first one included. */
  heard(peer: Peer): void {
    const nowMs = this.#clock.now();
    const heardMs = this.#heardMs.get(peer);
    if (heardMs === undefined) this.#pingedMs.delete(peer);
    else if (Math.abs(nowMs - heardMs) < this.#keepAliveMs / hearingsPerPeriod) return;
    else this.#heardMs.delete(peer);
    this.#heardMs.set(peer, nowMs);
  }

  /** All that gave a sign of life and are neither forgotten nor given up. */
  *peers(): Generator<Peer> {
    yield* this.#heardMs.keys();
    yield* this.#pingedMs.keys();
  }

  forget(peer: Peer): void {
    this.#heardMs.delete(peer);
    this.#pingedMs.delete(peer);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #arm(delayMs = this.#keepAliveMs / sweepsPerPeriod): void {
    const dueMs = this.#clock.now() + delayMs;
    this.#timer = this.#clock.after(delayMs, () => {
      if (Math.abs(this.#clock.now() - dueMs) > this.#keepAliveMs / 2) this.#dateAnew();
      if (this.#sweep()) this.#arm();
      else this.#arm(Math.min(limits.keepAliveRestMs, this.#keepAliveMs / sweepsPerPeriod));
    });
  }

  #dateAnew(): void {
    const nowMs = this.#clock.now();
    for (const peer of this.#pingedMs.keys()) this.#pingedMs.set(peer, nowMs);
  }

  /** Whether all that were due had their turn. */
  #sweep(): boolean {
    const nowMs = this.#clock.now();
    let rest: number = limits.keepAlivePeersPerSweepMax;
    for (const [peer, heardMs] of this.#heardMs) {
      if (!isOver(nowMs, heardMs, this.#keepAliveMs)) break;
      if (rest-- === 0) return false;
      this.#heardMs.delete(peer);
      this.#pingedMs.set(peer, nowMs);
      peer.ping();
    }
    for (const [peer, pingedMs] of this.#pingedMs) {
      if (nowMs - pingedMs < this.#keepAliveMs) break;
      if (rest-- === 0) return false;
      this.#pingedMs.delete(peer);
      peer.silent();
    }
    return true;
  }
}
