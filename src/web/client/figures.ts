/** What the overlay shows of a view, from two looks at the statistics of its connection. */
export interface Figures {
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  readonly kilobitsPerSecond: number;
  readonly lost: number;
}

/** One look at the statistics: totals since the connection began. `atMs` is on any clock that does not jump. */
export interface Look {
  readonly atMs: number;
  readonly frames: number;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  readonly lost: number;
}

/** Adds up the incoming streams of a report of `getStats()`. */
export function lookAt(report: Iterable<Record<string, unknown>>, atMs: number): Look {
  const look = { atMs, frames: 0, bytes: 0, width: 0, height: 0, lost: 0 };
  for (const stats of report) {
    if (stats.type !== 'inbound-rtp') continue;
    look.bytes += amount(stats.bytesReceived);
    look.lost += amount(stats.packetsLost);
    if (stats.kind !== 'video') continue;
    look.frames += amount(stats.framesDecoded);
    look.width = Math.max(look.width, amount(stats.frameWidth));
    look.height = Math.max(look.height, amount(stats.frameHeight));
  }
  return look;
}

export function figuresBetween(before: Look, now: Look): Figures {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
  return {
    width: now.width,
    height: now.height,
    framesPerSecond: Math.max(0, now.frames - before.frames) / seconds,
    kilobitsPerSecond: (Math.max(0, now.bytes - before.bytes) * 8) / 1000 / seconds,
    lost: now.lost,
  };
}

/** Tells a picture that stands still from one that moves, by the number of frames decoded. */
export class FreezeWatch {
  readonly #limitMs: number;
  #frames = -1;
  #changedAtMs = 0;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Whether no frame came for longer than the limit. The first look starts the watch. */
  frozen(look: Look): boolean {
    if (look.frames !== this.#frames) {
      this.#frames = look.frames;
      this.#changedAtMs = look.atMs;
    }
    return look.atMs - this.#changedAtMs > this.#limitMs;
  }
}

function amount(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
