import type { Clock } from './clock.ts';
import { limits } from './limits.ts';

/**
 * Looks at each of `items` and gives how many `look` has ended. After `limits.reviewedAtOnceMax` looks, or `limits.endedAtOnceMax` that
 * ended something, the event loop has its turn; what comes before is done when this returns. What joins the items meanwhile is
 * looked at too, and what leaves them is not.
 */
export async function inSlices<Item>(
  clock: Clock,
  items: Iterable<Item>,
  look: (item: Item) => boolean,
): Promise<number> {
  let ended = 0;
  let looked = 0;
  let endedAtOnce = 0;
  for (const item of items) {
    looked += 1;
    if (look(item)) endedAtOnce += 1;
    if (looked < limits.reviewedAtOnceMax && endedAtOnce < limits.endedAtOnceMax) continue;
    ended += endedAtOnce;
    looked = 0;
    endedAtOnce = 0;
    await new Promise<void>((resolve) => clock.after(0, resolve));
  }
  return ended + endedAtOnce;
}
