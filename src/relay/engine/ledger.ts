import type { SideStats, WireStats } from '../index.ts';

/** The numbers of one side of a wire, in the order in which they lie. */
const columns = [
  'packets',
  'bytes',
  'latches',
  'rtpPackets',
  'lost',
  'policed',
  'jitterMs',
  'longestSilenceMs',
] as const satisfies readonly (keyof SideStats)[];

const sideCells = columns.length;
/** The place of a number among those of a side. */
export const column = Object.fromEntries(columns.map((name, index) => [name, index])) as Readonly<
  Record<(typeof columns)[number], number>
>;
const setupColumn = 2 * sideCells;
const wireCells = setupColumn + 1;

/**
 * What is known of each wire, by its number, in memory that two threads may share. The engine's thread writes the figures. The
 * other one writes whether a wire lives: from the instant of `kill` on, the engine passes on nothing more of it, before the
 * message that ends it has come.
 */
export class Ledger {
  readonly #alive: Int32Array;
  readonly #figures: Float64Array;

  /** `memory` is that of another ledger, or new memory, all zero; how many wires it has room for follows from its size. */
  constructor(memory: ArrayBufferLike) {
    const wires = Math.floor(memory.byteLength / Ledger.memoryBytes(1));
    this.#figures = new Float64Array(memory, 0, wires * wireCells);
    this.#alive = new Int32Array(memory, this.#figures.byteLength, wires);
  }

  /** Memory that nothing was written to costs nothing: the system gives each page when it is first used. */
  static memoryBytes(wires: number): number {
    return wires * (wireCells * Float64Array.BYTES_PER_ELEMENT + Int32Array.BYTES_PER_ELEMENT);
  }

  /** Clears the figures of a wire's number, and lets it live. */
  enliven(wire: number): void {
    this.#figures.fill(0, wire * wireCells, (wire + 1) * wireCells);
    Atomics.store(this.#alive, wire, 1);
  }

  kill(wire: number): void {
    Atomics.store(this.#alive, wire, 0);
  }

  isAlive(wire: number): boolean {
    return Atomics.load(this.#alive, wire) === 1;
  }

  /** Counts datagrams of a side: 0 for the viewer's, 1 for the camera's. */
  count(wire: number, side: number, bytes: number, packets = 1): void {
    const at = wire * wireCells + side * sideCells;
    this.#figures[at] = (this.#figures[at] ?? 0) + packets;
    this.#figures[at + 1] = (this.#figures[at + 1] ?? 0) + bytes;
  }

  add(wire: number, side: number, place: number): void {
    const at = wire * wireCells + side * sideCells + place;
    this.#figures[at] = (this.#figures[at] ?? 0) + 1;
  }

  set(wire: number, side: number, place: number, value: number): void {
    this.#figures[wire * wireCells + side * sideCells + place] = value;
  }

  setFirstMedia(wire: number, ms: number): void {
    this.#figures[wire * wireCells + setupColumn] = ms;
  }

  /** The figures of a wire, as they stand. */
  stats(wire: number): WireStats {
    const from = wire * wireCells;
    const side = (at: number) =>
      Object.fromEntries(columns.map((name, index) => [name, this.#figures[at + index] ?? 0])) as unknown as SideStats;
    const firstMediaMs = this.#figures[from + setupColumn] ?? 0;
    return {
      viewer: side(from),
      camera: side(from + sideCells),
      firstMediaMs: firstMediaMs === 0 ? undefined : firstMediaMs,
    };
  }
}
