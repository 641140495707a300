import type { MessagePort } from 'node:worker_threads';
import { connectionWord, type Datagram, type Path, pathOf } from '../wire/path.ts';
import { FrameBatch, OnTheWay } from './frame-batch.ts';
import type { Frames, TcpArrival, TcpDeparture } from './tcp-messages.ts';

/** The station that the lane is of. */
export interface LaneOwner {
  receive(datagram: Datagram): void;
  /** The connection is no more: no address of anybody's. */
  disconnected(path: Path): void;
}

/** A station's end of the road to the TCP thread. To the engine a connection is a path like any other. */
export class TcpLane {
  readonly #port: MessagePort;
  readonly #owner: LaneOwner;
  readonly #arriving: OnTheWay;
  readonly #leaving: OnTheWay;
  readonly #paths = new Map<number, Path>();
  readonly #batch = new FrameBatch();
  #closed = false;
  readonly #datagram: Datagram = { path: new Uint32Array(), pathAt: 0, bytes: Buffer.alloc(0), start: 0, end: 0 };

  constructor(port: MessagePort, onTheWay: SharedArrayBuffer, owner: LaneOwner) {
    this.#port = port;
    this.#owner = owner;
    this.#arriving = new OnTheWay(onTheWay, 0);
    this.#leaving = new OnTheWay(onTheWay, 1);
  }

  /** Sends a datagram to a connection with the next `flush`. What is too much to be on its way is lost, as by any network. */
  send(connection: number, bytes: Buffer, start: number, end: number): void {
    if (!this.#leaving.takes(bytes, start, end)) return;
    this.#batch.add(connection, bytes, start, end);
    if (this.#batch.isFull) this.flush();
  }

  /** Sends what has gathered. */
  flush(): void {
    if (!this.#batch.isEmpty) this.#tell(this.#batch.take());
  }

  /** The connection is a session’s from now on. */
  claim(path: Path): void {
    this.#tell({ kind: 'claim', connection: path[connectionWord] ?? 0 });
  }

  /** The connection is no session’s any more, and ends. The last word to it goes before. */
  release(path: Path): void {
    this.flush();
    this.#tell({ kind: 'release', connection: path[connectionWord] ?? 0 });
  }

  /**
   * The thread at the other end is gone, or another road leads to it: the connections are no more, as the next thread gives their
   * numbers to others.
   */
  close(): void {
    this.#closed = true;
    for (const path of this.#paths.values()) this.#owner.disconnected(path);
    this.#paths.clear();
  }

  /** Takes a message of the TCP thread. */
  take(arrival: TcpArrival): void {
    if (this.#closed) return;
    switch (arrival.kind) {
      case 'connected': {
        const { connection, remote, local } = arrival;
        const path = pathOf(remote.host, remote.port, { connection, local: local.host });
        if (path !== undefined) this.#paths.set(connection, path);
        return;
      }
      case 'closed': {
        const path = this.#paths.get(arrival.connection);
        this.#paths.delete(arrival.connection);
        if (path !== undefined) this.#owner.disconnected(path);
        return;
      }
      case 'frames':
        this.#receive(arrival);
    }
  }

  #receive(frames: Frames): void {
    const { bytes, ends, connections } = frames;
    this.#arriving.arrived(frames);
    const datagram = this.#datagram;
    datagram.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    datagram.end = 0;
    for (const [index, end] of ends.entries()) {
      const path = this.#paths.get(connections[index] ?? 0);
      datagram.start = datagram.end;
      datagram.end = end;
      if (path === undefined) continue;
      datagram.path = path;
      this.#owner.receive(datagram);
    }
  }

  #tell(departure: TcpDeparture): void {
    this.#port.postMessage(departure);
  }
}
