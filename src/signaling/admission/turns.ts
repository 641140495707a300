import { limits, type RandomSource } from '../../base/index.ts';
import { type Lane, lanes } from './lane.ts';
import { Queue } from './queue.ts';
import { type Claim, Ramp } from './ramp.ts';
import { ServiceRate } from './service-rate.ts';

export interface TurnsSettings {
  /** How many are worked on at once, 1 to `limits.verificationsInFlightMax`. */
  readonly verificationsMax: number;
  /** How many wait in each lane, 1 to `limits.verificationsWaitingMax`. */
  readonly waitingMax: number;
}

export interface Visit {
  readonly lane: Lane;
  /** Undefined for what cannot be known again. */
  readonly claim: Claim | undefined;
  /** It is connected and has proved who it is: it waits, but is not sent away to come back. */
  readonly known: boolean;
}

/**
 * Why somebody was sent away. `early`: it came before the time that it was told. `told`: others were there before it. `full`: no place is
 * left. `late`: its turn did not come in time. `unfinished`: it came, and the work was not done in time. `lag`: the event loop is behind.
 */
export type AwayReason = 'early' | 'told' | 'full' | 'late' | 'unfinished' | 'lag';

export interface Away {
  readonly away: AwayReason;
  /** When to come back, in milliseconds from now. */
  readonly waitMs: number;
}

/** One that waits for its turn, or has it. */
export interface Turn {
  readonly visit: Visit;
  readonly sinceMs: number;
}

interface Line {
  readonly queue: Queue<Turn>;
  readonly rate: ServiceRate;
  readonly ramp: Ramp;
}

/**
 * Whose turn it is: a bounded number at once, viewers before cameras, and who finds no place is told when to come back. It has no clock and
 * does no work: `now` is handed in, and whoever asks `next` does what it says.
 */
export class Turns {
  #settings: TurnsSettings;
  readonly #lines: Readonly<Record<Lane, Line>>;
  readonly #running = new Set<Turn>();
  /** Those that wait for somebody else, and hold no slot meanwhile. */
  readonly #lagging = new Set<Turn>();
  #viewersInARow = 0;

  constructor(settings: TurnsSettings, random: RandomSource) {
    this.#settings = settings;
    const line = (): Line => ({
      queue: new Queue(settings.waitingMax),
      rate: new ServiceRate(),
      ramp: new Ramp(random),
    });
    this.#lines = { viewer: line(), camera: line() };
  }

  /** Goes on by other bounds. Who waits already stays, also where fewer may wait now. */
  useSettings(settings: TurnsSettings): void {
    this.#settings = settings;
    for (const { queue } of Object.values(this.#lines)) queue.useBound(settings.waitingMax);
  }

  get running(): number {
    return this.#running.size;
  }

  get lagging(): number {
    return this.#lagging.size;
  }

  waiting(lane: Lane): number {
    return this.#lines[lane].queue.size;
  }

  perSecond(lane: Lane, nowMs: number): number {
    return this.#lines[lane].rate.perSecond(nowMs);
  }

  /** How far ahead those who were sent away have been told to come back, in milliseconds. */
  leadMs(lane: Lane, nowMs: number): number {
    return this.#lines[lane].ramp.leadMs(nowMs);
  }

  /** Takes a place in its lane, or says when to come back. */
  enter(visit: Visit, nowMs: number): Turn | Away {
    const { queue, rate, ramp } = this.#lines[visit.lane];
    if (!visit.known) {
      const restMs = ramp.restMs(visit.claim, nowMs);
      if (restMs !== undefined && restMs > 0) return { away: 'early', waitMs: restMs };
      const shortMax = (rate.perSecond(nowMs) * limits.admissionComfortMs) / 1000;
      const behindOthers = ramp.leadMs(nowMs) > 0 || queue.size >= shortMax;
      if (restMs === undefined && behindOthers) return this.away('told', visit, nowMs);
    }
    const turn: Turn = { visit, sinceMs: nowMs };
    if (!queue.add(turn)) return this.away('full', visit, nowMs);
    ramp.kept(visit.claim);
    if (queue.size === 1) rate.waiting(true, nowMs);
    return turn;
  }

  /** Sends somebody away, with a time behind all those that wait or were told one before, or with the one that it has already. */
  away(reason: AwayReason, { lane, claim }: Visit, nowMs: number): Away {
    const { queue, rate, ramp } = this.#lines[lane];
    const restMs = ramp.restMs(claim, nowMs) ?? 0;
    if (restMs > 0) return { away: reason, waitMs: restMs };
    const perSecond = rate.perSecond(nowMs);
    return { away: reason, waitMs: ramp.book(claim, perSecond, (queue.size * 1000) / perSecond, nowMs) };
  }

  /** Whose work begins now: undefined while all slots are taken, or nobody waits. */
  next(nowMs: number): Turn | undefined {
    if (this.#running.size >= this.#settings.verificationsMax) return undefined;
    const lane = this.#nextLane();
    const turn = this.#lines[lane].queue.first;
    if (turn === undefined) return undefined;
    this.#viewersInARow = lane === 'viewer' && this.waiting('camera') > 0 ? this.#viewersInARow + 1 : 0;
    this.#left(turn, nowMs);
    this.#running.add(turn);
    return turn;
  }

  /** Its work is done, or it waits no more. */
  end(turn: Turn, nowMs: number): void {
    if (this.#running.delete(turn) || this.#lagging.delete(turn)) this.#lines[turn.visit.lane].rate.done(nowMs);
    else this.#left(turn, nowMs);
  }

  /** Its work waits for somebody else: another may have its slot. False: too many do already, and it keeps its own. */
  lag(turn: Turn): boolean {
    if (!this.mayLag || !this.#running.delete(turn)) return false;
    this.#lagging.add(turn);
    return true;
  }

  /** Whether there is room for another whose work waits for somebody else. */
  get mayLag(): boolean {
    return this.#lagging.size < limits.verificationsLaggingMax;
  }

  /** Who has waited for longest in each lane. */
  get oldest(): Turn[] {
    return lanes.flatMap((lane) => this.#lines[lane].queue.first ?? []);
  }

  /** Viewers first, and now and then a camera that waits, however many viewers there are. */
  #nextLane(): Lane {
    if (this.waiting('viewer') === 0) return 'camera';
    return this.waiting('camera') > 0 && this.#viewersInARow >= limits.viewersBeforeCameraMax ? 'camera' : 'viewer';
  }

  #left(turn: Turn, nowMs: number): void {
    const { queue, rate } = this.#lines[turn.visit.lane];
    if (queue.delete(turn) && queue.size === 0) rate.waiting(false, nowMs);
  }
}
