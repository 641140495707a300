import type { Dice } from './dice.ts';
import type { FaultClass } from './plan.ts';

/** The classes of faults that are on in a world, and chance for each, in streams of their own. Once it is calm nothing strikes any more. */
export class Faults {
  readonly #dice: ReadonlyMap<FaultClass, Dice>;
  readonly struck = new Map<FaultClass, number>();
  #calm = false;

  constructor(on: readonly FaultClass[], dice: Dice) {
    this.#dice = new Map(on.map((fault) => [fault, dice.named(`fault/${fault}`)]));
  }

  on(fault: FaultClass): boolean {
    return this.#dice.has(fault);
  }

  strikes(fault: FaultClass, probability: number): boolean {
    const dice = this.#dice.get(fault);
    if (dice === undefined || this.#calm || !dice.chance(probability)) return false;
    this.struck.set(fault, (this.struck.get(fault) ?? 0) + 1);
    return true;
  }

  calm(): void {
    this.#calm = true;
  }
}
