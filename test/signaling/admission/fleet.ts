import { limits } from '../../../src/base/index.ts';
import type { Lane } from '../../../src/signaling/admission/lane.ts';
import { type Turn, Turns, type Visit } from '../../../src/signaling/admission/turns.ts';
import { seededRandom } from '../../support/seeded-random.ts';

export interface Client {
  readonly lane: Lane;
  /** When it comes first. */
  readonly atMs: number;
  /** Waits as long as it is told, or tries again when it likes. */
  readonly honours: boolean;
  /** Brings another token each time, so that nobody knows it again. */
  readonly disguised?: boolean;
}

export interface Outcome {
  /** When each client was served, from the beginning; undefined where it never was. */
  readonly servedMs: (number | undefined)[];
  readonly tries: number[];
  /** The longest that anybody was told to wait. */
  readonly longestToldMs: number;
  /** How many came in each second. */
  readonly arrivals: number[];
  readonly waitingMost: number;
}

interface Happening {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/**
 * A fleet that comes to the turns of a relay that serves `perSecond`, in events of a time that is simulated, until all are served or
 * `endMs` is over.
 */
export function simulate(
  clients: readonly Client[],
  { perSecond, seed, endMs, slots = 32 }: { perSecond: number; seed: number; endMs: number; slots?: number },
): Outcome {
  const random = seededRandom(seed);
  const turns = new Turns({ verificationsMax: slots, waitingMax: 8_192 }, random);
  const happenings = new Heap();
  const owners = new Map<Turn, number>();
  const servedMs: (number | undefined)[] = clients.map(() => undefined);
  const tries = clients.map(() => 0);
  const arrivals: number[] = [];
  let [longestToldMs, waitingMost, claims, rest] = [0, 0, clients.length, clients.length];
  let nowMs = 0;

  const visitOf = (index: number): Visit => ({
    lane: clients[index]?.lane ?? 'camera',
    claim: clients[index]?.disguised ? claims++ : index,
    known: false,
  });
  const told = (index: number, waitMs: number) => {
    longestToldMs = Math.max(longestToldMs, waitMs);
    const seconds = Math.max(1, Math.ceil(waitMs / 1000));
    const afterMs = clients[index]?.honours ? seconds * 1000 + random.fraction() * 500 : 50 + random.fraction() * 950;
    happenings.add(nowMs + Math.floor(afterMs), () => come(index));
  };
  const come = (index: number) => {
    const second = Math.floor(nowMs / 1000);
    arrivals[second] = (arrivals[second] ?? 0) + 1;
    tries[index] = (tries[index] ?? 0) + 1;
    const entered = turns.enter(visitOf(index), nowMs);
    if ('away' in entered) return told(index, entered.waitMs);
    owners.set(entered, index);
    begin();
  };
  const begin = () => {
    for (let turn = turns.next(nowMs); turn !== undefined; turn = turns.next(nowMs)) {
      const begun = turn;
      happenings.add(nowMs + Math.max(1, Math.round((slots * 1000) / perSecond)), () => served(begun));
    }
    waitingMost = Math.max(waitingMost, turns.waiting('camera') + turns.waiting('viewer'));
  };
  const served = (turn: Turn) => {
    servedMs[owners.get(turn) ?? 0] = nowMs;
    owners.delete(turn);
    rest -= 1;
    turns.end(turn, nowMs);
    begin();
  };
  const sendLateAway = () => {
    for (;;) {
      const late = turns.oldest.find(({ sinceMs }) => nowMs - sinceMs >= limits.admissionWaitMsMax);
      if (late === undefined) return;
      turns.end(late, nowMs);
      const index = owners.get(late) ?? 0;
      owners.delete(late);
      told(index, turns.away('late', late.visit, nowMs).waitMs);
    }
  };

  for (const [index, { atMs }] of clients.entries()) happenings.add(atMs, () => come(index));
  for (let next = happenings.take(); next !== undefined && rest > 0; next = happenings.take()) {
    nowMs = next.atMs;
    if (nowMs > endMs) break;
    sendLateAway();
    next.run();
  }
  return { servedMs, tries, longestToldMs, arrivals: Array.from(arrivals, (count) => count ?? 0), waitingMost };
}

/** Whatever comes first comes out first, and of two at one time the one that was put in first. */
class Heap {
  readonly #items: Happening[] = [];
  #order = 0;

  add(atMs: number, run: () => void): void {
    const items = this.#items;
    const item = { atMs, order: this.#order++, run };
    let at = items.push(item) - 1;
    for (let up = (at - 1) >> 1; at > 0 && before(item, items[up]); up = (at - 1) >> 1) {
      items[at] = items[up] ?? item;
      at = up;
    }
    items[at] = item;
  }

  take(): Happening | undefined {
    const items = this.#items;
    const [first] = items;
    const last = items.pop();
    if (last === undefined || items.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const child = before(items[left + 1], items[left]) ? left + 1 : left;
      const below = items[child];
      if (below === undefined || !before(below, last)) break;
      items[at] = below;
      at = child;
    }
    items[at] = last;
    return first;
  }
}

function before(a: Happening | undefined, b: Happening | undefined): boolean {
  if (a === undefined || b === undefined) return a !== undefined;
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
