import type { MessagePort } from 'node:worker_threads';
import { asLatchkeyError } from '../../base/index.ts';
import { Engine, type EngineEvent, type EngineOutput, type EngineWire } from '../engine/engine.ts';
import { Ledger } from '../engine/ledger.ts';
import type { NewMemory } from '../engine/new-memory.ts';
import { connectionWord, type Datagram, pathOf, placeKey } from '../wire/path.ts';
import type { Control, Report, StationSettings } from './messages.ts';
import { TcpLane } from './tcp-lane.ts';

/** Where a station's datagrams leave. */
export interface StationOutput {
  /** Sends datagrams of `step` bytes each, the last one of what is left, to the path whose words begin at `to[toAt]`. */
  send(to: Uint32Array, toAt: number, bytes: Buffer, start: number, end: number, step: number): void;
}

/**
 * One engine with its ports: whole sessions live here, and no packet of theirs goes anywhere else. It runs in a media worker's
 * thread or beside the door, and is told the same and tells the same in both. It knows wires by number; whose they are, only the
 * door knows.
 */
export class Station {
  readonly #engine: Engine;
  readonly #ledger: Ledger;
  readonly #report: (report: Report) => void;
  readonly #output: EngineOutput;
  readonly #wires = new Map<number, EngineWire>();
  /** Wires of which it was told that an address came to them. */
  readonly #movesTold = new Set<number>();
  #tcp: TcpLane | undefined;

  /** `port` is the station's own UDP port; `newMemory`: where the engine's tables lie. */
  constructor(
    settings: StationSettings,
    port: number,
    udp: StationOutput,
    report: (report: Report) => void,
    newMemory?: NewMemory,
  ) {
    const own = new Set(settings.own.flatMap((place) => keyOf(place.host, place.port || port)));
    this.#ledger = new Ledger(settings.ledger);
    this.#report = report;
    this.#engine = new Engine({
      isOwn: (path, at) => own.has(placeKey(path, at)),
      hashSeed: settings.hashSeed,
      rates: settings.rates,
      ledger: this.#ledger,
      cells: settings.engineCells,
      newMemory,
    });
    this.#output = {
      transmit: (to, toAt, bytes, start, end, step) => {
        const connection = to[toAt + connectionWord] ?? 0;
        if (connection === 0) udp.send(to, toAt, bytes, start, end, step);
        else
          for (let at = start; at < end; at += step) this.#tcp?.send(connection, bytes, at, Math.min(at + step, end));
      },
      event: (event) => this.#tell(event),
    };
  }

  /** The road to the TCP thread, in the place of any before it; what comes by it is handed to the lane. */
  joinTcp(port: MessagePort, onTheWay: SharedArrayBuffer): TcpLane {
    this.#tcp?.close();
    this.#tcp = new TcpLane(port, onTheWay, {
      receive: (datagram) => this.receive(datagram),
      disconnected: (path) => this.#engine.disconnect(path, this.#output),
    });
    return this.#tcp;
  }

  /** Sends what has gathered for TCP. */
  flush(): void {
    this.#tcp?.flush();
  }

  /** Tells the time, which holds until it is told again. Wires whose time is over end. */
  advance(nowMs: number): void {
    this.#engine.advance(nowMs, this.#output);
  }

  /** When `advance` is due, in milliseconds since the epoch; infinity when it is not. */
  nextDeadline(): number {
    return this.#engine.nextDeadline();
  }

  /** Has the engine read ahead for a batch that has come from those places. */
  foresee(words: Uint32Array, at: number, step: number, count: number): void {
    this.#engine.foresee(words, at, step, count);
  }

  /** The road of every datagram. */
  receive(datagram: Datagram): void {
    this.#engine.datagram(datagram, this.#output);
  }

  /** The same for datagrams of `step` bytes each that lie one behind the other, the last maybe shorter. */
  receiveRun(run: Datagram, step: number): void {
    this.#engine.run(run, step, this.#output);
  }

  /** Does what the door asks. What comes for a wire that has just ended comes too late, and is left. */
  control(message: Control): void {
    switch (message.kind) {
      case 'open':
        this.#answer(message.request, () => {
          const { wire, expiresAtMs, viewer, camera } = message;
          this.#wires.set(wire, this.#engine.open(wire, expiresAtMs, viewer, camera));
        });
        return;
      case 'restart':
        this.#answer(message.request, () => {
          const wire = this.#wires.get(message.wire);
          if (wire !== undefined) this.#engine.restart(wire, message.viewer, message.camera);
        });
        return;
      case 'extend': {
        const wire = this.#wires.get(message.wire);
        if (wire !== undefined) this.#engine.extend(wire, message.expiresAtMs);
        return;
      }
      case 'end': {
        const wire = this.#wires.get(message.wire);
        if (wire === undefined) return;
        this.#engine.end(wire, this.#output);
        this.#ended(message.wire, undefined);
        return;
      }
      case 'rates':
        this.#engine.useRates(message.rates);
        return;
      case 'tcp':
        // Whoever runs the station joins it.
        return;
      case 'close':
        for (const [number, wire] of this.#wires) {
          this.#engine.end(wire, this.#output);
          this.#ended(number, undefined);
        }
    }
  }

  #answer(request: number, act: () => void): void {
    try {
      act();
      this.#report({ kind: 'done', request });
    } catch (thrown) {
      const { code, detail } = asLatchkeyError(thrown);
      this.#report({ kind: 'refused', request, code, detail });
    }
  }

  #tell(event: EngineEvent): void {
    switch (event.kind) {
      case 'latched':
      case 'media':
        this.#report({ kind: event.kind, wire: event.wire.number, side: event.side });
        return;
      case 'moved':
        // Once for each wire: whoever has two of them could move an address with every datagram.
        if (this.#movesTold.has(event.to.number)) return;
        this.#movesTold.add(event.to.number);
        this.#report({ kind: 'moved', from: event.from.number, to: event.to.number });
        return;
      case 'connected':
        this.#tcp?.claim(event.path);
        return;
      case 'disconnected':
        this.#tcp?.release(event.path);
        return;
      case 'ended':
        this.#ended(event.wire.number, event.reason);
    }
  }

  #ended(wire: number, reason: Extract<Report, { kind: 'ended' }>['reason']): void {
    this.#wires.delete(wire);
    this.#movesTold.delete(wire);
    this.#report({ kind: 'ended', wire, reason });
  }
}

function keyOf(host: string, port: number): string[] {
  const path = pathOf(host, port);
  return path === undefined ? [] : [placeKey(path)];
}
