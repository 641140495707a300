import { describe, expect, it } from 'vitest';
import { contestants } from '../../../bench/storm/contestants.ts';
import { steady } from '../../../bench/storm/results.ts';
import { camerasFor, stormsOf, turnsOf } from '../../../bench/storm/rounds.ts';
import settings from '../../../config/default.json' with { type: 'json' };

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

describe('the storms of a server', () => {
  const full = {
    fleets: [1_000, 4_000, 15_000],
    warmUps: 12,
    warmUpCameras: 1_000,
    costStorms: 5,
    asksPerSecond: 100,
    holdMs: 2_000,
  };

  it('let no camera register more often than a relay lets one at once', () => {
    for (const fleets of [full.fleets, [250, 750], [1], [1_000, 1_500]]) {
      const plan = { ...full, fleets };
      for (const cameras of fleets) {
        const times = new Map<number, number>();
        for (const { after, cameras: fleet } of stormsOf(plan, cameras))
          for (let camera = after; camera < after + fleet + steady; camera++)
            times.set(camera, (times.get(camera) ?? 0) + 2);
        expect(Math.max(...times.values())).toBeLessThanOrEqual(settings.admission.registrations.burst);
        expect(Math.max(...times.keys())).toBeLessThan(camerasFor(plan));
      }
    }
    expect(camerasFor(full)).toBe(2 * 15_050);
  });

  it('are weighed at first, and warmed up between that and what counts for the cost', () => {
    const storms = stormsOf(full, 4_000);
    const telling = storms.filter(({ tells }) => tells !== undefined);
    expect(telling.map(({ tells }) => tells)).toEqual(['memory', ...Array(5).fill('cost'), 'patience']);
    expect(telling.map(({ cameras }) => cameras)).toEqual(Array(7).fill(4_000));
    expect(storms.findIndex(({ weighs }) => weighs)).toBe(1);
    expect(storms.filter(({ weighs }) => weighs)).toHaveLength(1);
    expect(storms.map(({ asksPerSecond }) => asksPerSecond).slice(-7)).toEqual([100, 0, 0, 0, 0, 0, 100]);
    expect(stormsOf(full, 1).map(({ cameras }) => cameras)).toEqual(Array(19).fill(1));
  });
});
