import { type Clock, limits, type Timer } from '../base/index.ts';

/** What is watched: how many packets of media have come so far, and what is done where no more do. */
export interface Watched {
  packets(): number;
  idle(): void;
}

/**
 * Ends what brings no media for `idleMsMax` milliseconds. It looks at one figure of each every `limits.idleLookMs`, or thirty times in that
 * span where this is longer, and so is late by that much at most; a packet costs nothing.
 */
export class IdleWatch {
  readonly #clock: Clock;
  readonly #idleMsMax: number;
  readonly #lookMs: number;
  readonly #watched = new Map<Watched, { packets: number; sinceMs: number }>();
  #timer: Timer | undefined;

  constructor(clock: Clock, idleMsMax: number) {
    this.#clock = clock;
    this.#idleMsMax = idleMsMax;
    this.#lookMs = Math.max(limits.idleLookMs, idleMsMax / 30);
  }

  add(watched: Watched): void {
    this.#watched.set(watched, { packets: watched.packets(), sinceMs: this.#clock.now() });
    this.#timer ??= this.#clock.after(this.#lookMs, () => this.#look());
  }

  delete(watched: Watched): void {
    this.#watched.delete(watched);
    if (this.#watched.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.now();
    for (const [watched, last] of this.#watched) {
      const packets = watched.packets();
      if (packets !== last.packets || nowMs < last.sinceMs) Object.assign(last, { packets, sinceMs: nowMs });
      else if (nowMs - last.sinceMs >= this.#idleMsMax) {
        this.#watched.delete(watched);
        watched.idle();
      }
    }
    if (this.#watched.size > 0) this.#timer ??= this.#clock.after(this.#lookMs, () => this.#look());
  }
}
