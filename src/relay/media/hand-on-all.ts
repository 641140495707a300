/** Hands on one item after the other, also when one of them fails; throws the first fault when all are done. */
export function handOnAll<Item>(items: Iterable<Item>, handOn: (item: Item) => void): void {
  const faults: unknown[] = [];
  for (const item of items) {
    try {
      handOn(item);
    } catch (thrown) {
      faults.push(thrown);
    }
  }
  if (faults.length > 0) throw faults[0];
}

/** The items of a queue as they are taken off, those too that come meanwhile. */
export function* takenOff<Item>(queue: Item[]): Generator<Item, void> {
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) yield item;
}
