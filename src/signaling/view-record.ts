import { type EndReason, type ErrorCode, limits, type Timer } from '../base/index.ts';
import type { VerifiedCamera } from '../identity/index.ts';
import type { Ending, MediaFigures, Session, SideFigures } from '../pairing/index.ts';
import type { Side, SideStats, Wire, WireEvents, WireStats } from '../relay/index.ts';
import type { ViewKind } from './observer.ts';
import type { Core } from './parts.ts';

/** What of a live view goes on record: its beginning before anything is shown, and its end with the last figures of its wire. */
export class ViewRecord {
  readonly #core: Core;
  readonly #session: Session;
  readonly #startedMs: number;
  /** Resolves when its beginning is on record for good. Undefined where nothing is put on record. */
  readonly begun: Promise<void> | undefined;
  #camera: VerifiedCamera;
  #wire: Wire | undefined;
  #wireIs: 'none' | 'asked-for' | 'over' = 'none';
  #last: WireStats | undefined;
  #ending: Omit<Ending, 'figures'> | undefined;
  #late: Timer | undefined;

  constructor(core: Core, session: Session, camera: VerifiedCamera, flow: ViewKind) {
    this.#core = core;
    this.#session = session;
    this.#camera = camera;
    this.#startedMs = core.clock.now();
    this.begun = core.trail?.began({ session, camera, flow, figures: () => figuresOf(this.#wire?.stats()) });
    // It is waited for where something is about to be shown, and that may never be.
    this.begun?.catch(() => {});
  }

  /** What a wire tells from now on. */
  events(): WireEvents {
    const { observer, clock, trail } = this.#core;
    this.#wireIs = 'asked-for';
    return {
      latched: (side: Side) => observer.latched?.(side),
      media: (side: Side) => {
        observer.firstMedia?.(side, clock.now() - this.#startedMs);
        trail?.mediaBegan(this.#session, side, clock.now());
      },
      ended: (reason: EndReason) => this.#session.end(reason),
      finished: (stats) => this.#over(stats),
    };
  }

  opened(wire: Wire): void {
    this.#wire = wire;
  }

  /** There is no wire after all. */
  notOpened(): void {
    this.#over(undefined);
  }

  movedTo(camera: VerifiedCamera): void {
    if (camera === this.#camera) return;
    this.#camera = camera;
    this.#core.trail?.moved(this.#session, camera);
  }

  /** The live view has ended. What its wire has carried is known when that is over in its worker. */
  ended(reason: EndReason, cause: ErrorCode | undefined): void {
    if (this.#core.trail === undefined) return;
    this.#ending = { reason, cause, atMs: this.#core.clock.now() };
    if (this.#wireIs !== 'asked-for') this.#conclude();
    else this.#late = this.#core.clock.after(limits.workerAnswerMsMax, () => this.#over(this.#wire?.stats()));
  }

  #over(stats: WireStats | undefined): void {
    if (this.#wireIs === 'over') return;
    this.#wireIs = 'over';
    this.#last = stats;
    if (this.#ending !== undefined) this.#conclude();
  }

  #conclude(): void {
    this.#late?.cancel();
    const ending = this.#ending;
    if (ending === undefined) return;
    this.#core.trail?.ended(this.#session, { ...ending, figures: figuresOf(this.#last) });
  }
}

function figuresOf(stats: WireStats | undefined): MediaFigures | undefined {
  return stats && { viewer: ofSide(stats.viewer), camera: ofSide(stats.camera) };
}

function ofSide({ packets, bytes, rtpPackets, firstMediaAtMs, lastMediaAtMs }: SideStats): SideFigures {
  const time = (atMs: number) => (atMs === 0 ? undefined : atMs);
  return { packets, bytes, rtpPackets, firstMediaAtMs: time(firstMediaAtMs), lastMediaAtMs: time(lastMediaAtMs) };
}
