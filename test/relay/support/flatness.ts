/** A number that is taken again and again over a run, and whether it has stayed where it was. */
export class Flatness {
  readonly #samples: number[] = [];

  add(sample: number): void {
    this.#samples.push(sample);
  }

  get last(): number {
    return this.#samples.at(-1) ?? 0;
  }

  /**
   * How much more the mean of the last three eighths is than that of the three before. The first quarter is for warming up.
   * NaN for fewer than eight samples.
   */
  get growth(): number {
    const eighth = Math.floor(this.#samples.length / 8);
    if (eighth === 0) return Number.NaN;
    const late = this.#samples.slice(-3 * eighth);
    const early = this.#samples.slice(-6 * eighth, -3 * eighth);
    return mean(late) - mean(early);
  }

  /** Whether it has grown by less than a share of itself, or by less than what is nothing. */
  isFlat(shareMax: number, nothing: number): boolean {
    return this.growth <= Math.max(nothing, shareMax * this.last);
  }
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
