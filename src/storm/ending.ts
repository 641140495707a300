/** How a connection of the storm ended. */
export type Ending =
  | { readonly kind: 'http'; readonly status: number; readonly retryAfterSeconds: number | undefined }
  | { readonly kind: 'closed'; readonly code: number }
  /** No word of the relay's: what the system said of it, or what went wrong. */
  | { readonly kind: 'lost'; readonly why: string }
  /** By this side. */
  | { readonly kind: 'left' };

/** What a report calls it. */
export function endingText(ending: Ending): string {
  switch (ending.kind) {
    case 'http':
      return `HTTP ${ending.status}`;
    case 'closed':
      return `close ${ending.code}`;
    case 'lost':
      return ending.why;
    case 'left':
      return 'left';
  }
}

/** Counts by name. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** The most frequent first. */
  toJSON(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([, a], [, b]) => b - a));
  }
}
