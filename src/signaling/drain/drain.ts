import { type Clock, limits, type RandomSource, type Timer } from '../../base/index.ts';
import type { Moving } from './moving.ts';
import { dueBy } from './pace.ts';

/** How long each part of a drain may take, in milliseconds. */
export interface DrainPlan {
  /** While whoever sends new work notices; everything goes on as ever. */
  readonly leadMs: number;
  /** Over how long connections are told to move, evenly. */
  readonly overMs: number;
  /** How long live views go on after that before their cameras are told, too. */
  readonly sessionsMsMax: number;
  /** Whoever is left after so long in all is told at once. */
  readonly totalMsMax: number;
}

/** `lead`: nothing has changed yet. `moving`: new work is refused, and connections move. `over`: nobody is left, or was told to go at once. */
export type DrainPhase = 'lead' | 'moving' | 'over';

/** How a drain came to its end: all had moved; its time was over; or somebody was in a hurry. */
export type DrainOutcome = 'moved' | 'late' | 'hastened';

export type MovedKind = 'camera' | 'viewer' | 'stranger';

/** A connection that can be told to move. */
export interface Movable {
  /** Live views of it. */
  readonly views: number;
  readonly kind: MovedKind;
  /** Tells it when to come back, and closes it. Live views of a camera go on for `limits.drainCameraAheadMs`. */
  move(): void;
}

export interface DrainParts {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly moving: Moving;
  readonly connections: ReadonlySet<Movable>;
  /** Live views of every kind. */
  sessions(): number;
  /** New work is refused from here on. */
  refuse(): void;
  /** Ends every live view now. */
  endAll(): void;
}

/** A drain under way. */
export interface Drain {
  readonly phase: DrainPhase;
  /** Resolves, never rejects, in `totalMsMax` at the latest. */
  readonly done: Promise<DrainOutcome>;
  /** Whoever is left is told to move at once. */
  hasten(): void;
}

/**
 * Moves everybody elsewhere. Those without live views go first, at an even pace and in random order; live views go on for a while, and then
 * move with their cameras, which go ahead of those who watch them. It takes no decision but whose turn it is.
 */
export class PacedDrain implements Drain {
  readonly #plan: DrainPlan;
  readonly #parts: DrainParts;
  readonly #startedMs: number;
  readonly #done = Promise.withResolvers<DrainOutcome>();
  #phase: DrainPhase = 'lead';
  #timer: Timer | undefined;
  #begunMs = 0;
  /** Those without live views in the order in which they move; who loses its last one later stands at the end. */
  #idle: Movable[] = [];
  #idleAtFirst = 0;
  #idleMoved = 0;
  #busy = new Set<Movable>();
  #cameras: Movable[] | undefined;
  #camerasMoved = 0;

  constructor(plan: DrainPlan, parts: DrainParts) {
    this.#plan = plan;
    this.#parts = parts;
    this.#startedMs = parts.clock.now();
    this.#timer = parts.clock.after(Math.min(plan.leadMs, plan.totalMsMax), () => this.#begin());
  }

  get phase(): DrainPhase {
    return this.#phase;
  }

  get done(): Promise<DrainOutcome> {
    return this.#done.promise;
  }

  hasten(): void {
    this.#endNow('hastened');
  }

  #begin(): void {
    this.#refuse();
    const all = shuffled([...this.#parts.connections], this.#parts.random);
    for (const connection of all) {
      if (connection.views === 0) this.#idle.push(connection);
      else this.#busy.add(connection);
    }
    this.#idleAtFirst = this.#idle.length;
    this.#tick();
  }

  #refuse(): void {
    const { moving, connections, clock, refuse } = this.#parts;
    this.#phase = 'moving';
    this.#begunMs = clock.now();
    moving.begin(connections.size, this.#plan.overMs);
    refuse();
  }

  #tick(): void {
    const { clock, connections, sessions } = this.#parts;
    const nowMs = clock.now();
    this.#moveIdle(nowMs - this.#begunMs);
    this.#moveCameras(nowMs - this.#begunMs - this.#plan.sessionsMsMax);
    const restMs = this.#startedMs + this.#plan.totalMsMax - nowMs;
    if (connections.size === 0 && sessions() === 0) this.#end('moved');
    else if (restMs <= 0) this.#endNow('late');
    else this.#timer = clock.after(Math.min(limits.drainTickMs, restMs), () => this.#tick());
  }

  #moveIdle(sinceMs: number): void {
    for (const connection of this.#busy) {
      if (connection.views > 0) continue;
      this.#busy.delete(connection);
      this.#idle.push(connection);
    }
    const { overMs } = this.#plan;
    const due = sinceMs < overMs ? dueBy(this.#idleAtFirst, sinceMs, overMs) : this.#idle.length;
    for (const connection of this.#idle.slice(this.#idleMoved, due)) this.#move(connection);
    this.#idleMoved = Math.max(this.#idleMoved, due);
  }

  /** A camera with live views takes them along; who watches is told by the end of the view. */
  #moveCameras(sinceMs: number): void {
    if (sinceMs < 0) return;
    this.#cameras ??= [...this.#busy].filter(({ kind }) => kind === 'camera');
    const due = dueBy(this.#cameras.length, sinceMs, this.#plan.overMs);
    for (const camera of this.#cameras.slice(this.#camerasMoved, due)) {
      this.#busy.delete(camera);
      this.#move(camera);
    }
    this.#camerasMoved = due;
  }

  #move(connection: Movable): void {
    if (this.#parts.connections.has(connection)) connection.move();
  }

  #endNow(outcome: DrainOutcome): void {
    if (this.#phase === 'over') return;
    this.#timer?.cancel();
    if (this.#phase === 'lead') this.#refuse();
    this.#parts.endAll();
    for (const connection of [...this.#parts.connections]) connection.move();
    this.#end(outcome);
  }

  #end(outcome: DrainOutcome): void {
    this.#phase = 'over';
    this.#done.resolve(outcome);
  }
}

/** In random order (Fisher and Yates). */
function shuffled<T>(all: T[], random: RandomSource): T[] {
  for (let last = all.length - 1; last > 0; last--) {
    const at = Math.floor(random.fraction() * (last + 1));
    const [one, other] = [all[last], all[at]];
    if (one === undefined || other === undefined) continue;
    all[last] = other;
    all[at] = one;
  }
  return all;
}
