/** Something that has to be looked at again at a time. Its two fields belong to the `Deadlines` that holds it. */
export interface Due {
  dueAtMs: number;
  /** Its place in the heap; -1 outside. */
  dueIndex: number;
}

/** The earliest of many times: a binary heap whose members know their places, so that each can be moved or taken out. */
export class Deadlines<Item extends Due> {
  readonly #heap: Item[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** The item that is due first. */
  first(): Item | undefined {
    return this.#heap[0];
  }

  /** Puts an item in, or moves it. */
  set(item: Item, dueAtMs: number): void {
    item.dueAtMs = dueAtMs;
    if (item.dueIndex < 0) this.#place(item, this.#heap.length);
    this.#up(item);
    this.#down(item);
  }

  /** Takes an item out; nothing happens when it is not in. */
  delete(item: Item): void {
    const { dueIndex } = item;
    if (dueIndex < 0) return;
    item.dueIndex = -1;
    const last = this.#heap.pop() ?? item;
    if (last === item) return;
    this.#place(last, dueIndex);
    this.#up(last);
    this.#down(last);
  }

  #up(item: Item): void {
    for (;;) {
      const parent = this.#heap[(item.dueIndex - 1) >> 1];
      if (parent === undefined || parent.dueAtMs <= item.dueAtMs) return;
      this.#swap(item, parent);
    }
  }

  #down(item: Item): void {
    for (;;) {
      const left = 2 * item.dueIndex + 1;
      const child = this.#heap[this.#dueAtMs(left + 1) < this.#dueAtMs(left) ? left + 1 : left];
      if (child === undefined || child.dueAtMs >= item.dueAtMs) return;
      this.#swap(item, child);
    }
  }

  #dueAtMs(at: number): number {
    return this.#heap[at]?.dueAtMs ?? Number.POSITIVE_INFINITY;
  }

  #swap(item: Item, other: Item): void {
    const at = item.dueIndex;
    this.#place(item, other.dueIndex);
    this.#place(other, at);
  }

  #place(item: Item, at: number): void {
    this.#heap[at] = item;
    item.dueIndex = at;
  }
}
