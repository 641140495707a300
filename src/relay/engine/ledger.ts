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
  'firstMediaAtMs',
  'lastMediaAtMs',
] as const satisfies readonly (keyof SideStats)[];

const sideCells = columns.length;
/** The place of a number among those of a side. */
export const column = Object.fromEntries(columns.map((name, index) => [name, index])) as Readonly<
  Record<(typeof columns)[number], number>
>;
/**
 * The first place of a wire is a word that says whether it lives; then its time to first media, and its sides, the camera's first: it is
 * counted most, and so in the line that says whether the wire lives. A wire takes three lines of 64 bytes.
 */
const setupCell = 1;
const sidesCell = 2;
const wireCells = 24;
const cellBytes = Float64Array.BYTES_PER_ELEMENT;
const wireWords = wireCells * (cellBytes / Int32Array.BYTES_PER_ELEMENT);

/**
 * What is known of each wire, by its number, in memory that two threads may share. The engine's thread writes the figures. The
 * other one writes whether a wire lives: from the instant of `kill` on, the engine passes on nothing more of it, before the
 * message that ends it has come.
 */
export class Ledger {
  /** How many wires it has room for. */
  readonly wires: number;
  readonly #figures: Float64Array;
  /** The same memory as words. */
  readonly #words: Int32Array;

  /** `memory` is that of another ledger, or new memory, all zero; how many wires it has room for follows from its size. */
  constructor(memory: ArrayBufferLike) {
    this.wires = Math.floor(memory.byteLength / Ledger.memoryBytes(1));
    this.#figures = new Float64Array(memory, 0, this.wires * wireCells);
    this.#words = new Int32Array(memory, 0, this.wires * wireWords);
  }

  /** Memory that nothing was written to costs nothing: the system gives each page, small or large, when it is first used. */
  static memoryBytes(wires: number): number {
    return wires * wireCells * cellBytes;
  }

  /** Clears the figures of a wire's number, and lets it live. */
  enliven(wire: number): void {
    this.#figures.fill(0, wire * wireCells + setupCell, (wire + 1) * wireCells);
    Atomics.store(this.#words, wire * wireWords, 1);
  }

  kill(wire: number): void {
    Atomics.store(this.#words, wire * wireWords, 0);
  }

  isAlive(wire: number): boolean {
    return Atomics.load(this.#words, wire * wireWords) === 1;
  }

  /** Reads the line of a side that is written most, and returns some of them: see `DataRoad.foresee`. */
  ahead(wire: number, side: number): number {
    return this.#words[2 * cellOf(wire, side, 0)] ?? 0;
  }

  /** Counts datagrams of a side: 0 for the viewer's, 1 for the camera's. */
  count(wire: number, side: number, bytes: number, packets = 1): void {
    const at = cellOf(wire, side, 0);
    this.#figures[at] = (this.#figures[at] ?? 0) + packets;
    this.#figures[at + 1] = (this.#figures[at + 1] ?? 0) + bytes;
  }

  add(wire: number, side: number, place: number): void {
    const at = cellOf(wire, side, place);
    this.#figures[at] = (this.#figures[at] ?? 0) + 1;
  }

  set(wire: number, side: number, place: number, value: number): void {
    this.#figures[cellOf(wire, side, place)] = value;
  }

  setFirstMedia(wire: number, ms: number): void {
    this.#figures[wire * wireCells + setupCell] = ms;
  }

  /** How many RTP packets of a side have come: 0 for the viewer's, 1 for the camera's. */
  rtpPackets(wire: number, side: number): number {
    return this.#figures[cellOf(wire, side, column.rtpPackets)] ?? 0;
  }

  /** The figures of a wire, as they stand. */
  stats(wire: number): WireStats {
    const side = (index: number) =>
      Object.fromEntries(
        columns.map((name, place) => [name, this.#figures[cellOf(wire, index, place)] ?? 0]),
      ) as unknown as SideStats;
    const firstMediaMs = this.#figures[wire * wireCells + setupCell] ?? 0;
    return { viewer: side(0), camera: side(1), firstMediaMs: firstMediaMs === 0 ? undefined : firstMediaMs };
  }
}

function cellOf(wire: number, side: number, place: number): number {
  return wire * wireCells + sidesCell + (1 - side) * sideCells + place;
}
