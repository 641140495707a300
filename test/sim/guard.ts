/** A text of the code, and what stands in its place when the guard that it is has been taken out. */
export interface Removal {
  readonly file: string;
  readonly text: string;
  readonly by: string;
}

/** A guard of the code that a world must miss. */
export interface Guard {
  readonly name: string;
  /** More than one where the others would hold: each class of faults is stopped by two walls. */
  readonly removed: readonly Removal[];
  /** A part that is broken in both worlds, the one with the guard and the one without; descriptions may go to the wrong camera then. */
  readonly broken?: readonly Removal[];
  /** A seed whose world goes wrong without it, and is right with it. */
  readonly seed: number;
  /** What is seen then. */
  readonly sees: RegExp;
}
