import type { Clock } from '../../base/index.ts';

/** A timer of the least time runs in the next turn, or in the one after it. */
const turnMs = 1;

/**
 * Lets so many in during one turn of the event loop, and the others in the next ones, in the order in which they came. What is cheap for one is
 * not cheap for a fleet: without a pace, thousands that come in one turn are served in that turn, and whoever wants to watch stands
 * behind them all, before anybody has looked at who they are.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #perTurnMax: number;
  readonly #waitingMax: number;
  #waiting: (() => void)[] = [];
  #inThisTurn = 0;

  constructor(clock: Clock, perTurnMax: number, waitingMax: number) {
    this.#clock = clock;
    this.#perTurnMax = perTurnMax;
    this.#waitingMax = waitingMax;
  }

  /** How many wait for a later turn. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves with true when there is a place; at once with false when too many wait. */
  async enter(): Promise<boolean> {
    if (this.#waiting.length >= this.#waitingMax) return false;
    if (this.#inThisTurn === 0) this.#clock.after(turnMs, () => this.#nextTurn());
    if (this.#inThisTurn < this.#perTurnMax) {
      this.#inThisTurn++;
      return true;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return true;
  }

  #nextTurn(): void {
    const next = this.#waiting.slice(0, this.#perTurnMax);
    this.#waiting = this.#waiting.slice(this.#perTurnMax);
    this.#inThisTurn = next.length;
    if (next.length > 0) this.#clock.after(turnMs, () => this.#nextTurn());
    for (const resolve of next) resolve();
  }
}
