import { limits } from '../../../src/base/index.ts';
import {
  countersOf,
  type EngineCounters,
  type EngineSizes,
  newEngineCells,
  sizesOf,
} from '../../../src/relay/engine/counters.ts';
import type { DropReason } from '../../../src/relay/engine/drops.ts';
import { Engine, type EngineEvent, type EngineWire } from '../../../src/relay/engine/engine.ts';
import { Ledger } from '../../../src/relay/engine/ledger.ts';
import type { WireRates } from '../../../src/relay/engine/leg.ts';
import type { IceCredentials, Side, WireStats } from '../../../src/relay/index.ts';
import { copyOfPath, type Path, pathOf, placeKey } from '../../../src/relay/wire/path.ts';
import { stun, stunTypes } from './stun-messages.ts';

export interface Sent {
  readonly to: Path;
  readonly bytes: Buffer;
}

export const emptySizes: EngineSizes = {
  wires: 0,
  latches: 0,
  usernames: 0,
  deadlines: 0,
  transactions: 0,
  held: 0,
  streams: 0,
};

export const hourMs = 3_600_000;
const noBound = {
  bitsPerSecondMax: limits.policedBitsPerSecondMax,
  packetsPerSecondMax: limits.policedPacketsPerSecondMax,
};
export const boundless: WireRates = { side: noBound, session: noBound };
export const dtls = Buffer.from('16fefd0000', 'hex');

/** `192.0.2.<host>:<port>`, or whatever address is given whole. */
export function at(host: number | string, port = 5000): Path {
  const address = pathOf(typeof host === 'number' ? `192.0.2.${host}` : host, port);
  if (address === undefined) throw new Error(`no address: ${host} ${port}`);
  return address;
}

export function credentials(name: string): IceCredentials {
  return { ufrag: name.padEnd(4, '_'), password: `password-of-${name}`.padEnd(22, '.').replaceAll('.', '-') };
}

export function rtp(sequenceNumber: number, ssrc = 1, payload = 'picture'): Buffer {
  const header = Buffer.from('8060000000000000000000', 'hex');
  const bytes = Buffer.concat([header, Buffer.alloc(1), Buffer.from(payload)]);
  bytes.writeUInt16BE(sequenceNumber & 0xffff, 2);
  bytes.writeUInt32BE(ssrc, 8);
  return bytes;
}

/** An engine, a time that stands still until it is moved, and what came out of the last input. */
export class EngineHarness {
  readonly engine: Engine;
  readonly ledger: Ledger;
  nowMs = 1_000_000;
  sent: Sent[] = [];
  /** How often the last run had something to send. */
  transmits = 0;
  events: EngineEvent[] = [];
  /** Called with each event, while the input that it came from is under way. */
  onEvent: ((event: EngineEvent) => void) | undefined;
  /** Datagrams handed in so far. */
  inputs = 0;
  readonly #cells = newEngineCells();
  #transactions = 0;
  #wires = 0;

  constructor(own: readonly Path[] = [], { rates = boundless, wires = 256 } = {}) {
    const keys = new Set(own.map((path) => placeKey(path)));
    this.ledger = new Ledger(new ArrayBuffer(Ledger.memoryBytes(wires)));
    this.engine = new Engine({
      isOwn: (path, at) => keys.has(placeKey(path, at)),
      hashSeed: 1,
      rates,
      ledger: this.ledger,
      cells: this.#cells,
    });
    this.engine.advance(this.nowMs, this.#output());
  }

  get counters(): EngineCounters {
    return countersOf(this.#cells);
  }

  get sizes(): EngineSizes {
    return sizesOf(this.#cells);
  }

  open(viewer = credentials('view'), camera = credentials('camr'), forMs = hourMs, number?: number): TestWire {
    return new TestWire(this, this.openWire(viewer, camera, forMs, number), viewer, camera);
  }

  /** Opens the wire of a number, by default one that none had before. */
  openWire(viewer: IceCredentials, camera: IceCredentials, forMs = hourMs, number = this.#wires++): EngineWire {
    this.engine.advance(this.nowMs, this.#output());
    this.ledger.enliven(number);
    return this.engine.open(number, this.nowMs + forMs, viewer, camera);
  }

  restart(wire: EngineWire, viewer: IceCredentials, camera: IceCredentials): void {
    this.engine.advance(this.nowMs, this.#output());
    this.engine.restart(wire, viewer, camera);
  }

  end(wire: EngineWire): void {
    this.engine.end(wire, this.#output());
  }

  stats(wire: EngineWire): WireStats {
    return this.ledger.stats(wire.number);
  }

  /** Hands one datagram in. Returns why it was dropped, if it was. */
  receive(from: Path, bytes: Buffer): DropReason | undefined {
    this.sent = [];
    this.events = [];
    this.inputs++;
    this.engine.advance(this.nowMs, this.#output());
    const datagram = { path: from, pathAt: 0, bytes, start: 0, end: bytes.length };
    return this.engine.datagram(datagram, this.#output());
  }

  /** Hands datagrams of `step` bytes each in, as the kernel joins them. */
  receiveRun(from: Path, bytes: Buffer, step: number): void {
    this.sent = [];
    this.events = [];
    this.transmits = 0;
    this.engine.advance(this.nowMs, this.#output());
    this.engine.run({ path: from, pathAt: 0, bytes, start: 0, end: bytes.length }, step, this.#output());
  }

  /** Lets time pass to the end of `ms`, without any input on the way but the timeouts that the engine asks for. */
  wait(ms: number): void {
    this.sent = [];
    this.events = [];
    const endMs = this.nowMs + ms;
    while (this.engine.nextDeadline() <= endMs) {
      this.nowMs = Math.max(this.nowMs, this.engine.nextDeadline());
      this.engine.advance(this.nowMs, this.#output());
    }
    this.nowMs = endMs;
  }

  newTransaction(): Buffer {
    const bytes = Buffer.alloc(12);
    bytes.writeUInt32BE(++this.#transactions, 8);
    return bytes;
  }

  #output() {
    return {
      transmit: (words: Uint32Array, toAt: number, bytes: Buffer, start: number, end: number, step: number) => {
        this.transmits++;
        const to = copyOfPath(words, toAt);
        for (let at = start; at < end; at += step) {
          this.sent.push({ to, bytes: Buffer.from(bytes.subarray(at, Math.min(at + step, end))) });
        }
      },
      event: (event: EngineEvent) => {
        this.events.push(event);
        this.onEvent?.(event);
      },
    };
  }
}

export interface CheckOptions {
  readonly useCandidate?: boolean;
  readonly transaction?: Buffer;
  readonly password?: string;
}

/** A wire and both of its agents' credentials. */
export class TestWire {
  readonly handle: EngineWire;
  readonly #harness: EngineHarness;
  #viewer: IceCredentials;
  #camera: IceCredentials;

  constructor(harness: EngineHarness, handle: EngineWire, viewer: IceCredentials, camera: IceCredentials) {
    this.#harness = harness;
    this.handle = handle;
    this.#viewer = viewer;
    this.#camera = camera;
  }

  /** The check that `side` would send. */
  check(side: Side, options: CheckOptions = {}): Buffer {
    const [sender, receiver] = side === 'viewer' ? [this.#viewer, this.#camera] : [this.#camera, this.#viewer];
    return stun({
      transaction: options.transaction ?? this.#harness.newTransaction(),
      username: `${receiver.ufrag}:${sender.ufrag}`,
      useCandidate: options.useCandidate ?? false,
      password: options.password ?? receiver.password,
      fingerprint: true,
    });
  }

  /** The answer that `side` would give to `check`. */
  answer(side: Side, check: Buffer, options: { type?: number; password?: string | undefined } = {}): Buffer {
    const own = side === 'viewer' ? this.#viewer : this.#camera;
    const password = 'password' in options ? options.password : own.password;
    return stun({
      type: options.type ?? stunTypes.success,
      transaction: check.subarray(8, 20),
      ...(password === undefined ? {} : { password }),
      fingerprint: true,
    });
  }

  /** Hands a check of `side` in. Returns its bytes. */
  sendCheck(side: Side, from: Path, options: CheckOptions = {}): Buffer {
    const bytes = this.check(side, options);
    const dropped = this.#harness.receive(from, bytes);
    if (dropped !== undefined) throw new Error(`the check was dropped: ${dropped}`);
    return bytes;
  }

  /** Both sides latch, one address each. */
  latch(viewer: Path, camera: Path): this {
    this.sendCheck('viewer', viewer);
    this.sendCheck('camera', camera);
    return this;
  }

  restart(viewer: IceCredentials, camera: IceCredentials): TestWire {
    this.#harness.restart(this.handle, viewer, camera);
    return new TestWire(this.#harness, this.handle, viewer, camera);
  }
}
