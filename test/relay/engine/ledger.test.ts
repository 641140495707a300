import { describe, expect, test } from 'vitest';
import { column, Ledger } from '../../../src/relay/engine/ledger.ts';

const wires = 4;
const noSide = {
  packets: 0,
  bytes: 0,
  latches: 0,
  rtpPackets: 0,
  lost: 0,
  policed: 0,
  jitterMs: 0,
  longestSilenceMs: 0,
  firstMediaAtMs: 0,
  lastMediaAtMs: 0,
};
const nothing = { viewer: noSide, camera: noSide, firstMediaMs: undefined };

function twoLedgers(): [Ledger, Ledger] {
  const memory = new SharedArrayBuffer(Ledger.memoryBytes(wires));
  return [new Ledger(memory), new Ledger(memory)];
}

describe('a ledger', () => {
  test('has no wire alive at first', () => {
    const [ledger] = twoLedgers();
    for (let wire = 0; wire < wires; wire++) expect(ledger.isAlive(wire)).toBe(false);
  });

  test('lets a wire live and die, for all who share its memory, and no other wire', () => {
    const [door, engine] = twoLedgers();
    door.enliven(2);
    expect([0, 1, 2, 3].map((wire) => engine.isAlive(wire))).toEqual([false, false, true, false]);
    door.enliven(1);
    engine.kill(2);
    expect([0, 1, 2, 3].map((wire) => door.isAlive(wire))).toEqual([false, true, false, false]);
    engine.kill(2);
    expect(door.isAlive(2)).toBe(false);
  });

  test('keeps each figure of each side of each wire in a place of its own', () => {
    const [door, engine] = twoLedgers();
    const names = Object.keys(column) as (keyof typeof column)[];
    let value = 1;
    for (let wire = 0; wire < wires; wire++) {
      for (const side of [0, 1]) for (const name of names) engine.set(wire, side, column[name], value++);
      engine.setFirstMedia(wire, value++);
    }
    value = 1;
    const next = () => Object.fromEntries(names.map((name) => [name, value++]));
    for (let wire = 0; wire < wires; wire++) {
      expect(door.stats(wire)).toEqual({ viewer: next(), camera: next(), firstMediaMs: value++ });
    }
  });

  test('counts datagrams and what is added one by one', () => {
    const [door, engine] = twoLedgers();
    engine.count(1, 0, 100);
    engine.count(1, 1, 1_200);
    engine.count(1, 1, 1_000);
    engine.add(1, 1, column.rtpPackets);
    engine.add(1, 1, column.policed);
    engine.add(1, 1, column.policed);
    expect(door.stats(1)).toEqual({
      viewer: { ...noSide, packets: 1, bytes: 100 },
      camera: { ...noSide, packets: 2, bytes: 2_200, rtpPackets: 1, policed: 2 },
      firstMediaMs: undefined,
    });
    for (const wire of [0, 2, 3]) expect(door.stats(wire)).toEqual(nothing);
  });

  test('keeps the figures of a wire that has died, until its number lives again', () => {
    const [door, engine] = twoLedgers();
    for (const wire of [0, 1, 2]) {
      door.enliven(wire);
      engine.count(wire, 0, 10);
      engine.setFirstMedia(wire, 5);
    }
    const figures = { ...nothing, viewer: { ...noSide, packets: 1, bytes: 10 }, firstMediaMs: 5 };
    door.kill(1);
    expect(door.stats(1)).toEqual(figures);
    door.enliven(1);
    expect(door.stats(1)).toEqual(nothing);
    for (const wire of [0, 2]) expect(door.stats(wire)).toEqual(figures);
  });

  test('has room for as many wires as its memory has, and needs no more', () => {
    const memory = new ArrayBuffer(Ledger.memoryBytes(3));
    const ledger = new Ledger(memory);
    for (let wire = 0; wire < 3; wire++) ledger.enliven(wire);
    expect(() => ledger.enliven(3)).toThrow(RangeError);
  });
});
