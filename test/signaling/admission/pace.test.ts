import { describe, expect, it } from 'vitest';
import { Pace } from '../../../src/signaling/admission/pace.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** A pace, and who has been let in so far, by their numbers. */
function stage(perTurnMax: number, waitingMax: number) {
  const clock = new ManualClock();
  const pace = new Pace(clock, perTurnMax, waitingMax);
  const entered: number[] = [];
  const refused: number[] = [];
  return {
    pace,
    entered,
    refused,
    come(...numbers: number[]): Promise<void> {
      for (const n of numbers) void pace.enter().then((isIn) => (isIn ? entered : refused).push(n));
      return microtasks();
    },
    nextTurn(): Promise<void> {
      clock.advance(1);
      return microtasks();
    },
  };
}

/** All that follows from what has happened, without a turn of the event loop. */
async function microtasks(): Promise<void> {
  for (let n = 0; n < 10; n++) await undefined;
}

describe('a pace', () => {
  it('lets so many in at once, and the others turn by turn, in the order in which they came', async () => {
    const { pace, entered, come, nextTurn } = stage(2, 10);
    await come(1, 2, 3, 4, 5);
    expect(entered).toEqual([1, 2]);
    expect(pace.waiting).toBe(3);
    await nextTurn();
    expect(entered).toEqual([1, 2, 3, 4]);
    await come(6, 7);
    expect(entered).toEqual([1, 2, 3, 4]);
    await nextTurn();
    expect(entered).toEqual([1, 2, 3, 4, 5, 6]);
    await nextTurn();
    expect(entered).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('begins anew after a turn in which nobody waited', async () => {
    const { entered, come, nextTurn } = stage(2, 10);
    await come(1);
    await nextTurn();
    await come(2, 3, 4);
    expect(entered).toEqual([1, 2, 3]);
  });

  it('lets nobody past who came later in a turn that is full', async () => {
    const { entered, come, nextTurn } = stage(1, 10);
    await come(1, 2);
    await nextTurn();
    await come(3);
    expect(entered).toEqual([1, 2]);
    await nextTurn();
    expect(entered).toEqual([1, 2, 3]);
  });

  it('refuses at once who would wait behind as many as may wait', async () => {
    const { entered, refused, come, nextTurn } = stage(1, 2);
    await come(1, 2, 3, 4);
    expect(refused).toEqual([4]);
    await nextTurn();
    await come(5, 6);
    expect(refused).toEqual([4, 6]);
    for (let turn = 0; turn < 3; turn++) await nextTurn();
    expect(entered).toEqual([1, 2, 3, 5]);
  });
});
