import { describe, expect, it } from 'vitest';
import { contestants } from '../../../bench/storm/contestants.ts';
import { turnsOf } from '../../../bench/storm/rounds.ts';

const turns = (fleets: number[], quickMsMax: number | undefined, round = 0) =>
  turnsOf({ fleets, quickMsMax }, contestants, round).map(({ contestant, cameras }) => `${contestant.name} ${cameras}`);

describe('the turns of a round', () => {
  it('are everybody’s with every fleet, and begin with others each round', () => {
    expect(turns([1, 2], undefined)).toHaveLength(2 * contestants.length);
    expect(turns([1, 2], undefined)[0]).toBe('latchkey-uws 1');
    expect(turns([1, 2], undefined, 1)[0]).toBe('latchkey-uws-tokens 1');
    expect(new Set(turns([1, 2], undefined, 1))).toEqual(new Set(turns([1, 2], undefined)));
  });

  it('have what the aims compare side by side, in every round', () => {
    for (const round of [0, 1, 2, 3, 4]) {
      const all = turns([1, 2, 3], undefined, round);
      const first = all.indexOf('latchkey-uws 1');
      expect(all.slice(first, first + 4)).toEqual(['latchkey-uws 1', 'latchkey-uws 2', 'latchkey-uws 3', 'plain 3']);
    }
  });

  it('have first what the aims compare, where time may run out', () => {
    expect(turns([1, 2], 1_000)).toEqual([
      'latchkey-uws 2',
      'plain 2',
      'latchkey-uws 1',
      'latchkey-uws-tokens 2',
      'latchkey-ws 2',
      'floor 2',
    ]);
  });
});
