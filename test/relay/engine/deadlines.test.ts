import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Deadlines, type Due } from '../../../src/relay/engine/deadlines.ts';

type Step = { readonly item: number; readonly atMs: number | undefined };

test('the first is always the earliest, whatever is put in, moved and taken out', () => {
  const step = fc.record({ item: fc.nat(30), atMs: fc.option(fc.nat(50), { nil: undefined, freq: 4 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps: Step[]) => {
      const items = Array.from({ length: 31 }, (): Due => ({ dueAtMs: 0, dueIndex: -1 }));
      const deadlines = new Deadlines<Due>();
      const model = new Map<Due, number>();
      for (const { item: index, atMs } of steps) {
        const item = items[index];
        if (item === undefined) throw new Error('no such item');
        if (atMs === undefined) {
          deadlines.delete(item);
          model.delete(item);
        } else {
          deadlines.set(item, atMs);
          model.set(item, atMs);
        }
        expect(deadlines.size).toBe(model.size);
        expect(deadlines.first()?.dueAtMs).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
      }
      const drained: number[] = [];
      for (let first = deadlines.first(); first !== undefined; first = deadlines.first()) {
        drained.push(first.dueAtMs);
        deadlines.delete(first);
        expect(first.dueIndex).toBe(-1);
      }
      expect(drained).toEqual([...model.values()].sort((a, b) => a - b));
    }),
    { numRuns: 300 },
  );
});

test('an item that is set to the time that it has already keeps its place, and so does every other', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5), { minLength: 1, maxLength: 40 }), (times) => {
      const items = times.map((): Due => ({ dueAtMs: 0, dueIndex: -1 }));
      const deadlines = new Deadlines<Due>();
      for (const [n, item] of items.entries()) deadlines.set(item, times[n] ?? 0);
      const places = items.map(({ dueIndex }) => dueIndex);
      for (const item of items) {
        deadlines.set(item, item.dueAtMs);
        expect(items.map(({ dueIndex }) => dueIndex)).toEqual(places);
      }
    }),
    { numRuns: 300 },
  );
});
