/** How many there are of each key. A key of which there are none takes no room. */
export class Counts<Key> {
  readonly #counts = new Map<Key, number>();

  /** Keys of which there is one at least. */
  get size(): number {
    return this.#counts.size;
  }

  of(key: Key): number {
    return this.#counts.get(key) ?? 0;
  }

  add(key: Key): void {
    this.#counts.set(key, this.of(key) + 1);
  }

  take(key: Key): void {
    const left = this.of(key) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}
