/** How long each step to the first frame took, in milliseconds, one after the other; together they are `totalMs`. */
export interface FirstFrameTiming {
  /** From asking for the view to the camera's answer. */
  readonly signalingMs: number;
  /** From there to the first working path. */
  readonly iceMs: number;
  /** From there to the keys of both sides. */
  readonly dtlsMs: number;
  /** From there to the first media packet. */
  readonly firstPacketMs: number;
  /** From there to the first frame on the screen. */
  readonly firstFrameMs: number;
  readonly totalMs: number;
}

const steps = ['signaling', 'ice', 'dtls', 'firstPacket', 'firstFrame'] as const;
export type Step = (typeof steps)[number];

/** Notes when each step was done, and leaves a performance mark `latchkey:<step>` for it. Only the first time counts. */
export class Stopwatch {
  readonly #startMs = performance.now();
  readonly #doneMs = new Map<Step, number>();

  done(step: Step): void {
    if (this.#doneMs.has(step)) return;
    this.#doneMs.set(step, performance.now());
    performance.mark(`latchkey:${step}`);
  }

  has(step: Step): boolean {
    return this.#doneMs.has(step);
  }

  /** The steps as durations. A step that nobody saw, or saw out of order, took no time of its own. */
  timing(): FirstFrameTiming {
    let atMs = this.#startMs;
    const took = steps.map((step) => {
      const fromMs = atMs;
      atMs = Math.max(atMs, this.#doneMs.get(step) ?? atMs);
      return atMs - fromMs;
    });
    const [signalingMs = 0, iceMs = 0, dtlsMs = 0, firstPacketMs = 0, firstFrameMs = 0] = took;
    return { signalingMs, iceMs, dtlsMs, firstPacketMs, firstFrameMs, totalMs: atMs - this.#startMs };
  }
}
