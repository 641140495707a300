import { newEngineCells } from '../../../src/relay/engine/counters.ts';
import { Engine, type EngineOutput } from '../../../src/relay/engine/engine.ts';
import { Ledger } from '../../../src/relay/engine/ledger.ts';
import type { WireRates } from '../../../src/relay/engine/leg.ts';
import { type Datagram, type Path, pathWords } from '../../../src/relay/wire/path.ts';
import { boundless, hourMs } from './engine-harness.ts';
import { checkOf, iceOf } from './relay-bench.ts';

const packetsPerMs = 256;
const strideBytes = 1_280;
const packetsAtOnce = 64;
export const packetBytes = 1_200;

/** An engine with so many sessions, whose cameras send in turn from one block of memory, as a port would hand it on. */
export class EngineTraffic {
  readonly engine: Engine;
  readonly ledger: Ledger;
  readonly cells = newEngineCells();
  /** Datagrams that left. In a typed array: a number this large would be made anew each time in any other place. */
  readonly left = new Float64Array(1);
  readonly #paths: Uint32Array;
  readonly #bytes = Buffer.alloc(packetsAtOnce * strideBytes);
  readonly #datagram: Datagram;
  readonly #sessions: number;
  readonly #out: EngineOutput;
  #nowMs = 1_700_000_000_000;

  constructor(sessions: number, rates: WireRates = boundless) {
    this.#sessions = sessions;
    this.ledger = new Ledger(new SharedArrayBuffer(Ledger.memoryBytes(sessions)));
    const { ledger } = this;
    this.engine = new Engine({ isOwn: () => false, hashSeed: 1, rates, ledger, cells: this.cells });
    this.#out = {
      transmit: () => {
        this.left[0] = (this.left[0] ?? 0) + 1;
      },
      event() {},
    };
    this.engine.advance(this.#nowMs, this.#out);
    this.#paths = new Uint32Array(sessions * pathWords);
    this.#datagram = { path: this.#paths, pathAt: 0, bytes: this.#bytes, start: 0, end: 0 };
    for (let n = 0; n < sessions; n++) {
      ledger.enliven(n);
      this.engine.open(n, this.#nowMs + hourMs, ...iceOf(n + 1));
    }
  }

  /** Both sides of the session `n`, counted from 0, latch. */
  latch(n: number, viewer: Path, camera: Path): void {
    this.#paths.set(camera, n * pathWords);
    for (const [side, path] of [
      ['viewer', viewer],
      ['camera', camera],
    ] as const) {
      const bytes = checkOf(side, 1, n + 1);
      this.engine.datagram({ path, pathAt: 0, bytes, start: 0, end: bytes.length }, this.#out);
    }
  }

  /** The next packet of the next camera: RTP, or whatever begins with another byte. */
  packet(round: number, firstByte = 0x80): void {
    if (round % packetsPerMs === 0) this.engine.advance(++this.#nowMs, this.#out);
    const datagram = this.#datagram;
    const bytes = this.#bytes;
    const start = (round % packetsAtOnce) * strideBytes;
    const session = round % this.#sessions;
    bytes[start] = firstByte;
    bytes[start + 1] = 96;
    bytes.writeUInt16BE(Math.floor(round / this.#sessions) & 0xffff, start + 2);
    bytes.writeInt32BE(round * 10, start + 4);
    bytes.writeInt32BE(session, start + 8);
    datagram.pathAt = session * pathWords;
    datagram.start = start;
    datagram.end = start + packetBytes;
    this.engine.datagram(datagram, this.#out);
  }
}
