import { describe, expect, test } from 'vitest';
import { levelCells } from '../../../src/relay/engine/policer.ts';
import { SideMemory, streamCells } from '../../../src/relay/engine/side-memory.ts';
import { pathWords } from '../../../src/relay/wire/path.ts';
import { at } from '../support/engine-harness.ts';

const wires = 3;
const sides = Array.from({ length: 2 * wires }, (_, side) => side);

/** All that a side has, as the bytes where it lies. */
function bytesOf(memory: SideMemory, side: number): Set<number> {
  const range = (from: number, count: number) => Array.from({ length: count }, (_, n) => from + n);
  return new Set([
    ...range(4 * memory.targetAt(side), 4 * (pathWords + 1)),
    ...range(8 * memory.levelsAt(side), 8 * levelCells),
    ...range(8 * memory.streamsAt(side), 8 * Object.keys(streamCells).length),
  ]);
}

describe('the memory of sides', () => {
  test('has a place for everything of every side and of every session, and nothing in two', () => {
    const memory = new SideMemory(wires);
    const all = sides.flatMap((side) => [...bytesOf(memory, side)]);
    for (let wire = 0; wire < wires; wire++) {
      const from = 8 * memory.sessionLevelsAt(2 * wire);
      expect(memory.sessionLevelsAt(2 * wire + 1)).toBe(memory.sessionLevelsAt(2 * wire));
      all.push(...Array.from({ length: 8 * levelCells }, (_, n) => from + n));
    }
    expect(new Set(all).size).toBe(all.length);
    expect(Math.max(...all)).toBeLessThan(memory.numbers.byteLength);
  });

  test('has a side send to where it was aimed last, and no other side', () => {
    const memory = new SideMemory(wires);
    expect(sides.map((side) => memory.hasTarget(side))).toEqual(sides.map(() => false));
    memory.aim(2, at(1));
    memory.aim(2, at(2));
    expect(sides.map((side) => memory.hasTarget(side))).toEqual(sides.map((side) => side === 2));
    expect(memory.words.slice(memory.targetAt(2), memory.targetAt(2) + pathWords)).toEqual(at(2));
    memory.aim(2, undefined);
    expect(memory.words.every((word) => word === 0)).toBe(true);
  });

  test('keeps apart who has sent media, whatever it is aimed at', () => {
    const memory = new SideMemory(wires);
    memory.setHasMedia(3);
    memory.aim(3, at(1));
    memory.aim(3, undefined);
    expect(sides.filter((side) => memory.hasMedia(side))).toEqual([3]);
  });

  test('clears all of a wire, and nothing of another', () => {
    const memory = new SideMemory(wires);
    memory.numbers.fill(1);
    memory.clear(1);
    for (const side of sides) {
      const left = new Uint8Array(memory.numbers.buffer).filter(
        (byte, n) => byte !== 0 && bytesOf(memory, side).has(n),
      );
      expect(left.length > 0).toBe(side >> 1 !== 1);
    }
    expect(memory.numbers[memory.sessionLevelsAt(2)]).toBe(0);
    expect(memory.numbers[memory.sessionLevelsAt(4)]).toBe(1);
  });
});
