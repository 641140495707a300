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
    if (item.dueIndex < 0) {
      item.dueIndex = this.#heap.length;
      this.#heap.push(item);
    }
    this.#up(item);
    this.#down(item);
  }

  /** Takes an item out; nothing happens when it is not in. */
  delete(item: Item): void {
    const { dueIndex } = item;
    if (dueIndex < 0) return;
    item.dueIndex = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === item) return;
    this.#place(last, dueIndex);
    this.#up(last);
    this.#down(last);
  }

  #up(item: Item): void {
    while (item.dueIndex > 0) {
      const at = item.dueIndex;
      const parent = this.#heap[(at - 1) >> 1];
      if (parent === undefined || parent.dueAtMs <= item.dueAtMs) return;
      this.#place(item, parent.dueIndex);
      this.#place(parent, at);
    }
  }

  #down(item: Item): void {
    for (;;) {
      const at = item.dueIndex;
      const left = this.#heap[2 * at + 1];
      const right = this.#heap[2 * at + 2];
      const child = right !== undefined && left !== undefined && right.dueAtMs < left.dueAtMs ? right : left;
      if (child === undefined || child.dueAtMs >= item.dueAtMs) return;
      this.#place(item, child.dueIndex);
      this.#place(child, at);
    }
  }

  #place(item: Item, at: number): void {
    this.#heap[at] = item;
    item.dueIndex = at;
  }
}
