import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FlowTable } from '../../../src/relay/engine/flow-table.ts';
import { type Latch, SealedWire } from '../../../src/relay/engine/leg.ts';
import { SideMemory } from '../../../src/relay/engine/side-memory.ts';
import { type Path, pathOf, pathWords, remoteWords } from '../../../src/relay/wire/path.ts';

const seed = 0x5eed;

describe('the table of addresses', () => {
  test('says what a map says, whatever is put in and taken out, and in whatever order', () => {
    const pool = [...colliding(40, 63), ...colliding(20, 62, 4), ...scattered(200)];
    const step = fc.record({ kind: fc.constantFrom('set', 'set', 'delete'), which: fc.nat(pool.length - 1) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (steps) => {
        const [table, model] = [new FlowTable(seed), new Map<Path, Latch>()];
        for (const { kind, which } of steps) {
          const path = pool[which] ?? at(0);
          if (kind === 'set') put(table, model, path);
          else take(table, model, path);
          expect(table.find(path, 0)).toBe(model.get(path));
        }
        expectSame(table, model, pool);
      }),
      { numRuns: 200 },
    );
  });

  test('finds each of thousands while it grows, and while it shrinks again', () => {
    const pool = scattered(5_000);
    const [table, model] = [new FlowTable(seed), new Map<Path, Latch>()];
    for (const [index, path] of pool.entries()) {
      put(table, model, path);
      if (index % 500 === 0) expectSame(table, model, pool);
    }
    for (const [index, path] of pool.entries()) {
      take(table, model, path);
      if (index % 500 === 0) expectSame(table, model, pool);
    }
    expect(table.size).toBe(0);
  });

  test.each([0, 1, 2, 3, 4, 5])('keeps what lies behind a gap, across its end too, when the %ith leaves', (leaving) => {
    // They belong into the last slot but two and into the last: the chain goes round the end of the table.
    const pool = [...colliding(3, 61), ...colliding(3, 63, 4)];
    const [table, model] = [new FlowTable(seed), new Map<Path, Latch>()];
    for (const path of pool) put(table, model, path);
    take(table, model, pool[leaving] ?? at(0));
    expectSame(table, model, pool);
    put(table, model, pool[leaving] ?? at(0));
    expectSame(table, model, pool);
  });

  test('tells keys apart that have one hash', () => {
    const pool = colliding(30, 5);
    const [table, model] = [new FlowTable(seed), new Map<Path, Latch>()];
    for (const path of pool) put(table, model, path);
    for (const path of pool.filter((_, index) => index % 3 === 0)) take(table, model, path);
    expectSame(table, model, pool);
  });

  test('puts a latch in the place of the one before, and takes one out once', () => {
    const table = new FlowTable(seed);
    const [first, second] = [latchOf(at(1)), latchOf(at(1))];
    table.set(first, 0);
    table.set(second, 1);
    expect(table.find(at(1), 0)).toBe(second);
    expect(table.size).toBe(1);
    table.delete(at(1));
    table.delete(at(1));
    expect(table.find(at(1), 0)).toBeUndefined();
    expect(table.size).toBe(0);
  });

  test('looks at the words from where it is told, and at nothing of the local address', () => {
    const table = new FlowTable(seed);
    const path = pathOf('192.0.2.1', 5_000, { local: '192.0.2.200' });
    if (path === undefined) throw new Error('no path');
    const latch = latchOf(path);
    table.set(latch, 0);
    const words = new Uint32Array(3 * pathWords).fill(7);
    words.set(at(1), pathWords);
    expect(table.find(words, pathWords)).toBe(latch);
    expect(table.find(words, pathWords + 1)).toBeUndefined();
  });

  test.each([
    ['address', pathOf('192.0.2.2', 5_000)],
    ['port', pathOf('192.0.2.1', 5_001)],
    ['connection', pathOf('192.0.2.1', 5_000, { connection: 1 })],
    ['scope', pathOf('192.0.2.1', 5_000, { scope: 1 })],
  ])('takes another %s for another place', (_what, other) => {
    if (other === undefined) throw new Error('no path');
    const table = new FlowTable(seed);
    table.set(latchOf(at(1)), 0);
    expect(table.find(other, 0)).toBeUndefined();
    table.delete(other);
    expect(table.size).toBe(1);
  });

  test('the keys that fall together are others for another seed', () => {
    const pool = colliding(30, 5);
    expect(new Set(pool.map((path) => hashOf(path, seed))).size).toBe(1);
    expect(new Set(pool.map((path) => hashOf(path, seed + 1))).size).toBe(30);
  });
});

function put(table: FlowTable, model: Map<Path, Latch>, path: Path): void {
  const latch = latchOf(path);
  table.set(latch, latch.leg?.number ?? -1);
  model.set(path, latch);
}

function take(table: FlowTable, model: Map<Path, Latch>, path: Path): void {
  table.delete(path);
  model.delete(path);
}

function expectSame(table: FlowTable, model: Map<Path, Latch>, pool: readonly Path[]): void {
  expect(table.size).toBe(model.size);
  expect(pool.filter((path) => table.find(path, 0) !== model.get(path))).toEqual([]);
  expect(pool.filter((path) => table.sideOf(path, 0) !== (model.get(path)?.leg?.number ?? -1))).toEqual([]);
}

const sides = new SideMemory(1_000);
let wires = 0;

function latchOf(path: Path): Latch {
  const wire = new SealedWire(wires++ % 1_000, 0, 0, sides);
  return { path, leg: wires % 2 === 0 ? wire.viewer : wire.camera, heardAtMs: 0 };
}

function at(host: number, net = 2): Path {
  const path = pathOf(`192.0.${net}.${host}`, 5_000);
  if (path === undefined) throw new Error('no path');
  return path;
}

function scattered(count: number): Path[] {
  return Array.from({ length: count }, (_, n) => {
    const path = at(n % 200, 5);
    path[0] = (path[0] ?? 0) + n * 0x1_0000;
    return path;
  });
}

/** Different places with one hash, which belong into one slot of the smallest table. Who knows the seed can make them. */
function colliding(count: number, slot: number, net = 3): Path[] {
  const paths: Path[] = [];
  let first = 0;
  for (let n = 0; paths.length < count; n++) {
    const path = at(n % 200, net);
    path[0] = (path[0] ?? 0) + n * 0x1_0000;
    // The last word is mixed into what the others came to: it can make up for any difference between them.
    if (paths.length > 0) path[6] = (first ^ mixed(path, remoteWords - 1)) >>> 0;
    if ((hashOf(path, seed) & 63) !== slot) continue;
    if (paths.length === 0) first = mixed(path, remoteWords - 1) ^ (path[6] ?? 0);
    paths.push(path);
  }
  return paths;
}

function mixed(path: Path, words: number, from = seed): number {
  let hash = from | 0;
  for (let word = 0; word < words; word++) {
    hash = Math.imul(hash ^ (path[word] ?? 0), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

/** As the table has it: written again here, so that a change there has to be meant. */
function hashOf(path: Path, from: number): number {
  let hash = mixed(path, remoteWords, from);
  hash = Math.imul(hash ^ (hash >>> 13), 0x85ebca6b);
  return (hash ^ (hash >>> 16)) >>> 1;
}
